// `twinspan validate FILE --peer OTHER` where the other administrator has strongSwan or Azure: what
// fits has no finding, and what does not is found with its line.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/tools/twinspan/other_side.h"
#include "tools/twinspan/validate.h"
#include "tools/twinspand/exit_code.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class OtherSide : public EstateFolder {
 protected:
  OtherSide() { write("a.psk", "this!is!one\n"); }

  // "error peer.prefixes OTHER:16 message" for each finding.
  std::vector<std::string> findings(const std::string& own, const std::string& other_file) {
    std::ostringstream out, error;
    code_ = validate_files({.file = write("own.yaml", own), .peer_file = other_file, .json = true},
                           out, error);
    std::vector<std::string> lines;
    const json parsed = json::parse(out.str());
    for (const json& finding : parsed["findings"]) {
      const std::string file = finding["file"];
      lines.push_back(finding["severity"].get<std::string>() + " " +
                      finding["id"].get<std::string>() + " " + file.substr(file.rfind('/') + 1) +
                      ":" + std::to_string(int(finding["line"])) + " " +
                      finding["message"].get<std::string>());
    }
    EXPECT_THAT(out.str() + error.str(), Not(HasSubstr("this!is")));
    return lines;
  }
  std::vector<std::string> with_conf(const std::string& from, const std::string& to) {
    return findings(half_with_pairs(), write("other.conf", with(kOtherConf, from, to)));
  }
  std::vector<std::string> with_azure(const std::string& from, const std::string& to) {
    return findings(half_of(1, 2), write("azure.json", with(kOtherAzure, from, to)));
  }

  int code_ = -1;
};

TEST_F(OtherSide, WhatFitsHasNoFinding) {
  EXPECT_THAT(findings(half_with_pairs(), write("other.conf", kOtherConf)), IsEmpty());
  EXPECT_EQ(code_, kExitOk);
  EXPECT_THAT(findings(half_of(1, 2), write("azure.json", kOtherAzure)), IsEmpty());
  EXPECT_EQ(code_, kExitOk);
}

TEST_F(OtherSide, AWrongPrefixOfOursIsFoundInTheirFile) {
  EXPECT_THAT(with_conf("remote_ts = 10.1.0.0/16", "remote_ts = 10.7.0.0/16"),
              Contains("error peer.prefixes other.conf:16 address_prefixes lacks 10.1.0.0/16, "
                       "which is behind gw"));
  EXPECT_EQ(code_, kExitNegative);
  EXPECT_THAT(with_azure("\"10.1.0.0/16\"", "\"10.7.0.0/16\""),
              Contains("error peer.prefixes azure.json:13 address_prefixes lacks 10.1.0.0/16, "
                       "which is behind gw"));
  EXPECT_EQ(code_, kExitNegative);
}

TEST_F(OtherSide, AWrongPrefixOfTheirsIsFoundInOurFile) {
  EXPECT_THAT(
      with_conf("local_ts = 10.2.0.0/16", "local_ts = 10.3.0.0/16"),
      Contains(
          "error peer.prefixes own.yaml:7 address_prefixes lacks 10.3.0.0/16, which is behind gw"));
  EXPECT_THAT(with_azure("\"10.2.0.0/16\"", "\"10.2.0.0/16\", \"10.3.0.0/16\""),
              Contains("error peer.prefixes own.yaml:7 address_prefixes lacks 10.3.0.0/16, which "
                       "is behind gw-theirs"));
}

TEST_F(OtherSide, AnEmptyListOfTheirsLacksOurPrefixes) {
  EXPECT_THAT(with_azure("[ \"10.1.0.0/16\" ]", "[]"),
              Contains("error peer.prefixes azure.json:13 address_prefixes lacks 10.1.0.0/16, "
                       "which is behind gw"));
}

// Our own half with two prefixes on either side, and a file with these children.
std::string half_with_four_pairs() {
  return with(with(half_with_pairs(), "[10.1.0.0/16]", "[10.1.0.0/17, 10.1.128.0/17]"),
              "[10.2.0.0/16]", "[10.2.0.0/17, 10.2.128.0/17]");
}
std::string conf_with(const std::string& children) {
  return with(kOtherConf,
              R"(      net {
        local_ts = 10.2.0.0/16
        remote_ts = 10.1.0.0/16
        esp_proposals = aes256gcm16-ecp384
        start_action = trap
      }
)",
              children);
}
std::string child(const std::string& local, const std::string& remote) {
  static int count = 0;
  return "      net-" + std::to_string(++count) + " {\n        local_ts = " + local +
         "\n        remote_ts = " + remote +
         "\n        esp_proposals = aes256gcm16-ecp384\n        start_action = trap\n      }\n";
}

