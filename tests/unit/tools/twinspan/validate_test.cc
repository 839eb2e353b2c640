// `twinspan validate`: its JSON, its exit codes, and what it says of files that are no estates.
#include "tools/twinspan/validate.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/unit/tools/twinspan/other_side.h"
#include "tools/twinspand/exit_code.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Answer {
  int code = -1;
  std::string out;
  std::string error;
};

class Validate : public EstateFolder {
 protected:
  static Answer run(const ValidateOptions& options) {
    std::ostringstream out, error;
    const int code = validate_files(options, out, error);
    return {code, out.str(), error.str()};
  }
  static json findings(const Answer& answer) {
    const json parsed = json::parse(answer.out);
    EXPECT_EQ(parsed["schema"], "twinspan.validate/1");
    return parsed["findings"];
  }
  static std::set<std::string> ids(const json& list) {
    std::set<std::string> found;
    for (const json& finding : list) found.insert(finding["id"].get<std::string>());
    return found;
  }
};

TEST_F(Validate, AGoodEstateHasNoFindingAndExitsZero) {
  write("a.psk", "k3y");
  const Answer answer = run({.file = write("e.yaml", half_of(1, 2)), .json = true});
  EXPECT_EQ(answer.code, kExitOk);
  EXPECT_EQ(findings(answer), json::array());
}

TEST_F(Validate, AKeyThatIsElsewhereIsANoteOnly) {
  const Answer answer = run({.file = write("e.yaml", half_of(1, 2)), .json = true});
  EXPECT_EQ(answer.code, kExitOk);
  ASSERT_EQ(findings(answer).size(), 1u);
  EXPECT_EQ(findings(answer)[0]["severity"], "info");
}

TEST_F(Validate, FindingsAboutKeyFilesStandInTheOrderOfTheFileToo) {
  const std::string weighted = with(half_of(1, 2), "a.psk }", "a.psk }, routing_weight: 5");
  const Answer answer = run({.file = write("e.yaml", weighted), .json = true});
  ASSERT_EQ(findings(answer).size(), 2u) << answer.out;
  EXPECT_EQ(findings(answer)[0]["id"], "connection.shared-key");
  EXPECT_EQ(findings(answer)[1]["id"], "connection.routing-weight");
}

TEST_F(Validate, AFindingHasEveryPromisedFieldAndAnErrorExitsOne) {
  const std::string file = write("e.yaml", half_of(1, 1));
  const Answer answer = run({.file = file, .json = true});
  EXPECT_EQ(answer.code, kExitNegative);
  bool is_there = false;
  for (const json& finding : findings(answer)) {
    if (finding["id"] != "connection.overlap") continue;
    is_there = true;
    EXPECT_EQ(finding["severity"], "error");
    EXPECT_EQ(finding["file"], file);
    EXPECT_EQ(finding["line"], 7);
    EXPECT_GT(finding["column"], 1);
    EXPECT_EQ(finding["objects"],
              (json{"local_network_gateways.far", "connections.to-far", "virtual_networks.net"}));
    EXPECT_FALSE(finding["message"].get<std::string>().empty());
    EXPECT_FALSE(finding["remedy"].get<std::string>().empty());
  }
  EXPECT_TRUE(is_there);
}

TEST_F(Validate, WhatIsNoRegularFileIsRefusedAndNotWaitedFor) {
  const std::string fifo = path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::string good = write("e.yaml", half_of(1, 2));
  for (const std::string& name : {fifo, std::string("/dev/zero"), path("")}) {
    const Answer answer = run({.file = name});
    EXPECT_EQ(answer.code, kExitConfig) << name;
    EXPECT_THAT(answer.error,
                testing::AnyOf(HasSubstr("is no regular file"), HasSubstr("is a directory")))
        << name;
    EXPECT_EQ(run({.file = good, .peer_file = name}).code, kExitConfig) << name;
  }
}

