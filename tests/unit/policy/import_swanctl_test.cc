// swanctl.conf to a model: the settings format, each mapping, and what is not carried.
#include "policy/import_swanctl.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/estate_writer.h"
#include "policy/peer_file.h"
#include "policy/swanctl_words.h"
#include "tests/unit/policy/estate.h"
#include "tests/unit/policy/notes.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kConf = R"(# A site with two selectors.
connections {
  site {
    version = 2
    local_addrs = 192.0.2.2
    remote_addrs = 192.0.2.1
    proposals = aes256-sha256-modp2048
    encap = yes
    dpd_delay = 15s
    rekey_time = 4h
    local { auth = psk
      id = gw-b.example.net }
    remote { auth = psk
      id = gw-a.example.net }
    children {
      net {
        local_ts = 10.2.0.0/24
        remote_ts = 10.1.0.0/24, 10.1.1.0/24
        esp_proposals = aes256gcm16-ecp384-esn-noesn
        life_time = 2h
        rekey_bytes = 10g
        start_action = start
      }
    }
  }
}
secrets {
  ike-other { id = other.example.net
    secret = "wrong" }
  ike-site { id-1 = gw-a.example.net
    secret = "a b#c" }
}
)";

Import imported(std::string_view text, const IncludeReader& include = refuse_includes) {
  auto import = import_swanctl(text, "s.conf", include);
  if (import) return *std::move(import);
  for (const ConfigError& error : import.error()) ADD_FAILURE() << error.to_string();
  return {};
}

std::vector<std::string> errors_in(std::string_view text) {
  std::vector<std::string> lines;
  const auto import = import_swanctl(text, "s.conf");
  EXPECT_FALSE(import.has_value()) << "imported: " << text.substr(0, 200);
  if (import) return lines;
  for (const ConfigError& error : import.error()) lines.push_back(error.to_string());
  return lines;
}

const Connection& only_connection(const Import& import) {
  static const Connection kNone{};
  EXPECT_EQ(import.model.connections.size(), 1u);
  return import.model.connections.empty() ? kNone : import.model.connections.begin()->second;
}

std::string conf_with(std::string_view from, std::string_view to) {
  return replaced(kConf, from, to);
}

TEST(ImportSwanctl, AConnectionBecomesAnEstate) {
  const Import import = imported(kConf);
  EXPECT_EQ(write_estate(import.model), R"(version: 1
virtual_networks:
  network:
    address_space: [10.2.0.0/24]
    subnets:
      GatewaySubnet: 10.2.0.224/27
virtual_network_gateways:
  gw:
    virtual_network: network
    ip_configurations:
      - public_ip_address: 192.0.2.2
local_network_gateways:
  site-peer:
    gateway_ip_address: 192.0.2.1
    address_prefixes: [10.1.0.0/24, 10.1.1.0/24]
connections:
  site:
    connection_type: ipsec
    virtual_network_gateway1: gw
    local_network_gateway2: site-peer
    shared_key:
      file: site.psk
    local_id: gw-b.example.net
    remote_id: gw-a.example.net
    ipsec_policy:
      ike_encryption: AES256
      ike_integrity: SHA256
      ike_prf: SHA256
      dh_group: DHGroup14
      ipsec_encryption: GCMAES256
      ipsec_integrity: GCMAES256
      pfs_group: ECP384
      esn: true
      ike_life_time_seconds: 15840
      sa_life_time_seconds: 7200
      sa_data_size_kilobytes: 11534336
    encapsulation: udp
    dpd_timeout_seconds: 45
    use_policy_based_traffic_selectors: true
    traffic_selector_policies:
      - local_address_ranges: [10.2.0.0/24]
        remote_address_ranges: [10.1.0.0/24, 10.1.1.0/24]
)");
  EXPECT_THAT(notes_of(import), Not(Contains(HasSubstr("error"))));
  ASSERT_EQ(import.keys.size(), 1u);
  EXPECT_EQ(import.keys[0].file, "site.psk");
  EXPECT_TRUE(import.keys[0].bytes.equals(ByteView(reinterpret_cast<const uint8_t*>("a b#c"), 5)));
}