TEST_F(OtherSide, EachPairNeedsAChild) {
  const std::string three = child("10.2.0.0/17", "10.1.0.0/17") +
                            child("10.2.128.0/17", "10.1.0.0/17") +
                            child("10.2.0.0/17", "10.1.128.0/17");
  const std::string own = half_with_four_pairs();
  const auto of = [&](const std::string& children) {
    return findings(own, write("other.conf", conf_with(children)));
  };
  EXPECT_THAT(of(three + child("10.2.128.0/17", "10.1.128.0/17")), IsEmpty());
  EXPECT_THAT(of(child("10.2.0.0/17, 10.2.128.0/17", "10.1.0.0/17, 10.1.128.0/17")), IsEmpty());
  for (const std::string& children : {three, three + child("10.2.128.0/17", "10.1.0.0/17")}) {
    EXPECT_THAT(of(children),
                ElementsAre(HasSubstr("error peer.selectors own.yaml:9 site has no pair "
                                      "10.1.128.0/17 === 10.2.128.0/17 (")));
    EXPECT_EQ(code_, kExitNegative);
  }
}

TEST_F(OtherSide, AWrongRangeIsFoundWhereItStands) {
  const std::string conf =
      conf_with(child("10.2.0.0/17", "10.1.0.0/17") + child("10.2.128.0/17", "10.1.0.0/17") +
                child("10.2.0.0/17", "10.7.0.0/17") + child("10.2.128.0/17", "10.1.128.0/17"));
  EXPECT_THAT(findings(half_with_four_pairs(), write("other.conf", conf)),
              Contains("error peer.prefixes other.conf:28 address_prefixes has 10.7.0.0/17, which "
                       "the other side does not"));
}

TEST_F(OtherSide, AWrongAddressIsFoundInTheirFile) {
  EXPECT_THAT(with_conf("remote_addrs = 192.0.2.1", "remote_addrs = 192.0.2.9"),
              Contains("error peer.address other.conf:5 gateway_ip_address is 192.0.2.9, but the "
                       "other side's gateway gw has 192.0.2.1"));
  EXPECT_THAT(
      with_azure("\"gatewayIpAddress\": \"192.0.2.1\"", "\"gatewayIpAddress\": \"192.0.2.9\""),
      Contains("error peer.address azure.json:12 gateway_ip_address is 192.0.2.9, but the "
               "other side's gateway gw has 192.0.2.1"));
}

TEST_F(OtherSide, AnyOfTheirAddressesIsOne) {
  EXPECT_THAT(with_conf("remote_addrs = 192.0.2.1", "remote_addrs = 192.0.2.7, 192.0.2.1"),
              IsEmpty());
  EXPECT_THAT(with_conf("local_addrs = 192.0.2.2", "local_addrs = 192.0.2.8, 192.0.2.2"),
              IsEmpty());
  EXPECT_THAT(with_conf("remote_addrs = 192.0.2.1", "remote_addrs = 192.0.2.7, 192.0.2.8"),
              Contains(HasSubstr("error peer.address other.conf:5 gateway_ip_address is 192.0.2.7, "
                                 "but the other side's gateway gw has 192.0.2.1")));
}

TEST_F(OtherSide, AWrongAddressOfTheirsIsFoundInOurFile) {
  std::string conf = with(kOtherConf, "local_addrs = 192.0.2.2", "local_addrs = 192.0.2.8");
  EXPECT_THAT(findings(half_with_pairs(), write("other.conf", conf)),
              Contains(HasSubstr("error peer.address own.yaml:7 gateway_ip_address is 192.0.2.2, "
                                 "but the other side's gateway gw has 192.0.2.8")));
  EXPECT_THAT(with_azure("\"ipAddress\": \"192.0.2.2\"", "\"ipAddress\": \"192.0.2.8\""),
              Contains(HasSubstr("error peer.address own.yaml:7 ")));
}

TEST_F(OtherSide, AProposalThatHasNothingInCommonWithOursIsFoundWithItsPlace) {
  EXPECT_THAT(with_conf(", aes256gcm16-prfsha384-ecp384", ", aes256-sha256-ecp256"),
              ElementsAre(HasSubstr("peer.ipsec-policy own.yaml:9 its IPsec policy has nothing in "
                                    "common with that of site (it differs in ike_encryption")));
  EXPECT_EQ(code_, kExitNegative);
  EXPECT_THAT(with_conf(", aes256gcm16-prfsha384-ecp384", ", aes256-sha256-ecp256").at(0),
              HasSubstr("other.conf:6)"));
  EXPECT_THAT(with_conf("esp_proposals = aes256gcm16-ecp384", "esp_proposals = aes256gcm16"),
              ElementsAre(HasSubstr("(it differs in pfs_group)")));
  EXPECT_THAT(with_azure("\"dhGroup\": \"ECP384\"", "\"dhGroup\": \"ECP256\""),
              ElementsAre(HasSubstr("(it differs in dh_group)")));
  EXPECT_THAT(with_azure("\"dhGroup\": \"ECP384\"", "\"dhGroup\": \"ECP256\"").at(0),
              HasSubstr("azure.json:18)"));
}