TEST_F(Validate, WhatIsNoFileOrTooLargeHasARemedyOfItsOwn) {
  std::filesystem::create_symlink(path("loop"), path("loop"));
  const std::string good = write("e.yaml", half_of(1, 2));
  const std::pair<std::string, std::string> rows[] = {
      {path(""), "is a directory, not a file; name a file in it"},
      {"/dev/zero",
       "is no regular file, but a FIFO, a socket or a device; write the text to a file"},
      {write("big.yaml", std::string(5u << 20, '#')), "is larger than 4 MiB; split it"},
      {path("none.yaml"), "No such file or directory; correct the path"},
      {good + "/e.yaml", "Not a directory; correct the path"},
      {path("loop"), "Too many levels of symbolic links; name the file itself"},
      {"", "is no name of a file; name one"},
      {write("empty.yaml", ""), "not nothing; `twinspan schema --reference` explains"},
      {write("list.yaml", "[1]"), "not a list; `twinspan schema --reference` explains"},
      {write("none-of-it.yaml", "{}"), "version is missing; add what is missing"},
  };
  for (const auto& [file, words] : rows) {
    EXPECT_THAT(run({.file = file}).error, HasSubstr(words));
    const Answer answer = run({.file = file, .json = true});
    EXPECT_EQ(answer.code, kExitConfig) << file;
    const json list = findings(answer);
    ASSERT_EQ(list.size(), 1u) << file;
    EXPECT_THAT(list[0]["message"].get<std::string>() + "; " + list[0]["remedy"].get<std::string>(),
                HasSubstr(words));
    EXPECT_FALSE(list[0]["objects"][0].get<std::string>().empty()) << file;
    EXPECT_FALSE(list[0]["file"].get<std::string>().empty()) << file;
    if (list[0]["line"] != 0 || file.empty()) continue;  // Of what is in it.
    EXPECT_EQ(run({.file = good, .peer_file = file, .json = true}).out, answer.out) << file;
  }
}

TEST_F(Validate, WhatCannotBeParsedExitsThree) {
  const std::string deep(100, '[');
  for (const std::string& text :
       {std::string("version: 1\nversion: 1\n"), std::string("\0x", 2), std::string("\xff\xfe"),
        "version: " + deep, std::string(), std::string(5u << 20, '#')}) {
    const std::string file = write("bad.yaml", text);
    const Answer answer = run({.file = file, .json = true});
    EXPECT_EQ(answer.code, kExitConfig);
    ASSERT_GE(findings(answer).size(), 1u);
    EXPECT_EQ(findings(answer)[0]["severity"], "error");
    EXPECT_EQ(findings(answer)[0]["file"], file);
  }
  EXPECT_EQ(run({.file = path("none.yaml")}).code, kExitConfig);
  EXPECT_THAT(run({.file = path("none.yaml")}).error, HasSubstr("No such file"));
  EXPECT_EQ(run({.file = path("")}).code, kExitConfig);  // The folder.
}

TEST_F(Validate, WhatCannotBeParsedHasAnObjectAndARemedyToo) {
  for (const std::string& name :
       {write("deep.yaml", "version: " + std::string(100, '[')), write("list.yaml", "[1]"),
        write("tag.yaml", "version: !!python/object:os.system 1"), path("none.yaml")}) {
    const json list = findings(run({.file = name, .json = true}));
    ASSERT_EQ(list.size(), 1u) << name;
    EXPECT_FALSE(list[0]["objects"].empty()) << name;
    EXPECT_FALSE(list[0]["remedy"].get<std::string>().empty()) << name;
  }
}

TEST_F(Validate, AChecklistOfNothingIsAnAnswerInJsonToo) {
  const Answer answer =
      run({.file = write("e.yaml", half_of(1, 2)), .connection = "no-such", .json = true});
  EXPECT_EQ(answer.code, kExitUsage);
  const json parsed = json::parse(answer.out);
  EXPECT_EQ(parsed["schema"], "twinspan.checklist/1");
  EXPECT_EQ(parsed["checklist"], json::array());
  EXPECT_THAT(parsed["error"].get<std::string>(), HasSubstr("no-such"));
}

TEST_F(Validate, CountsAreInWords) {
  write("a.psk", "k3y");
  EXPECT_THAT(run({.file = write("e.yaml", half_of(1, 2))}).out,
              HasSubstr("0 errors, 0 warnings, 0 notes"));
  std::filesystem::remove(path("a.psk"));
  EXPECT_THAT(run({.file = path("e.yaml")}).out, HasSubstr("0 errors, 0 warnings, 1 note\n"));
}

TEST_F(Validate, ThePeersFileThatCannotBeParsedExitsThreeToo) {
  const Answer answer = run(
      {.file = write("e.yaml", half_of(1, 2)), .peer_file = write("p.yaml", "x: ["), .json = true});
  EXPECT_EQ(answer.code, kExitConfig);
  EXPECT_EQ(findings(answer)[0]["file"], path("p.yaml"));
}