TEST(ImportSwanctl, SectionsInheritFromOthers) {
  const Import import = imported(R"(
base { version = 2
  local { auth = psk }
  remote { auth = psk
    id = %any }
  rekey_time = 1h }
connections {
  a : base {
    local_addrs = 192.0.2.2
    remote_addrs = a.example.net
    rekey_time =
    children { net : child { remote_ts = 10.1.0.0/16
 } } }
}
child { local_ts = 10.2.0.0/16
  remote_ts = 10.99.0.0/16 }
secrets { ike { secret = 0x616263
 } }
)");
  const Connection& connection = only_connection(import);
  EXPECT_EQ(*import.model.local_network_gateways.at("a-peer").fqdn, "a.example.net");
  // An empty value clears what would be inherited: strongSwan's default counts.
  EXPECT_EQ(*connection.ipsec_policy->ike_life_time_seconds, 15840u);
  ASSERT_EQ(connection.traffic_selector_policies.size(), 1u);
  const auto& remote = *connection.traffic_selector_policies[0].remote_address_ranges;
  EXPECT_EQ(remote.at(0)->first.to_string(), "10.1.0.0");
  EXPECT_TRUE(import.keys.at(0).bytes.equals(ByteView(reinterpret_cast<const uint8_t*>("abc"), 3)));
}

TEST(ImportSwanctl, FilesThatAreIncludedAddToTheSection) {
  const IncludeReader reader =
      [](std::string_view pattern,
         std::string_view including) -> Result<std::vector<IncludedFile>, std::string> {
    EXPECT_EQ(including, "s.conf");
    EXPECT_EQ(pattern, "conf.d/*.conf");
    return std::vector<IncludedFile>{{"conf.d/x.conf", "\n  vips = 0.0.0.0\n"}};
  };
  const Import import = imported(
      conf_with("    version = 2\n", "    version = 2\n    include conf.d/*.conf\n"), reader);
  EXPECT_THAT(notes_of(import),
              Contains(HasSubstr("conf.d/x.conf:2:3: error: connections.site.vips: ")));
  EXPECT_THAT(import.model.connections, IsEmpty());
  EXPECT_THAT(errors_in("include /etc/passwd\n"),
              ElementsAre(HasSubstr("s.conf:1:9: '/etc/passwd' is not included")));
}

TEST(ImportSwanctl, AnyToAnyIsRouteBased) {
  std::string text = conf_with("local_ts = 10.2.0.0/24", "local_ts = 0.0.0.0/0,::/0");
  text = replaced(text, "10.1.0.0/24, 10.1.1.0/24", "0.0.0.0/0,::/0");
  const Import import = imported(text);
  EXPECT_FALSE(*only_connection(import).use_policy_based_traffic_selectors);
  EXPECT_THAT(only_connection(import).traffic_selector_policies, IsEmpty());
  EXPECT_THAT(notes_of(import),
              Contains(HasSubstr("no local_ts tells what is behind local_addrs")));
  EXPECT_THAT(notes_of(import),
              Contains(HasSubstr("no remote_ts tells what is behind remote_addrs")));
}

TEST(ImportSwanctl, FurtherAddressesAreNamedAndKeptForComparing) {
  const Import import = imported(
      conf_with("remote_addrs = 192.0.2.1", "remote_addrs = 192.0.2.1, 192.0.2.7, 192.0.2.8"));
  const auto address = [](const char* text) { return *IpAddress::parse(text); };
  EXPECT_THAT(only_connection(import).latitude->remote_addresses,
              ElementsAre(address("192.0.2.7"), address("192.0.2.8")));
  EXPECT_THAT(notes_of(import), Contains(HasSubstr("remote_addrs: 192.0.2.7, 192.0.2.8 are not "
                                                   "taken: a connection has one address; write a "
                                                   "connection for each [import.alternative]")));
}

TEST(ImportSwanctl, AnOwnNameIsNoAddressThatWasPassedOver) {
  const Import import =
      imported(conf_with("local_addrs = 192.0.2.2", "local_addrs = gw.example.net"));
  EXPECT_THAT(notes_of(import), Not(Contains(HasSubstr("not taken"))));
}

struct Lost {
  const char* name;
  const char* from;
  const char* to;
  const char* note;
  bool is_left_out;
};

class SwanctlNotCarried : public testing::TestWithParam<Lost> {};

