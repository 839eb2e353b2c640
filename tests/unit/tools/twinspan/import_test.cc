// `twinspan import` and `twinspan export`: what goes where, exit codes, key files, and includes.
#include "tools/twinspan/import.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/tools/twinspan/other_side.h"
#include "tools/twinspan/validate.h"
#include "tools/twinspand/estate_file.h"
#include "tools/twinspand/exit_code.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;
using policy::PeerFileKind;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

namespace fs = std::filesystem;

struct Answer {
  int code = -1;
  std::string out;
  std::string error;
};

class ImportFile : public EstateFolder {
 protected:
  static Answer run(const ImportOptions& options) {
    std::ostringstream out, error;
    const int code = import_estate(options, out, error);
    return {code, out.str(), error.str()};
  }
  Answer swanctl(const std::string& text, const std::string& keys_to = "") {
    return run({.kind = PeerFileKind::Swanctl,
                .file = write("etc/swanctl.conf", text),
                .keys_to = keys_to});
  }
  Answer azure(const std::string& text) {
    return run({.kind = PeerFileKind::Azure, .file = write("a.json", text)});
  }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(ImportFile, TheEstateGoesToTheOutputAndTheRestToTheErrors) {
  const Answer answer = swanctl(kOtherConf);
  EXPECT_EQ(answer.code, kExitOk);
  EXPECT_THAT(answer.out, StartsWith("version: 1\n"));
  EXPECT_THAT(answer.error, HasSubstr("swanctl.conf:6:17: info: connections.site.proposals: of the "
                                      "alternatives"));
  EXPECT_THAT(answer.error, HasSubstr("site.psk: has to be made, with the key that stands in "));
  EXPECT_THAT(answer.out + answer.error, Not(HasSubstr("this!is")));
  EXPECT_EQ(std::distance(fs::directory_iterator(path("etc")), {}), 1);
}

TEST_F(ImportFile, WhatIsLeftOutOrMissingExitsOne) {
  EXPECT_EQ(swanctl(with(kOtherConf, "version = 2", "version = 1")).code, kExitNegative);
  EXPECT_EQ(azure(kOtherAzure).code, kExitOk);
  EXPECT_EQ(azure(with(kOtherAzure, "\"ipAddress\": \"192.0.2.2\"", "\"x\": 0")).code,
            kExitNegative);
}

TEST_F(ImportFile, WhatCannotBeReadExitsThreeAndPrintsNothing) {
  for (const std::string& text : {std::string("connections {"), std::string(), std::string("\xff"),
                                  std::string(5u << 20, '#')}) {
    const Answer answer = swanctl(text);
    EXPECT_EQ(answer.code, kExitConfig);
    EXPECT_THAT(answer.out, IsEmpty());
    EXPECT_THAT(answer.error, HasSubstr("swanctl.conf"));
  }
  EXPECT_EQ(azure(std::string(100000, '[')).code, kExitConfig);
  EXPECT_EQ(run({.file = path("none.json")}).code, kExitConfig);
  EXPECT_THAT(run({.file = path("none.json")}).error, HasSubstr("none.json: No such file"));
  EXPECT_THAT(run({.file = path("")}).error, HasSubstr("is a directory"));
}

TEST_F(ImportFile, AnEstateThatWouldBeTooLargeIsRefused) {
  std::string text =
      "{ \"variables\": { \"long\": \"" + std::string(4000, 'x') + "\" }, \"resources\": [";
  for (int i = 0; i < 1200; ++i) {
    text += (i == 0 ? "" : ",");
    text += R"({ "type": "Microsoft.Network/localNetworkGateways", "name": "n)" +
            std::to_string(i) + R"(", "fqdn": "[variables('long')]" })";
  }
  const Answer answer = azure(text + "] }");
  EXPECT_EQ(answer.code, kExitConfig);
  EXPECT_EQ(answer.out.size(), 0u);
  EXPECT_THAT(answer.error.substr(0, 100),
              StartsWith("the estate that it makes:1:1: the file has "));
}