TEST_F(Validate, TwoHalvesThatFitPassAndTheKeysAreComparedUnseen) {
  write("one/a.psk", "this!is!one");
  write("two/a.psk", "this!is!one\n");
  const ValidateOptions options{.file = write("one/e.yaml", half_of(1, 2)),
                                .peer_file = write("two/e.yaml", half_of(2, 1)),
                                .json = true};
  EXPECT_EQ(run(options).out, run(options).out);
  EXPECT_EQ(findings(run(options)), json::array());
  write("two/a.psk", "this!is!two");
  const Answer differs = run(options);
  EXPECT_EQ(differs.code, kExitNegative);
  EXPECT_EQ(ids(findings(differs)), std::set<std::string>{"peer.shared-key"});
  EXPECT_THAT(differs.out, testing::Not(HasSubstr("this!is")));
}

// Two gateways of one estate; the second direction has a key file of its own.
std::string both_directions() {
  return "version: 1\nvirtual_networks:\n"
         "  a: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }\n"
         "  b: { address_space: [10.2.0.0/16], subnets: { GatewaySubnet: 10.2.255.0/27 } }\n"
         "virtual_network_gateways:\n"
         "  ga: { virtual_network: a, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }\n"
         "  gb: { virtual_network: b, ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }\n"
         "connections:\n"
         "  there: { connection_type: vnet-to-vnet, virtual_network_gateway1: ga,\n"
         "           virtual_network_gateway2: gb, shared_key: { file: a.psk } }\n"
         "  back: { connection_type: vnet-to-vnet, virtual_network_gateway1: gb,\n"
         "          virtual_network_gateway2: ga, shared_key: { file: b.psk } }\n";
}

TEST_F(Validate, AComparisonThatCouldNotBeMadeIsANote) {
  const ValidateOptions options{.file = write("one/e.yaml", half_of(1, 2)),
                                .peer_file = write("two/e.yaml", half_of(2, 1)),
                                .json = true};
  write("one/a.psk", "this!is!one");
  const Answer answer = run(options);
  EXPECT_EQ(answer.code, kExitOk);
  const json list = findings(answer);
  ASSERT_EQ(list.size(), 1u) << answer.out;
  EXPECT_EQ(list[0]["id"], "peer.shared-key");
  EXPECT_EQ(list[0]["severity"], "info");
  EXPECT_EQ(list[0]["file"], path("one/e.yaml"));
  EXPECT_EQ(list[0]["message"], "the pre-shared keys were not compared: there is no key file " +
                                    path("two/a.psk") + " here");
  EXPECT_THAT(list[0]["remedy"].get<std::string>(), HasSubstr("compare them where both are"));
  ValidateOptions steps = options;
  steps.connection = "to-far";
  EXPECT_THAT(run(steps).out, HasSubstr("not compared: there is no key file " + path("two/a.psk")));
  // In one estate the file that is missing says it.
  const Answer alone = run({.file = write("e.yaml", both_directions()), .json = true});
  EXPECT_EQ(ids(findings(alone)), std::set<std::string>{"connection.shared-key"});
}

TEST_F(Validate, TheKeyFilesThatThePeersEstateNamesAreJudged) {
  struct Row {
    std::string key, content;
    mode_t mode;
    std::string severity, id, words;
  };
  const Row rows[] = {
      {"open.psk", "this!is!one", 0644, "warning", "connection.shared-key", "chmod 600"},
      {"two.psk", "a\nb", 0600, "error", "connection.shared-key", "more than one line"},
      {"spaces.psk", "a b", 0600, "warning", "connection.shared-key", "the cloud does not take"},
      {"empty.psk", "", 0600, "error", "connection.shared-key", "the file is empty"},
      {"long.psk", std::string(200, 'k'), 0600, "error", "connection.shared-key", "longer than"},
      {"x/../a.psk", "this!is!one", 0600, "error", "connection.key-file", "reached over '..'"},
  };
  write("one/a.psk", "this!is!one");
  const std::string own = write("one/e.yaml", half_of(1, 2));
  for (const Row& row : rows) {
    write("two/" + row.key, row.content, row.mode);
    const std::string peer = write("two/e.yaml", half_of(2, 1, row.key));
    const Answer answer = run({.file = own, .peer_file = peer, .json = true});
    int found = 0;
    for (const json& finding : findings(answer)) {
      if (finding["file"] != peer) continue;
      ++found;
      EXPECT_EQ(finding["id"], row.id) << row.key;
      EXPECT_EQ(finding["severity"], row.severity) << row.key;
      EXPECT_EQ(finding["line"], 9) << row.key;
      EXPECT_EQ(finding["objects"], json{"connections.to-far"}) << row.key;
      EXPECT_THAT(finding["message"].get<std::string>(), HasSubstr(row.words));
    }
    EXPECT_EQ(found, 1) << row.key << answer.out;
  }
  std::filesystem::create_symlink(path("one/a.psk"), path("two/link.psk"));
  const Answer link =
      run({.file = own, .peer_file = write("two/e.yaml", half_of(2, 1, "link.psk")), .json = true});
  EXPECT_THAT(link.out, HasSubstr("is a symbolic link"));
  EXPECT_EQ(link.code, kExitNegative);
}