TEST_P(SwanctlNotCarried, IsNamedWithItsPlace) {
  const Lost& lost = GetParam();
  const Import import = imported(conf_with(lost.from, lost.to));
  EXPECT_THAT(notes_of(import), Contains(HasSubstr(lost.note)));
  EXPECT_EQ(import.model.connections.empty(), lost.is_left_out);
}

INSTANTIATE_TEST_SUITE_P(
    ImportSwanctl, SwanctlNotCarried,
    testing::Values(
        Lost{"IkeV1", "version = 2", "version = 1",
             "s.conf:4:5: error: connections.site.version: IKEv1 is not spoken here, for good; "
             "have the peer use IKEv2 [import.left-out]",
             true},
        Lost{"EitherVersion", "version = 2", "version = 0",
             "a peer that asks for IKEv1 was served as well", false},
        Lost{"Eap", "remote { auth = psk", "remote { auth = eap-mschapv2",
             "connections.site.remote.auth: 'eap-mschapv2' is not spoken here", true},
        Lost{"TwoRounds", "    children {", "    local-2 { auth = psk }\n    children {",
             "there is one round of authentication here", true},
        Lost{"MixedAuth", "remote { auth = psk", "remote { auth = pubkey",
             "the two ends prove themselves in different ways", true},
        Lost{"Pool", "version = 2", "version = 2\n    pools = p",
             "connections.site.pools: address pools are of remote access", true},
        Lost{"Transport", "life_time = 2h", "life_time = 2h\n        mode = transport",
             "children.net.mode: only tunnel mode is spoken here", true},
        Lost{"Ports", "local_ts = 10.2.0.0/24", "local_ts = 10.2.0.0/24[tcp/80]",
             "children.net.local_ts: '10.2.0.0/24[tcp/80]' is restricted to a protocol or port",
             true},
        Lost{"Ah", "esp_proposals = aes256gcm16-ecp384-esn-noesn", "ah_proposals = sha256",
             "children.net.ah_proposals: AH is not spoken here", true},
        Lost{"WeakCipher", "aes256-sha256-modp2048", "3des-sha256-modp2048",
             "connections.site.proposals: no proposal that is spoken here: '3des'", true},
        Lost{"WeakGroup", "aes256-sha256-modp2048", "aes256-sha1-modp1024",
             "SHA1, DHGroup2 is weak; legacy: true admits it", false},
        Lost{"Alternatives", "aes256-sha256-modp2048",
             "3des-md5-modp1024, aes128-aes256-sha256-ecp256",
             "of the alternatives aes128-sha256-prfsha256-ecp256 is taken", false},
        Lost{"UnknownAlternative", "aes256-sha256-modp2048",
             "3des-sha256-modp2048, aes128-sha256-ecp256",
             "warning: connections.site.proposals: '3des' is not spoken here", false},
        Lost{"Wildcard", "id = gw-a.example.net }", "id = *.example.net }",
             "connections.site.remote.id: '*.example.net' is no identity", true},
        Lost{"DistinguishedName", "id = gw-b.example.net }", "id = \"C=CH, CN=x\" }",
             "'C=CH, CN=x' is no identity that can be written here", true},
        Lost{"RangeAsIdentity", "id = gw-a.example.net }", "id = 10.0.0.1-10.0.0.9 }",
             "'10.0.0.1-10.0.0.9' is no identity that can be written here", true},
        Lost{"EveryAddressAsIdentity", "id = gw-a.example.net }", "id = 0.0.0.0 }",
             "a peer of any identity was served", false},
        Lost{"HostBits", "local_ts = 10.2.0.0/24", "local_ts = 10.2.0.5/24",
             "info: connections.site.children.net.local_ts: 10.2.0.5/24 is taken as 10.2.0.0/24",
             false},
        Lost{
            "KeyOfNobody", "version = 2", "version = 2",
            "s.conf:28:3: warning: secrets.ike-other: no connection that is carried takes this key",
            false},
        Lost{"AnyIdentity", "id = gw-a.example.net }", "id = %any }",
             "a peer of any identity was served", false},
        Lost{"Constraint", "remote { auth = psk", "remote { auth = psk\n      groups = g",
             "the peer would be admitted without what this asks of its certificate", true},
        Lost{"CertificateOfAToken", "local { auth = psk",
             "local { auth = psk\n cert1 { slot = 1\n }",
             "warning: connections.site.local.cert1: certificates and keys are named as files",
             false},
        Lost{"ChildSection", "life_time = 2h", "life_time = 2h\n        x { }",
             "warning: connections.site.children.net.x: is not known here", false},
        Lost{"Label", "life_time = 2h", "life_time = 2h\n        label = x",
             "security labels are not negotiated here", true},
        Lost{"Mark", "life_time = 2h", "life_time = 2h\n        mark_in = 42",
             "warning: connections.site.children.net.mark_in: devices, routes and marks", false},
        Lost{"Reauthentication", "rekey_time = 4h", "reauth_time = 4h",
             "IKE SAs are rekeyed and never authenticated anew", false},
        Lost{"Misspelled", "encap = yes", "ecnap = yes",
             "s.conf:8:5: warning: connections.site.ecnap: is not known here", false},
        Lost{"NoWord", "encap = yes", "encap = maybe",
             "s.conf:8:5: warning: connections.site.encap: strongSwan knows no such word", false},
        Lost{"NoAction", "start_action = start", "start_action = strat",
             "net.start_action: strongSwan knows no such word", false},
        Lost{"NoPeerAddress", "remote_addrs = 192.0.2.1", "remote_addrs = %any",
             "remote_addrs tells no address and no name of the other end", false},
        Lost{"NoOwnAddress", "local_addrs = 192.0.2.2", "local_addrs = %any",
             "local_addrs tells no address of the gateway", false},
        Lost{"NoRekeying", "rekey_time = 4h", "rekey_time = 0",
             "SAs are not for ever here, but for 28800 s", false},
        Lost{"TwoAddresses", "remote_addrs = 192.0.2.1", "remote_addrs = 192.0.2.1, 192.0.2.9",
             "192.0.2.9 is not taken: a connection has one address", false},
        Lost{"ThreeAddresses", "local_addrs = 192.0.2.2",
             "local_addrs = 192.0.2.2, 192.0.2.9, gw.example.net",
             "192.0.2.9 is not taken: a connection has one address", false},
        Lost{"ANameBesideAnAddress", "local_addrs = 192.0.2.2",
             "local_addrs = 192.0.2.2, gw.example.net, gate.example.net",
             "gw.example.net, gate.example.net are not taken: a connection has one address", false},
        Lost{"OwnName", "local_addrs = 192.0.2.2", "local_addrs = gw.example.net",
             "local_addrs tells no address of the gateway", false},
        Lost{"OwnPrefix", "local_addrs = 192.0.2.2", "local_addrs = 192.0.2.0/24",
             "192.0.2.0/24 is not taken: it is no single address", false},
        Lost{"NoKey", "id-1 = gw-a.example.net", "id-1 = somebody.example.net",
             "there is no key for it in the file", false},
        Lost{"OtherSecret", "secrets {", "secrets {\n  eap-1 { secret = x }",
             "only the keys of psk and ppk are carried", false},
        Lost{"Pools", "secrets {", "pools { p { addrs = 10.0.0.0/24\n } }\nsecrets {",
             "warning: pools: address pools are of remote access", false}),
    [](const auto& test) { return test.param.name; });