TEST_F(ImportFile, KeysAreWrittenWhereTheyAreWantedAndThere) {
  fs::create_directory(path("new"));
  const Answer answer = swanctl(kOtherConf, path("new"));
  EXPECT_EQ(answer.code, kExitOk);
  EXPECT_EQ(content("new/site.psk"), "this!is!one\n");
  EXPECT_EQ(content("new/somebody-else.psk"), "this!is!two\n");
  struct stat status{};
  ASSERT_EQ(::stat(path("new/site.psk").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  EXPECT_THAT(answer.error, HasSubstr("site.psk: written\n"));
  EXPECT_THAT(answer.out + answer.error, Not(HasSubstr("this!is")));
}

// The keys of other gateways may be any bytes.
TEST_F(ImportFile, AKeyThatIsNoTextIsWrittenInBase64AndTheEstateSaysSo) {
  for (const std::string key : {"0x746869730021", "0sdGhpcwAh"}) {
    fs::remove_all(path("new"));
    fs::create_directory(path("new"));
    std::string conf = kOtherConf;
    conf.replace(conf.find("\"this!is!one\""), 13, key);
    const Answer answer = swanctl(conf, path("new"));
    EXPECT_EQ(answer.code, kExitOk) << answer.error;
    EXPECT_EQ(content("new/site.psk"), "dGhpcwAh\n");
    EXPECT_THAT(answer.out, HasSubstr("      file: site.psk\n      encoding: base64\n"));
    std::ostringstream out, error;
    const std::string file = write("new/estate.yaml", answer.out);
    EXPECT_EQ(validate_files({.file = file}, out, error), kExitOk) << out.str();
    // Our own file of the same bytes is the same key, and goes back as it came.
    write("a.psk", "746869730021");
    std::string own = half_with_pairs();
    own.replace(own.find("a.psk"), 5, "a.psk, encoding: hex");
    std::ostringstream pair;
    const ValidateOptions options{.file = write("own.yaml", own),
                                  .peer_file = write("other.conf", conf)};
    EXPECT_EQ(validate_files(options, pair, error), kExitOk) << pair.str();
    std::ostringstream exported;
    EXPECT_EQ(
        export_strongswan_conf({.file = path("own.yaml"), .connection = "to-far", .with_key = true},
                               exported, error),
        kExitOk);
    EXPECT_THAT(exported.str(), HasSubstr("secret = 0x746869730021\n"));
  }
}

TEST_F(ImportFile, NoFileIsOverwrittenAndNoKeyIsHalfWritten) {
  fs::create_directory(path("new"));
  write("new/somebody-else.psk", "mine");
  Answer answer = swanctl(kOtherConf, path("new"));
  EXPECT_EQ(answer.code, kExitNegative);
  EXPECT_THAT(answer.out, IsEmpty());
  EXPECT_THAT(answer.error, HasSubstr("somebody-else.psk: File exists; no key was written"));
  EXPECT_EQ(content("new/somebody-else.psk"), "mine");
  EXPECT_FALSE(fs::exists(path("new/site.psk")));
  // A link that waits there leads nowhere either.
  fs::remove(path("new/somebody-else.psk"));
  fs::create_symlink(path("elsewhere"), path("new/somebody-else.psk"));
  EXPECT_EQ(swanctl(kOtherConf, path("new")).code, kExitNegative);
  EXPECT_FALSE(fs::exists(path("elsewhere")));
  EXPECT_EQ(swanctl(kOtherConf, path("none")).code, kExitNegative);
}

TEST_F(ImportFile, WhatIsImportedWithItsKeysValidates) {
  for (const auto& [kind, text] : {std::pair(PeerFileKind::Swanctl, kOtherConf),
                                   std::pair(PeerFileKind::Azure, kOtherAzure)}) {
    fs::remove_all(path("new"));
    fs::create_directory(path("new"));
    const Answer answer = run({.kind = kind, .file = write("f", text), .keys_to = path("new")});
    std::ostringstream out, error;
    EXPECT_EQ(validate_files({.file = write("new/estate.yaml", answer.out)}, out, error), kExitOk)
        << out.str();
    // And it is the other side of ours, as the foreign file was.
    write("a.psk", "this!is!one");
    const bool has_pairs = kind == PeerFileKind::Swanctl;
    const std::string own = write("own.yaml", has_pairs ? half_with_pairs() : half_of(1, 2));
    std::ostringstream pair;
    EXPECT_EQ(validate_files({.file = own, .peer_file = path("new/estate.yaml")}, pair, error),
              has_pairs ? kExitNegative : kExitOk);
    // Alternatives of a proposal are what an estate cannot have.
    if (has_pairs) {
      EXPECT_THAT(pair.str(), HasSubstr("1 error, "));
      EXPECT_THAT(pair.str(), HasSubstr("[peer.ipsec-policy]"));
    }
  }
}

TEST_F(ImportFile, JsonHasEstateFindingsAndKeysWithoutTheirBytes) {
  const Answer answer =
      run({.kind = PeerFileKind::Swanctl, .file = write("s.conf", kOtherConf), .json = true});
  const json parsed = json::parse(answer.out);
  EXPECT_EQ(parsed["schema"], "twinspan.import/1");
  EXPECT_THAT(parsed["estate"].get<std::string>(), StartsWith("version: 1\n"));
  EXPECT_EQ(parsed["findings"][0]["file"], path("s.conf"));
  EXPECT_EQ(parsed["keys"], (json{{{"file", "site.psk"}, {"written", false}},
                                  {{"file", "somebody-else.psk"}, {"written", false}}}));
  EXPECT_THAT(answer.error, IsEmpty());
  EXPECT_THAT(answer.out, Not(HasSubstr("this!is")));
}

TEST_F(ImportFile, IncludesAreFollowedInsideTheFilesFolder) {
  write("etc/conf.d/site.conf", kOtherConf);
  write("etc/conf.d/.hidden.conf", "this is no settings file");
  write("etc/conf.d/note.txt", "nor is this");
  for (const std::string& pattern :
       {std::string("conf.d/*.conf"), std::string("conf.d/site.conf"), path("etc/conf.d/s*.conf"),
        std::string("conf.d/../conf.d/site.conf"), std::string("\"conf.d/sit[e].conf\"")}) {
    SCOPED_TRACE(pattern);
    const Answer answer = swanctl("include " + pattern + "\n");
    EXPECT_EQ(answer.code, kExitOk) << answer.error;
    EXPECT_THAT(answer.error, HasSubstr("conf.d/site.conf:6:17: info: "));
  }
}

TEST_F(ImportFile, IncludesThatLeadElsewhereAreRefused) {
  write("secret.conf", "connections { }\n");
  write("etc/conf.d/site.conf", kOtherConf);
  fs::create_symlink(path("secret.conf"), path("etc/conf.d/link.conf"));
  fs::create_symlink(path(""), path("etc/outside"));
  fs::create_symlink(path("etc"), path("etc/self"));
  ASSERT_EQ(::mkfifo(path("etc/pipe").c_str(), 0600), 0);
  const std::pair<std::string, const char*> cases[] = {
      {path("secret.conf"), "is not inside "},
      {"../secret.conf", "is not inside "},
      {"conf.d/../../secret.conf", "is not inside "},
      {"/etc/passwd", "is not inside "},
      {"/*", "is not inside "},
      {"outside/secret.conf", "is not inside "},
      {"outside/*", "is not inside "},
      {"conf.d/*.conf", "link.conf is not inside "},
      {"conf.d/link.conf", "link.conf is not inside "},
      {"*/site.conf", "wildcards are for the last part of a name"},
      {"self/*/self/*/self/*", "wildcards are for the last part of a name"},
      {"conf.d", "is no regular file"},
      {"pipe", "is no regular file"},
  };
  for (const auto& [pattern, why] : cases) {
    SCOPED_TRACE(pattern);
    const Answer answer = swanctl("include " + pattern + "\n");
    EXPECT_EQ(answer.code, kExitConfig);
    EXPECT_THAT(answer.error, HasSubstr("swanctl.conf:1:9: '" + pattern + "' is not included: "));
    EXPECT_THAT(answer.error, HasSubstr(why));
    EXPECT_THAT(answer.out, IsEmpty());
  }
}

TEST_F(ImportFile, IncludesAreBounded) {
  write("etc/large.conf", std::string(3u << 20, '#') + "\n");
  write("etc/larger.conf", std::string(3u << 20, '#') + "\n");
  EXPECT_THAT(swanctl("include large*.conf\n").error, HasSubstr("more than 4 MiB in all"));
  for (size_t i = 0; i <= policy::kSettingsFilesMax; ++i)
    write("etc/many/" + std::to_string(i) + ".conf", "\n");
  EXPECT_THAT(swanctl("include many/*\n").error, HasSubstr("more than 64 files"));
  write("etc/itself.conf", "include itself.conf\n");
  EXPECT_THAT(swanctl("include itself.conf\n").error, HasSubstr("deeper than 8 levels"));
}

class ExportConf : public EstateFolder {
 protected:
  static Answer run(const ExportOptions& options) {
    std::ostringstream out, error;
    const int code = export_strongswan_conf(options, out, error);
    return {code, out.str(), error.str()};
  }
};

// Of what the two say of each other.
void expect_clean(const std::string& file, const std::string& peer_file) {
  std::ostringstream out, error;
  validate_files({.file = file, .peer_file = peer_file, .json = true}, out, error);
  const json parsed = json::parse(out.str());
  for (const json& finding : parsed["findings"]) {
    const bool is_about_both = finding["id"].get<std::string>().starts_with("peer.");
    EXPECT_FALSE(is_about_both && finding["severity"] != "info") << finding.dump(2);
  }
}

TEST_F(ExportConf, TheKeyIsWrittenOnlyWhenItIsAskedFor) {
  write("a.psk", "this!is!one\n");
  const std::string file = write("e.yaml", half_of(1, 2));
  const Answer without = run({.file = file, .connection = "to-far"});
  EXPECT_EQ(without.code, kExitOk);
  EXPECT_THAT(without.out, Not(HasSubstr("this!is")));
  const Answer answer = run({.file = file, .connection = "to-far", .with_key = true});
  EXPECT_THAT(answer.out, HasSubstr("secret = \"this!is!one\"\n"));
  EXPECT_THAT(answer.error, IsEmpty());
}

TEST_F(ExportConf, WhatIsExportedFitsOurSide) {
  write("a.psk", "this!is!one\n");
  const std::string file = write("e.yaml", half_with_pairs());
  const Answer answer = run({.file = file, .connection = "to-far", .with_key = true});
  std::ostringstream out, error;
  const ValidateOptions options{
      .file = file, .peer_file = write("s.conf", answer.out), .json = true};
  EXPECT_EQ(validate_files(options, out, error), kExitOk);
  EXPECT_EQ(json::parse(out.str())["findings"], json::array());
}

// A peer without an address among them: its end is known by the identities that stand in its file.
TEST_F(ExportConf, EveryConnectionOfTheExamplesComparesCleanWithItsOwnExport) {
  size_t connections = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TWINSPAN_EXAMPLES)) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string name = entry.path().filename();
    std::ifstream example(entry.path());
    const std::string file = write(name, std::string(std::istreambuf_iterator<char>(example), {}));
    const auto model = read_model(file);
    ASSERT_TRUE(model.has_value()) << name;
    for (const auto& [connection, object] : model->connections) {
      if (object.shared_key_file.is_set)
        write(*object.shared_key_file, "key!of!" + *object.shared_key_file);
    }
    for (const auto& [connection, object] : model->connections) {
      for (const bool with_key : {true, false}) {
        SCOPED_TRACE(name + ": " + connection + (with_key ? " with its key" : ""));
        const Answer answer = run({.file = file, .connection = connection, .with_key = with_key});
        ASSERT_EQ(answer.code, kExitOk) << answer.error;
        expect_clean(file, write("export.conf", answer.out));
      }
      ++connections;
    }
  }
  EXPECT_GT(connections, 10u);
}

TEST_F(ExportConf, WhatCannotBeExportedSaysWhy) {
  const std::string file = write("e.yaml", half_of(1, 2));
  const Answer unknown = run({.file = file, .connection = "to-fra"});
  EXPECT_EQ(unknown.code, kExitUsage);
  EXPECT_THAT(unknown.error, HasSubstr("no connection 'to-fra'; known here: to-far"));
  EXPECT_EQ(run({.file = file, .connection = "to-far", .instance = 1}).code, kExitConfig);
  EXPECT_EQ(run({.file = file, .connection = "to-far", .with_key = true}).code, kExitConfig);
  write("a.psk", "this!is!one\n", 0644);
  const Answer open = run({.file = file, .connection = "to-far", .with_key = true});
  EXPECT_EQ(open.code, kExitConfig);
  EXPECT_THAT(open.error, HasSubstr("chmod 600"));
  EXPECT_THAT(open.out, IsEmpty());
  const std::string bad = write("bad.yaml", half_of(1, 1));
  EXPECT_EQ(run({.file = bad, .connection = "to-far"}).code, kExitConfig);
  EXPECT_EQ(run({.file = path("none.yaml"), .connection = "to-far"}).code, kExitConfig);
}

}  // namespace
}  // namespace twinspan::tools