TEST_F(Validate, OfThePeersEstateOnlyWhatBelongsToOursIsJudged) {
  write("one/a.psk", "this!is!one");
  write("two/a.psk", "this!is!one");
  write("two/other.psk", "this!is!one", 0644);
  std::string text = half_of(2, 1);
  text.insert(text.find("connections:"),
              "  third: { gateway_ip_address: 198.51.100.7, address_prefixes: [10.7.0.0/16] }\n");
  text +=
      "  to-third: { connection_type: ipsec, virtual_network_gateway1: gw, "
      "local_network_gateway2: third, shared_key: { file: other.psk } }\n";
  const Answer answer = run({.file = write("one/e.yaml", half_of(1, 2)),
                             .peer_file = write("two/e.yaml", text),
                             .json = true});
  EXPECT_EQ(findings(answer), json::array());
}

TEST_F(Validate, TheKeysOfTwoDirectionsAreComparedByWhatIsInThem) {
  const ValidateOptions options{.file = write("e.yaml", both_directions()), .json = true};
  write("a.psk", "this!is!one");
  write("b.psk", "this!is!one\n");
  EXPECT_EQ(findings(run(options)), json::array());
  write("b.psk", "this!is!two");
  const Answer differs = run(options);
  EXPECT_EQ(differs.code, kExitNegative);
  ASSERT_EQ(findings(differs).size(), 1u);
  EXPECT_EQ(findings(differs)[0]["id"], "connection.shared-key");
  EXPECT_EQ(findings(differs)[0]["objects"], (json{"connections.back", "connections.there"}));
  EXPECT_THAT(differs.out, testing::Not(HasSubstr("this!is")));
  // What is not here cannot be compared.
  std::filesystem::remove(path("b.psk"));
  const Answer unknown = run(options);
  EXPECT_EQ(unknown.code, kExitOk);
  EXPECT_THAT(unknown.out, HasSubstr("the file of the pre-shared key differs from that of there"));
}

TEST_F(Validate, PostQuantumKeysAreComparedByWhatIsInThem) {
  write("a.psk", "this!is!one");
  const std::string key = "shared_key: { file: a.psk }";
  const auto with_ppk = [&](const std::string& text, const std::string& file) {
    return with(text, key, key + ", ppk: { id: quantum, file: " + file + " }");
  };
  const std::string long_enough(32, 'q');
  write("one/a.psk", "k");
  write("two/a.psk", "k");
  write("one/q.ppk", long_enough);
  write("two/q.ppk", long_enough + "\n");
  const ValidateOptions options{.file = write("one/e.yaml", with_ppk(half_of(1, 2), "q.ppk")),
                                .peer_file = write("two/e.yaml", with_ppk(half_of(2, 1), "q.ppk")),
                                .json = true};
  EXPECT_EQ(findings(run(options)), json::array());
  write("two/q.ppk", std::string(32, 'p'));
  const Answer differs = run(options);
  EXPECT_EQ(differs.code, kExitNegative);
  ASSERT_EQ(findings(differs).size(), 1u) << differs.out;
  EXPECT_EQ(findings(differs)[0]["id"], "peer.ppk");
  EXPECT_THAT(differs.out, testing::Not(HasSubstr("pppp")));
  // In one estate, too.
  std::string both = with_ppk(both_directions(), "one/q.ppk");
  both = with(both, "shared_key: { file: b.psk }",
              "shared_key: { file: a.psk }, ppk: { id: quantum, file: two/q.ppk }");
  const Answer inside = run({.file = write("e.yaml", both), .json = true});
  EXPECT_EQ(inside.code, kExitNegative);
  ASSERT_EQ(findings(inside).size(), 1u) << inside.out;
  EXPECT_EQ(findings(inside)[0]["id"], "connection.ppk");
  // Too short for what it is for.
  write("two/q.ppk", "short");
  write("one/q.ppk", "short");
  const Answer is_short = run({.file = path("e.yaml"), .json = true});
  EXPECT_EQ(is_short.code, kExitOk);
  EXPECT_THAT(is_short.out, HasSubstr("5 bytes are too few for a post-quantum key"));
}