TEST(ImportSwanctl, AnAddressMayHaveItsLength) {
  const Import import =
      imported(conf_with("remote_addrs = 192.0.2.1", "remote_addrs = 192.0.2.1/32"));
  EXPECT_EQ(import.model.local_network_gateways.at("site-peer").gateway_ip_address->to_string(),
            "192.0.2.1");
  EXPECT_THAT(notes_of(import), Not(Contains(HasSubstr("error"))));
}

// strongSwan looks at the peer first: a key for everybody is better than one that names us alone.
TEST(ImportSwanctl, TheKeyIsTheOneThatStrongSwanTakes) {
  const auto key_with = [](std::string_view secrets) {
    const Import import =
        imported(conf_with("ike-other {", fmt::format("{}\n  ike-other {{", secrets)));
    EXPECT_EQ(import.keys.size(), 1u);
    const SecretBytes& bytes = import.keys.front().bytes;
    return std::string(bytes.view().begin(), bytes.view().end());
  };
  EXPECT_EQ(key_with("ike-1 { id = gw-b.example.net\n secret = own }"), "a b#c");
  EXPECT_EQ(key_with("ike-1 { secret = all }"), "a b#c");
  EXPECT_EQ(key_with("ike-1 { id-1 = gw-a.example.net\n id-2 = gw-b.example.net\n secret = both }"),
            "both");
  const Import import = imported(
      replaced(conf_with("ike-other {",
                         "ike-1 { secret = all }\n  ike-2 { id = gw-b.example.net\n secret = "
                         "own }\n  ike-other {"),
               "id-1 = gw-a.example.net", "id-1 = nobody.example.net"));
  const SecretBytes& bytes = import.keys.at(0).bytes;
  EXPECT_EQ(std::string(bytes.view().begin(), bytes.view().end()), "all");
}