TEST_F(OtherSide, AnyOfTheirProposalsMayFit) {
  EXPECT_THAT(with_conf("aes128-sha256-modp2048, aes256gcm16-prfsha384-ecp384", "default"),
              IsEmpty());
  EXPECT_THAT(with_conf("aes128-sha256-modp2048, aes256gcm16-prfsha384-ecp384",
                        "3des-aes128gcm16-aes256gcm16-prfsha256-prfsha384-modp1024-ecp384"),
              ElementsAre(HasSubstr("info import.not-carried other.conf:6 '3des' is not spoken")));
}

TEST_F(OtherSide, KeysAreComparedWithThoseInTheFile) {
  EXPECT_THAT(with_conf("this!is!one", "this!is!not"),
              ElementsAre(HasSubstr("error peer.shared-key own.yaml:9 the pre-shared key is not")));
  EXPECT_THAT(with_azure("this!is!one", "this!is!not"),
              ElementsAre(HasSubstr("error peer.shared-key own.yaml:9 the pre-shared key is not")));
  // The estate that an import makes would name this very file.
  write("site.psk", "this!is!one");
  EXPECT_THAT(findings(with(half_with_pairs(), "a.psk", "site.psk"),
                       write("other.conf", with(kOtherConf, "this!is!one", "this!is!not"))),
              Contains(HasSubstr("error peer.shared-key")));
  // None in it: nothing can be said.
  EXPECT_THAT(with_azure("\"sharedKey\": \"this!is!one\",", ""),
              ElementsAre("info peer.shared-key own.yaml:9 the pre-shared keys were not compared: "
                          "that of s2s is not in " +
                          path("azure.json")));
}

TEST_F(OtherSide, IdentitiesAreComparedUnlessTheyTakeAny) {
  EXPECT_THAT(with_conf("id = 192.0.2.1\n", "id = gw-a.example.net\n"),
              Contains(HasSubstr("error peer.identity own.yaml:9 local_id is '192.0.2.1', but site "
                                 "expects 'gw-a.example.net' (")));
  EXPECT_THAT(with_conf("id = 192.0.2.1\n", "id = %any\n"), IsEmpty());
}

TEST_F(OtherSide, AnyToAnySaysNothingOfPrefixesAndIsToldApart) {
  std::string conf = with(kOtherConf, "local_ts = 10.2.0.0/16", "local_ts = 0.0.0.0/0");
  conf = with(conf, "remote_ts = 10.1.0.0/16", "remote_ts = 0.0.0.0/0");
  EXPECT_THAT(findings(half_of(1, 2), write("other.conf", conf)),
              ElementsAre("info import.incomplete other.conf:14 no remote_ts tells what is behind "
                          "remote_addrs: routes were made elsewhere"));
  EXPECT_EQ(code_, kExitOk);
  EXPECT_THAT(
      findings(half_with_pairs(), path("other.conf")),
      Contains(HasSubstr("warning peer.selectors own.yaml:9 it proposes pairs of prefixes")));
}

TEST_F(OtherSide, WhatIsLeftOutIsAWarningThere) {
  const auto lines = with_conf("version = 2", "version = 2\n    pools = p");
  EXPECT_THAT(lines,
              Contains(HasSubstr("warning import.left-out other.conf:4 address pools are of")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("error import"))));
}

// -- the other end speaks IKEv1 alone: nothing comes up, whatever else fits