TEST_F(Validate, AWrongPrefixIsFoundFromEitherSide) {
  const std::string one = write("one/e.yaml", half_of(1, 2));
  std::string text = half_of(2, 1);
  text.replace(text.find("[10.1.0.0/16]"), 13, "[10.7.0.0/16]");
  const std::string two = write("two/e.yaml", text);
  for (const auto& [file, peer] : {std::pair(one, two), std::pair(two, one)}) {
    const Answer answer = run({.file = file, .peer_file = peer, .json = true});
    EXPECT_EQ(answer.code, kExitNegative);
    for (const json& finding : findings(answer)) {
      if (finding["id"] == "peer.prefixes") {
        EXPECT_EQ(finding["file"], two);
      }
    }
    EXPECT_TRUE(ids(findings(answer)).contains("peer.prefixes"));
  }
}

// Of a route-based gateway; the selectors of a policy-based one are right or wrong.
TEST_F(Validate, APrefixThatIsWiderThanWhatIsThereIsCalledSo) {
  write("one/a.psk", "k");
  write("two/a.psk", "k");
  const std::string wide = with(half_of(2, 1), "[10.1.0.0/16]", "[10.0.0.0/15]");
  ValidateOptions options{.file = write("one/e.yaml", half_of(1, 2)),
                          .peer_file = write("two/e.yaml", wide)};
  EXPECT_THAT(
      run(options).out,
      HasSubstr("two/e.yaml:7:60: warning: local_network_gateways.far: address_prefixes has "
                "10.0.0.0/15, which is wider than 10.1.0.0/16 behind gw: packets for "
                "10.0.0.0/16 go into the tunnel and are lost at its end; list 10.1.0.0/16 "
                "instead"));
  options.connection = "to-far";
  EXPECT_THAT(run(options).out, HasSubstr("it has 10.0.0.0/15, which is wider than 10.1.0.0/16"));
  options.connection = "";
  write("two/e.yaml",
        with(wide, "{ virtual_network: net,", "{ vpn_type: policy-based, virtual_network: net,"));
  EXPECT_THAT(run(options).out, HasSubstr("has 10.0.0.0/15, which the other side does not"));
}

TEST_F(Validate, AChecklistIsNumberedAndExitsOneOnAFail) {
  write("one/a.psk", "k");
  write("two/a.psk", "k");
  ValidateOptions options{.file = write("one/e.yaml", half_of(1, 2)),
                          .peer_file = write("two/e.yaml", half_of(2, 1)),
                          .connection = "to-far",
                          .json = true};
  const Answer passes = run(options);
  EXPECT_EQ(passes.code, kExitOk);
  const json list = json::parse(passes.out);
  EXPECT_EQ(list["schema"], "twinspan.checklist/1");
  ASSERT_EQ(list["checklist"].size(), 6u);
  for (size_t index = 0; index < 6; ++index) {
    const json& item = list["checklist"][index];
    EXPECT_EQ(item["number"], index + 1);
    EXPECT_EQ(item["result"], "pass") << item.dump();
    EXPECT_TRUE(item.contains("object") && item.contains("field") && item.contains("message"));
  }
  write("two/a.psk", "other");
  const Answer fails = run(options);
  EXPECT_EQ(fails.code, kExitNegative);
  EXPECT_EQ(json::parse(fails.out)["checklist"][3]["result"], "fail");
  options.connection = "to-fra";
  EXPECT_EQ(run(options).code, kExitUsage);
  EXPECT_THAT(run(options).error, HasSubstr("known here: to-far"));
}

TEST_F(Validate, AWayBetweenTwoNetworksIsAChecklist) {
  ValidateOptions options{
      .file = write("e.yaml", half_of(1, 2)), .json = true, .from = "net", .to = "far"};
  const Answer passes = run(options);
  EXPECT_EQ(passes.code, kExitOk);
  const json list = json::parse(passes.out);
  EXPECT_EQ(list["schema"], "twinspan.checklist/1");
  ASSERT_EQ(list["checklist"].size(), 1u);
  EXPECT_EQ(list["checklist"][0]["object"], "connections.to-far");
  options.to = "fra";
  EXPECT_EQ(run(options).code, kExitUsage);
  EXPECT_THAT(run(options).error, HasSubstr("'fra'; known here: net, far"));
}