TEST(ImportSwanctl, WhatIsMalformedIsAnErrorWithItsPlace) {
  EXPECT_THAT(errors_in("a { b = 1\n"),
              ElementsAre("s.conf:1:1: this section is never closed; close it with '}'"));
  EXPECT_THAT(errors_in("a { }\n}\n"), ElementsAre(HasSubstr("s.conf:2:1: there is no section")));
  EXPECT_THAT(errors_in("a = \"x\nb"), ElementsAre(HasSubstr("s.conf:1:5: this quote is never")));
  EXPECT_THAT(errors_in("a b { }"), ElementsAre(HasSubstr("s.conf:1:3: expected '=' or '{'")));
  EXPECT_THAT(errors_in("= 1"), ElementsAre(HasSubstr("s.conf:1:1: expected a key or a section")));
  EXPECT_THAT(errors_in("a : b { }"),
              ElementsAre(HasSubstr("s.conf:1:5: there is no section 'b'")));
  EXPECT_THAT(errors_in("a : b { }\nb : a { }"), ElementsAre(HasSubstr("inherits from itself")));
  EXPECT_THAT(errors_in("a { b : a { } }"), ElementsAre(HasSubstr("inherits from itself")));
  EXPECT_THAT(errors_in("a = \xff"), ElementsAre(HasSubstr("UTF-8")));
  EXPECT_THAT(errors_in(std::string("a = \0", 5)), ElementsAre(HasSubstr("s.conf:1:5")));
  EXPECT_THAT(errors_in(""), ElementsAre(HasSubstr("there is no connection in the file")));
  EXPECT_THAT(errors_in(std::string(kImportTextMax + 1, ' ')),
              ElementsAre(HasSubstr("larger than")));
  std::string deep;
  for (size_t i = 0; i <= kSettingsDepthMax; ++i) deep += "a {\n";
  EXPECT_THAT(errors_in(deep), ElementsAre(HasSubstr("nested deeper than 32 levels")));
  EXPECT_THAT(errors_in("a = " + std::string(kSettingsValueMax + 1, 'x')),
              ElementsAre(HasSubstr("a value of more than 4096 bytes")));
  EXPECT_THAT(errors_in(conf_with("rekey_time = 4h", "rekey_time = 4x")),
              ElementsAre(HasSubstr("expected a time like 3600, 90m or 4h, not '4x'")));
  EXPECT_THAT(errors_in(conf_with("local_ts = 10.2.0.0/24", "local_ts = 10.2.0.1/33")),
              ElementsAre(HasSubstr("expected a prefix like 10.1.0.0/16, not '10.2.0.1/33'")));
}

TEST(ImportSwanctl, YesAndNoAreTheWordsThatStrongSwanTakes) {
  const auto encapsulation = [](const std::string& word) {
    const Import import = imported(conf_with("encap = yes", "encap = " + word));
    return *import.model.connections.begin()->second.encapsulation;
  };
  for (const char* const word : {"Yes", "true", "enabled", "1"})
    EXPECT_EQ(encapsulation(word), Encapsulation::Udp) << word;
  for (const char* const word : {"no", "FALSE", "disabled", "0"})
    EXPECT_EQ(encapsulation(word), Encapsulation::Esp) << word;
}

