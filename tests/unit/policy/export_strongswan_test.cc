// The other end as swanctl.conf, and that reading it gives what was exported, seen from there.
#include "policy/export_strongswan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/compile.h"
#include "policy/import_swanctl.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string exported(const Model& model, std::string_view connection, const ExportKeys& keys = {}) {
  const auto text = export_strongswan(model, connection, 0, keys);
  EXPECT_TRUE(text.has_value()) << text.error().front().to_string();
  return text ? *text : "";
}

TunnelPlan tunnel_of(const Model& model, std::string_view connection) {
  const Connection* const found = find(model.connections, connection);
  if (found == nullptr) return {};
  const auto plan = compile(model, *found->virtual_network_gateway1, 0, "");
  EXPECT_TRUE(plan.has_value()) << plan.error().front().to_string();
  if (plan) {
    for (const TunnelPlan& tunnel : plan->tunnels) {
      if (tunnel.connection == connection) return tunnel;
    }
  }
  return {};
}

// What the peer of `ours` must have.
void expect_mirrored(const TunnelPlan& ours, const TunnelPlan& theirs) {
  EXPECT_EQ(theirs.local_address, ours.remote_address);
  EXPECT_EQ(theirs.remote_address, ours.local_address);
  EXPECT_EQ(theirs.local_identity, ours.remote_identity);
  EXPECT_EQ(theirs.remote_identity, ours.local_identity);
  EXPECT_EQ(theirs.ike_proposals, ours.ike_proposals);
  EXPECT_EQ(theirs.esp_proposals, ours.esp_proposals);
  EXPECT_EQ(theirs.ike_lifetime_seconds, ours.ike_lifetime_seconds);
  EXPECT_EQ(theirs.sa_lifetime_seconds, ours.sa_lifetime_seconds);
  EXPECT_EQ(theirs.sa_data_size_kilobytes, ours.sa_data_size_kilobytes);
  EXPECT_EQ(theirs.dpd_timeout_seconds, ours.dpd_timeout_seconds);
  EXPECT_EQ(theirs.any_to_any, ours.any_to_any);
  ASSERT_EQ(theirs.children.size(), ours.children.size());
  for (size_t i = 0; i < ours.children.size(); ++i) {
    EXPECT_EQ(theirs.children[i].local, ours.children[i].remote);
    EXPECT_EQ(theirs.children[i].remote, ours.children[i].local);
  }
}

TEST(ExportStrongswan, ComesBackAsTheOtherEnd) {
  const std::pair<std::string, std::string> cases[] = {
      {kGoodEstate, "a-to-b"},
      {kGoodEstate, "a-to-branch"},
      {read_source_file("examples/site-to-site.yaml"), "a-to-branch"},
      {read_source_file("examples/policy-based.yaml"), "a-to-site"},
  };
  for (const auto& [text, connection] : cases) {
    SCOPED_TRACE(connection);
    const Model model = model_of(text);
    const std::string conf = exported(model, connection);
    const auto import = import_swanctl(conf, "s.conf");
    ASSERT_TRUE(import.has_value()) << import.error().front().to_string() << conf;
    expect_mirrored(tunnel_of(model, connection), tunnel_of(import->model, connection));
  }
}

TEST(ExportStrongswan, WritesWhatAnAdministratorReads) {
  const Model model = model_of(read_source_file("examples/policy-based.yaml"));
  const std::string conf = exported(model, "a-to-site");
  EXPECT_THAT(conf, HasSubstr("    local_addrs = 203.0.113.9\n"
                              "    remote_addrs = 192.0.2.1\n"
                              "    proposals = aes256gcm16-prfsha384-ecp384\n"
                              "    encap = yes\n"));
  EXPECT_THAT(conf, HasSubstr("      a-to-site-1 {\n"
                              "        local_ts = 10.9.0.0/24\n"
                              "        remote_ts = 10.1.0.0/24\n"
                              "        esp_proposals = aes256gcm16-ecp384-esn-noesn\n"
                              "        rekey_time = 24300s\n"
                              "        life_time = 27000s\n"));
  EXPECT_THAT(conf, HasSubstr("start_action = trap|start\n"));
  EXPECT_THAT(conf, HasSubstr("# secret = what is in a-site.psk; --with-key writes it\n"));
  EXPECT_THAT(conf, Not(HasSubstr("if_id")));
}

TEST(ExportStrongswan, SaysWhatARouteBasedEndNeeds) {
  const std::string conf = exported(model_of(kGoodEstate), "a-to-b");
  EXPECT_THAT(conf, HasSubstr("#       ip route add 10.1.0.0/16 dev ipsec42\n"));
  EXPECT_THAT(conf, HasSubstr("#       ip route add 10.1.0.0/16 dev ipsec0\n"));
  EXPECT_THAT(conf, HasSubstr("    # if_id_in = 42\n"));
  // A trap for everything would hold back all that the host sends.
  EXPECT_THAT(conf, HasSubstr("start_action = start\n"));
}

TEST(ExportStrongswan, ARouteBasedEndHasRoutesToTheSpokesToo) {
  const std::string conf =
      exported(model_of(read_source_file("examples/hub-and-spoke.yaml")), "hub-to-headquarters");
  for (const char* const prefix : {"10.1.0.0/16", "10.11.0.0/16", "10.12.0.0/16"}) {
    EXPECT_THAT(conf, HasSubstr(fmt::format("#       ip route add {} dev ipsec42\n", prefix)));
    EXPECT_THAT(conf, HasSubstr(fmt::format("#       ip route add {} dev ipsec0\n", prefix)));
  }
}

TEST(ExportStrongswan, WhoOpensTheTunnelIsChangedOver) {
  const std::string conf = exported(model_of(kGoodEstate), "a-to-branch");  // initiator-only.
  EXPECT_THAT(conf, HasSubstr("start_action = none\n"));
  EXPECT_THAT(conf, HasSubstr("encap = no\n"));
  const std::string responder = estate_with({{"initiator-only", "responder-only"}});
  EXPECT_THAT(exported(model_of(responder), "a-to-branch"), HasSubstr("start_action = start\n"));
}

TEST(ExportStrongswan, HasTheKeyOnlyWhenItIsGiven) {
  const std::string key = "a \"b\"";
  const ByteView bytes(reinterpret_cast<const uint8_t*>(key.data()), key.size());
  const std::string conf = exported(model_of(kGoodEstate), "a-to-b", {.shared_key = bytes});
  EXPECT_THAT(conf, HasSubstr("    secret = \"a \\\"b\\\"\"\n"));
  const auto import = import_swanctl(conf, "s.conf");
  ASSERT_TRUE(import.has_value());
  ASSERT_EQ(import->keys.size(), 1u);
  EXPECT_TRUE(import->keys[0].bytes.equals(bytes));
}

TEST(ExportStrongswan, AnUnknownConnectionHasASuggestion) {
  const auto text = export_strongswan(model_of(kGoodEstate), "a-to-c", 0);
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().front().to_string(),
            "e.yaml: the file has no connection 'a-to-c'; did you mean 'a-to-b'?");
}

}  // namespace
}  // namespace twinspan::policy