TEST_F(Validate, TheOtherFileTellsOfAWayWhatOursDoesNot) {
  ValidateOptions options{
      .file = write("one/e.yaml", half_of(1, 2)), .json = true, .from = "net", .to = "far"};
  const auto result = [&] {
    const Answer answer = run(options);
    EXPECT_EQ(answer.code, kExitOk);
    const json list = json::parse(answer.out)["checklist"];
    EXPECT_EQ(list.size(), 1u);
    return list[0]["result"].get<std::string>();
  };
  EXPECT_EQ(result(), "unknown");
  options.peer_file = write("two/e.yaml", half_of(2, 1));
  EXPECT_EQ(result(), "pass");
}

// Its gateway does not start with an error about what is joined to ours; others are not ours.
TEST_F(Validate, WhatIsWrongInTheOtherFileAboutItsConnectionWithOursIsSaid) {
  write("a.psk", "one\n");
  std::string theirs = half_of(2, 1);
  const auto found = [&] {
    return run({.file = write("e.yaml", half_of(1, 2)), .peer_file = write("f.yaml", theirs)});
  };
  EXPECT_EQ(found().code, kExitOk) << found().out;
  const std::string right = theirs;
  const std::string heading = "virtual_networks:\n";
  const size_t networks = theirs.find(heading) + heading.size();
  theirs.insert(networks,
                "  alone: { address_space: [10.3.0.0/16], subnets: { one: 10.4.0.0/24 } }\n");
  EXPECT_EQ(found().code, kExitOk) << found().out;
  theirs = right;
  theirs.insert(theirs.find("shared_key"), "remote_id: '@x', ");
  const Answer wrong = found();
  EXPECT_EQ(wrong.code, kExitNegative);
  EXPECT_THAT(wrong.out, HasSubstr("f.yaml:"));
  EXPECT_THAT(wrong.out, HasSubstr("[connection.identity]"));
}

TEST_F(Validate, AClosedWayExitsOne) {
  std::string text = both_directions();
  text.replace(text.find("  a: "), 0, "  alone: { address_space: [10.3.0.0/16] }\n");
  const Answer fails = run({.file = write("e.yaml", text), .from = "alone", .to = "a"});
  EXPECT_EQ(fails.code, kExitNegative);
  EXPECT_THAT(fails.out, HasSubstr(" 1. fail    virtual_networks.alone"));
}

TEST_F(Validate, PlainTextHasALineForEachFindingAndASum) {
  const Answer answer = run({.file = write("e.yaml", half_of(1, 1))});
  EXPECT_THAT(answer.out, HasSubstr("[connection.overlap]\n"));
  EXPECT_THAT(answer.out, HasSubstr(" errors, "));
  const Answer list = run({.file = path("e.yaml"), .connection = "to-far"});
  EXPECT_THAT(list.out, HasSubstr(" 1. fail    virtual_networks.net address_space: "));
}

TEST_F(Validate, AListSaysThatTheFileHasErrorsBesides) {
  const Answer wrong = run({.file = write("e.yaml", half_of(1, 1)), .connection = "to-far"});
  EXPECT_THAT(wrong.error, HasSubstr(" besides; `twinspan validate " + path("e.yaml") + "` names"));
  const Answer way = run({.file = path("e.yaml"), .from = "net", .to = "far"});
  EXPECT_THAT(way.error, HasSubstr(" besides; `twinspan validate "));
  const Answer right = run({.file = write("f.yaml", half_of(1, 2)), .connection = "to-far"});
  EXPECT_EQ(right.error, "");
}

TEST_F(Validate, TheSchemaIsJson) {
  std::ostringstream out;
  EXPECT_EQ(print_schema({}, out), kExitOk);
  const json schema = json::parse(out.str());
  EXPECT_EQ(schema["required"], json{"version"});
  EXPECT_EQ(schema["$defs"]["connection"]["properties"]["dpd_timeout_seconds"]["maximum"], 3600);
  EXPECT_EQ(schema["$defs"]["connection"]["additionalProperties"], false);
  std::ostringstream reference;
  print_schema({.reference = true}, reference);
  EXPECT_THAT(reference.str(), HasSubstr("### connection\n"));
}

}  // namespace
}  // namespace twinspan::tools