TEST(ImportSwanctl, ReferencesThatUnfoldWithoutEndAreStopped) {
  // Each level has the one before twice.
  std::string text = "l0 { a = 1\n }\n";
  for (int level = 1; level <= 20; ++level)
    text += fmt::format("l{0} {{ x : l{1} {{ }}\n y : l{1} {{ }}\n }}\n", level, level - 1);
  EXPECT_THAT(errors_in(text), ElementsAre(HasSubstr("more than 100000 sections and values")));
  std::string values = "a {\n";
  for (size_t i = 0; i <= kSettingsValuesMax; ++i) values += fmt::format("k{} = 1\n", i);
  EXPECT_THAT(errors_in(values + "}"), ElementsAre(HasSubstr("more than 1000 values in one")));
  std::string sections;
  for (size_t i = 0; i <= kSettingsSectionsMax; ++i) sections += fmt::format("k{} {{ }}\n", i);
  EXPECT_THAT(errors_in(sections), ElementsAre(HasSubstr("more than 2000 sections in one")));
}

TEST(ImportSwanctl, NoMessageShowsAByteOfAKey) {
  // A key that is not in quotes ends where a brace or '#' stands, and what is behind is read as
  // something else.
  for (const char* const key :
       {"abc}qzxv", "abc}}}qzxv", "abc} qzxv", "abc}qzxv {", "abc}qzxv { }", "\"abc qzxv",
        "abc\xffqzxv", "abc}=qzxv", "abc}qzxv = x", "abc}q:zxv", "0xqzxv", "abc}qzxv : a { }",
        "abc}eqzxv { x = }", "abc}\"qzxv\"", "abc}}qzxv { y = 1"}) {
    SCOPED_TRACE(key);
    const auto import = import_swanctl(conf_with("\"a b#c\"", key), "s.conf");
    std::string said = import ? write_estate(import->model) : "";
    if (import) {
      for (const std::string& note : notes_of(*import)) said += note + "\n";
    } else {
      for (const ConfigError& error : import.error()) said += error.to_string() + "\n";
    }
    EXPECT_THAT(said, Not(HasSubstr("abc")));
    EXPECT_THAT(said, Not(HasSubstr("zxv")));
  }
}

TEST(ImportSwanctl, NumbersThatOverflowAreErrors) {
  for (const char* const time : {"18446744073709551616", "18446744073709551615d", "-1",
                                 "99999999999999999999999999s", "1844674407370955161"}) {
    SCOPED_TRACE(time);
    EXPECT_THAT(errors_in(conf_with("rekey_time = 4h", fmt::format("rekey_time = {}", time))),
                ElementsAre(HasSubstr("expected a time like 3600, 90m or 4h")));
  }
  EXPECT_THAT(errors_in(conf_with("rekey_bytes = 10g", "rekey_bytes = 18446744073709551615g")),
              ElementsAre(HasSubstr("expected a number like 1000000 or 5g")));
  const Import import = imported(conf_with("rekey_time = 4h", "rekey_time = 1000000000000"));
  EXPECT_EQ(*only_connection(import).ipsec_policy->ike_life_time_seconds, 31536000u);
}

TEST(ImportSwanctl, AnIncludeWithoutFilesIsNamed) {
  const IncludeReader nothing =
      [](std::string_view, std::string_view) -> Result<std::vector<IncludedFile>, std::string> {
    return std::vector<IncludedFile>{};
  };
  const Import import = imported(std::string(kConf) + "include conf.d/*.conf\n", nothing);
  EXPECT_THAT(
      notes_of(import),
      Contains("s.conf:33:9: warning: include: no file is there for 'conf.d/*.conf'; import "
               "the file where the others are, when there are any [import.not-carried]"));
  std::string many;
  for (size_t i = 0; i <= kIncludesMax; ++i) many += "include x\n";
  const auto refused = import_swanctl(many, "s.conf", nothing);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().front().to_string(), HasSubstr("s.conf:65:9: more than 64 include"));
}

TEST(ImportSwanctl, WhatIsImportedValidates) {
  EXPECT_FALSE(has_error(validate(imported(kConf).model)));
  EXPECT_EQ(*only_connection(imported(kConf)).connection_mode, ConnectionMode::Default);
  EXPECT_EQ(*only_connection(imported(kConf)).ike_fragment_size, kIkeFragmentSizeDefault);
}