TEST_F(OtherSide, APolicyBasedGatewayOfTheCloudIsAnErrorWithBothEndsAndALine) {
  std::ostringstream out, error;
  std::string azure = with(kOtherAzure, "\"RouteBased\"", "\"PolicyBased\"");
  azure = with(azure, "\"VpnGw1\"", "\"Basic\"");
  ValidateOptions options{.file = write("own.yaml", half_of(1, 2)),
                          .peer_file = write("azure.json", azure),
                          .json = true};
  EXPECT_EQ(validate_files(options, out, error), kExitNegative);
  json found;
  const json parsed = json::parse(out.str());
  for (const json& finding : parsed["findings"]) {
    if (finding["id"] == "peer.protocol") found = finding;
    EXPECT_NE(finding["id"], "import.not-carried") << finding.dump();
  }
  ASSERT_TRUE(found.is_object()) << out.str();
  EXPECT_EQ(found["severity"], "error");
  EXPECT_EQ(found["file"], options.peer_file);
  EXPECT_EQ(found["line"], 8);
  EXPECT_EQ(found["field"], "vpn_type");
  EXPECT_EQ(found["objects"], json({"virtual_network_gateways.gw-theirs", "connections.s2s",
                                    options.file + ":connections.to-far"}));
  EXPECT_THAT(std::string(found["remedy"]), HasSubstr("UsePolicyBasedTrafficSelectors"));
  options.connection = "to-far";
  std::ostringstream list;
  EXPECT_EQ(validate_files(options, list, error), kExitNegative);
  const json step = json::parse(list.str())["checklist"].back();
  EXPECT_EQ(step["result"], "fail") << step.dump();
  EXPECT_EQ(step["object"], options.peer_file + ":virtual_network_gateways.gw-theirs");
  EXPECT_EQ(step["field"], "vpn_type");
}

TEST_F(OtherSide, AConnectionOfIkeV1IsFoundAndSaysHowToMendIt) {
  const auto conf = with_conf("version = 2", "version = 1");
  EXPECT_EQ(code_, kExitNegative);
  EXPECT_THAT(conf, ElementsAre("error peer.protocol other.conf:3 it speaks IKEv1; Twinspan speaks "
                                "IKEv2 alone"));
  const auto azure =
      with_azure("\"sharedKey\"", "\"connectionProtocol\": \"IKEv1\",\n \"sharedKey\"");
  EXPECT_EQ(code_, kExitNegative);
  EXPECT_THAT(azure, ElementsAre("error peer.protocol azure.json:16 it speaks IKEv1; Twinspan "
                                 "speaks IKEv2 alone"));
}

TEST_F(OtherSide, AnEndOfBothVersionsIsFine) {
  EXPECT_THAT(with_conf("version = 2", "version = 0"), IsEmpty());
  EXPECT_THAT(with_conf("version = 2", "aggressive = yes"), IsEmpty());
}

TEST_F(OtherSide, TheChecklistWalksTheirFileToo) {
  std::ostringstream out, error;
  const ValidateOptions options{.file = write("own.yaml", half_with_pairs()),
                                .peer_file = write("other.conf", kOtherConf),
                                .connection = "to-far",
                                .json = true};
  EXPECT_EQ(validate_files(options, out, error), kExitOk);
  const json parsed = json::parse(out.str());
  for (const json& item : parsed["checklist"]) EXPECT_EQ(item["result"], "pass") << item.dump();
  write("other.conf", with(kOtherConf, "this!is!one", "this!is!not"));
  std::ostringstream again;
  EXPECT_EQ(validate_files(options, again, error), kExitNegative);
  EXPECT_EQ(json::parse(again.str())["checklist"][3]["result"], "fail");
}

TEST_F(OtherSide, AnAddressThatTheirFileDoesNotTellIsUnknownAndNoName) {
  write("other.conf", with(kOtherConf, "local_addrs = 192.0.2.2", "local_addrs = %any"));
  std::ostringstream out, error;
  validate_files({.file = write("own.yaml", half_with_pairs()),
                  .peer_file = path("other.conf"),
                  .connection = "to-far"},
                 out, error);
  EXPECT_THAT(out.str(),
              HasSubstr("it is 192.0.2.2; the other side's file does not tell the public "
                        "address of"));
}

TEST_F(OtherSide, AnyAddressOfOursIsUnknownAndItsRangesAreTold) {
  write("other.conf", with(kOtherConf, "remote_addrs = 192.0.2.1", "remote_addrs = %any"));
  std::ostringstream out, error;
  validate_files({.file = write("own.yaml", half_with_pairs()),
                  .peer_file = path("other.conf"),
                  .connection = "to-far",
                  .json = true},
                 out, error);
  const json list = json::parse(out.str())["checklist"];
  EXPECT_EQ(list[1]["result"], "pass") << list[1].dump();
  EXPECT_EQ(list[4]["result"], "unknown") << list[4].dump();
}

TEST_F(OtherSide, WhatCannotBeReadExitsThree) {
  EXPECT_THAT(with_conf("version = 2", "version = { "), Contains(HasSubstr("error file.form")));
  EXPECT_EQ(code_, kExitConfig);
  EXPECT_THAT(with_azure("\"type\"", "type"), Contains(HasSubstr("file.form azure.json:2")));
  EXPECT_EQ(code_, kExitConfig);
}

TEST_F(OtherSide, OurOwnFileIsAnEstate) {
  std::ostringstream out, error;
  EXPECT_EQ(validate_files({.file = write("other.conf", kOtherConf)}, out, error), kExitConfig);
}

}  // namespace
}  // namespace twinspan::tools
