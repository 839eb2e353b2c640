// What `twinspan validate` finds beyond the rules of one model: of files, of keys, and of two
// estates as a whole. Each with an example that passes and one that fails, as
// tests/unit/policy/rule_examples_test.cc has them of the rules.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "policy/pairing.h"
#include "policy/validate.h"
#include "tests/unit/tools/twinspan/other_side.h"
#include "tools/twinspan/validate.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::Not;

const std::filesystem::path kRoot = std::filesystem::path(TWINSPAN_EXAMPLES).parent_path();

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The ids that the sources name: `constexpr ... kPpkRule = "connection.ppk"`.
std::set<std::string> named_ids() {
  static const std::regex kId(R"re(constexpr [^;]*\bk\w+Rule = "([a-z.-]+)")re");
  std::set<std::string> ids;
  for (const char* const folder : {"policy", "tools/twinspan"}) {
    for (const auto& entry : std::filesystem::directory_iterator(kRoot / folder)) {
      const std::string text = content_of(entry.path());
      for (std::sregex_iterator match(text.begin(), text.end(), kId), end; match != end; ++match)
        ids.insert((*match)[1]);
    }
  }
  return ids;
}

const char* const kCertificate =
    "authentication_type: certificate, certificate_authentication: { outbound_auth_certificate: "
    "own.pem, outbound_auth_private_key: own.key, inbound_auth_certificate_chain: [ca.pem] }, "
    "local_id: a.x, "
    "remote_id: b.x";

class FileExamples : public EstateFolder {
 protected:
  std::set<std::string> ids_of(const std::string& ours, const std::string& theirs) {
    ValidateOptions options{.file = write("one/e.yaml", ours), .json = true};
    if (!theirs.empty()) options.peer_file = write("two/e.yaml", theirs);
    std::ostringstream out, error;
    validate_files(options, out, error);
    const json answer = json::parse(out.str());
    std::set<std::string> ids;
    for (const json& finding : answer["findings"]) {
      ids.insert(finding["id"].get<std::string>());
      EXPECT_GT(finding["line"], 0) << finding;
      for (const char* const field : {"file", "message", "remedy", "objects"})
        EXPECT_FALSE(finding[field].empty() || finding[field] == "") << finding;
    }
    return ids;
  }
};

TEST_F(FileExamples, EveryIdBesideTheRulesHasOneThatPassesAndOneThatFails) {
  struct Example {
    std::string passes, fails;
    std::string passes_with, fails_with;  // The other estate.
  };
  write("one/a.psk", "k3y");
  write("two/a.psk", "k3y");
  write("one/bad.psk", "two\nlines");
  for (const char* const name : {"own.pem", "ca.pem"}) write(std::string("one/") + name, "text");
  write("one/own.key", "text");
  write("one/open.key", "text", 0644);
  const std::string good = half_of(1, 2), other = half_of(2, 1);
  const std::string certified = with(good, "shared_key: { file: a.psk }", kCertificate);
  const std::string spoke =
      with(other, "virtual_networks:\n",
           "virtual_networks:\n  beside: { address_space: [10.1.4.0/24] }\n") +
      "peerings:\n  there: { virtual_network: net, remote_virtual_network: "
      "beside }\n  back: { virtual_network: beside, remote_virtual_network: "
      "net }\n";
  // One alone could only be the other end of ours.
  const std::string strange =
      with(half_of(8, 9), "local_network_gateways:\n",
           "local_network_gateways:\n  more: { gateway_ip_address: 192.0.2.7, address_prefixes: "
           "[10.7.0.0/16] }\n") +
      "  to-more: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: "
      "more, shared_key: { file: b.psk } }\n";
  const std::map<std::string, Example> examples = {
      {"file.form", {.passes = good, .fails = good + "colour: red\n"}},
      {"connection.shared-key", {.passes = good, .fails = half_of(1, 2, "bad.psk")}},
      {"connection.credential-file",
       {.passes = certified, .fails = with(certified, "own.key", "open.key")}},
      {"peer.unpaired",
       {.passes = good, .fails = good, .passes_with = other, .fails_with = strange}},
      {"peer.distant-overlap",
       {.passes = good,
        .fails = good,
        .passes_with = with(spoke, "10.1.4.0/24", "10.3.4.0/24"),
        .fails_with = spoke}},
  };
  for (const auto& [id, example] : examples) {
    SCOPED_TRACE(id);
    const auto passing = ids_of(example.passes, example.passes_with);
    EXPECT_THAT(passing, AllOf(Not(Contains(id)), Not(Contains("file.form"))));
    EXPECT_THAT(ids_of(example.fails, example.fails_with), Contains(id));
  }
  std::set<std::string> known;
  for (const auto& [id, example] : examples) known.insert(id);
  for (const auto& rule : policy::all_rules()) known.emplace(rule.id);
  for (const auto& rule : policy::all_pair_rules()) known.emplace(rule.id);
  const auto named = named_ids();
  EXPECT_GT(named.size(), examples.size());
  for (const std::string& id : named) EXPECT_TRUE(known.contains(id)) << id << " has no examples";
}

}  // namespace
}  // namespace twinspan::tools