TEST(ImportSwanctl, APrivateAddressTowardsAPublicOneIsBehindANat) {
  const std::string text = replaced(conf_with("192.0.2.2", "192.168.1.2"), "id = gw-b", "x = gw-b");
  const Import import = imported(text);
  EXPECT_THAT(notes_of(import),
              Contains(HasSubstr("error: connections.site.local_addrs: a private address, and")));
  EXPECT_THAT(import.model.gateways.at("gw").ip_configurations, IsEmpty());
  EXPECT_EQ(*only_connection(import).local_id, "192.168.1.2");
  const Import inside = imported(replaced(text, "192.0.2.1", "10.0.0.1"));
  EXPECT_EQ(inside.model.gateways.at("gw").ip_configurations.size(), 1u);
  EXPECT_FALSE(only_connection(inside).local_id.is_set);
}

TEST(ImportSwanctl, AlternativesAreKeptBesideThePolicy) {
  const Import import = imported(
      conf_with("aes256-sha256-modp2048", "3des-aes128-aes256-sha256-sha384-ecp256, default"));
  const Connection& connection = only_connection(import);
  EXPECT_EQ(*connection.ipsec_policy->ike_encryption, "AES128");
  ASSERT_TRUE(connection.latitude.has_value());
  const auto& list = connection.latitude->ike_proposals;
  EXPECT_THAT(list, Contains(IkeProposal{.encryption = {EncryptionId::AesCbc, 256},
                                         .integrity = IntegrityId::HmacSha384_192,
                                         .prf = PrfId::HmacSha256,
                                         .group = DhGroupId::Ecp256}));
  EXPECT_THAT(list, Contains(IkeProposal{.encryption = {EncryptionId::AesGcm16, 256},
                                         .prf = PrfId::HmacSha384,
                                         .group = DhGroupId::Ecp384}));
  EXPECT_THAT(notes_of(import), Contains(HasSubstr("warning: connections.site.proposals: '3des'")));
  EXPECT_THAT(write_estate(import.model), Not(HasSubstr("AES192")));
}

TEST(ImportSwanctl, AnUnknownGroupOrPrfIsNoAlternativeToNone) {
  EXPECT_THAT(notes_of(imported(conf_with("aes256gcm16-ecp384-esn-noesn", "aes256gcm16-modp1536"))),
              Contains(HasSubstr("no proposal that is spoken here: 'modp1536'")));
  EXPECT_THAT(
      notes_of(imported(conf_with("aes256-sha256-modp2048", "aes256-sha256-prfaesxcbc-modp2048"))),
      Contains(HasSubstr("no proposal that is spoken here: 'prfaesxcbc'")));
  EXPECT_THAT(
      notes_of(imported(conf_with("aes256-sha256-modp2048", "aes256-sha256-modp2048-ke1_frodoa3"))),
      Contains(HasSubstr("no proposal that is spoken here: 'ke1_frodoa3'")));
}

TEST(ImportSwanctl, CertificatesAreNamedAsFilesAndNoneIsPinned) {
  std::string text =
      conf_with("local { auth = psk", "local { auth = pubkey\n certs = a.crt, b.crt");
  text = replaced(text, "remote { auth = psk", "remote { auth = pubkey\n cacerts = ca.crt");
  const Import import = imported(text);
  const Connection& connection = only_connection(import);
  ASSERT_TRUE(connection.certificate.has_value());
  EXPECT_EQ(*connection.certificate->certificate, "a.crt");
  EXPECT_EQ(*connection.certificate->private_key, "site.key");
  EXPECT_EQ(*connection.certificate->chain->at(0), "ca.crt");
  EXPECT_THAT(import.keys, IsEmpty());
  EXPECT_THAT(notes_of(import), Contains(HasSubstr("a gateway has one certificate; the first")));
  EXPECT_FALSE(has_error(validate(import.model)));
  const Import pinned = imported(replaced(text, "cacerts = ca.crt", "certs = peer.crt"));
  EXPECT_THAT(pinned.model.connections, IsEmpty());
  EXPECT_THAT(notes_of(pinned), Contains(HasSubstr("error: connections.site.remote.certs: the")));
}

TEST(ImportSwanctl, IncludesHaveAnEnd) {
  const IncludeReader itself =
      [](std::string_view, std::string_view) -> Result<std::vector<IncludedFile>, std::string> {
    return std::vector<IncludedFile>{{"x.conf", "include x.conf\n"}};
  };
  const auto import = import_swanctl("include x.conf\n", "s.conf", itself);
  ASSERT_FALSE(import.has_value());
  EXPECT_THAT(import.error().front().to_string(), HasSubstr("deeper than 8 levels"));
}

TEST(SwanctlWords, IdentitiesKeepTheirTypes) {
  const Identity identities[] = {
      {IdentityType::Ipv4, "192.0.2.1"},      {IdentityType::Ipv6, "2001:db8::1"},
      {IdentityType::Fqdn, "gw.example.net"}, {IdentityType::Email, "a=b@example.net"},
      {IdentityType::KeyId, "site \"b\"#1"},  {IdentityType::KeyId, "#begins"}};
  for (const Identity& identity : identities) {
    const std::string text = swanctl_identity(identity);
    const Import import = imported(conf_with("id = gw-a.example.net }", "id = " + text + "\n }"));
    const std::string expected =
        (identity.type == IdentityType::KeyId ? "keyid:" : "") + identity.text;
    EXPECT_EQ(*only_connection(import).remote_id, expected) << text;
  }
  EXPECT_EQ(read_swanctl_identity("@name"), "name");
  EXPECT_EQ(read_swanctl_identity("@#6162"), "keyid:ab");
  EXPECT_EQ(read_swanctl_identity("@@a@b.c"), "a@b.c");
  EXPECT_EQ(read_swanctl_identity("keyid:#00"), std::nullopt);
}

TEST(SwanctlWords, SecretsKeepTheirBytes) {
  const std::string keys[] = {"plain",        "with \"quotes\" and \\",   "0xnot hex",
                              "0snot base64", std::string("\0\xff\n", 3), "\x01\xff"};
  for (const std::string& key : keys) {
    const ByteView bytes(reinterpret_cast<const uint8_t*>(key.data()), key.size());
    const Import import =
        imported(conf_with("secret = \"a b#c\"", "secret = " + swanctl_secret(bytes) + "\n"));
    ASSERT_EQ(import.keys.size(), 1u) << key;
    EXPECT_TRUE(import.keys[0].bytes.equals(bytes)) << key;
  }
  EXPECT_TRUE(read_secret("0sYWJj")->equals(ByteView(reinterpret_cast<const uint8_t*>("abc"), 3)));
  EXPECT_FALSE(read_secret("0xzz").has_value());
  EXPECT_FALSE(read_secret("").has_value());
}

TEST(PeerFile, KindIsSeenInTheContent) {
  EXPECT_EQ(kind_of_text(kConf), PeerFileKind::Swanctl);
  EXPECT_EQ(kind_of_text(kGoodEstate), PeerFileKind::Estate);
  EXPECT_EQ(kind_of_text("{\n \"version\": 1 }"), PeerFileKind::Estate);
  EXPECT_EQ(kind_of_text("{ \"resources\": [] }"), PeerFileKind::Azure);
  EXPECT_EQ(kind_of_text("[]"), PeerFileKind::Azure);
  EXPECT_EQ(kind_of_text("a : b {\n}"), PeerFileKind::Swanctl);
  EXPECT_EQ(kind_of_text("connections\n{\n}"), PeerFileKind::Swanctl);
  EXPECT_EQ(kind_of_text("include conf.d/*.conf\n"), PeerFileKind::Swanctl);
  EXPECT_EQ(kind_of_text("connections: { }\n"), PeerFileKind::Estate);
  for (const char* const name : {"vnet-to-vnet", "site-to-site", "policy-based"})
    EXPECT_EQ(kind_of_text(read_source_file(fmt::format("examples/{}.yaml", name))),
              PeerFileKind::Estate);
  EXPECT_EQ(kind_of_text(""), PeerFileKind::Estate);
  EXPECT_EQ(kind_of_text("---\n{ version: 1 }"), PeerFileKind::Estate);
  EXPECT_EQ(kind_of_text("{ version: 1 }"), PeerFileKind::Estate);
  EXPECT_EQ(kind_of_text("{ \"connections\": {}, \"virtual_networks\": {} }"),
            PeerFileKind::Estate);
  EXPECT_EQ(kind_of_text("{}"), PeerFileKind::Azure);
  const auto connections = [](std::string_view text, PeerFileKind kind) {
    return import_file(text, "f", kind)->model.connections.size();
  };
  EXPECT_EQ(connections(kConf, PeerFileKind::Swanctl), 1u);
  EXPECT_EQ(connections(kGoodEstate, PeerFileKind::Estate), 3u);
}

}  // namespace
}  // namespace twinspan::policy
