// The files under examples/ are what people copy: each has no finding, and compiles to the plan it
// promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/compile.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string printed_plan(std::string_view path, std::string_view gateway) {
  const std::string text = read_source_file(path);
  EXPECT_THAT(findings_of(text), IsEmpty()) << path;
  const auto plan = compile(model_of(text), gateway, 0, "/etc/twinspan");
  return plan ? plan->to_string() : plan.error().front().to_string();
}

TEST(Examples, VnetToVnetJoinsTwoNetworksBothWays) {
  EXPECT_EQ(printed_plan("examples/vnet-to-vnet.yaml", "gw-a"),
            R"(gateway gw-a instance 0 route-based
  network     vnet-a 10.1.0.0/16 on lan0
  bind        192.0.2.1
tunnel a-to-b device tsnbbs-a-to-b route-based
  local       192.0.2.1 as fqdn:gw-a.example.net
  remote      192.0.2.2 as fqdn:gw-b.example.net
  psk         /etc/twinspan/a-b.psk
  ike         GCMAES256 prf SHA384 group ECP384
  esp         GCMAES256 pfs ECP384 esn
  lifetimes   ike 28800 s, sa 27000 s, 102400000 KB
  dpd         45 s
  mode        default, udp
  child SAs   one per worker
  selectors   0.0.0.0/0, ::/0 === 0.0.0.0/0, ::/0 (any-to-any)
  routes      10.2.0.0/16
)");
  EXPECT_EQ(printed_plan("examples/vnet-to-vnet.yaml", "gw-b"),
            R"(gateway gw-b instance 0 route-based
  network     vnet-b 10.2.0.0/16 on lan0
  bind        192.0.2.2
tunnel b-to-a device tspxqz-b-to-a route-based
  local       192.0.2.2 as fqdn:gw-b.example.net
  remote      192.0.2.1 as fqdn:gw-a.example.net
  psk         /etc/twinspan/a-b.psk
  ike         GCMAES256 prf SHA384 group ECP384
  esp         GCMAES256 pfs ECP384 esn
  lifetimes   ike 28800 s, sa 27000 s, 102400000 KB
  dpd         45 s
  mode        default, udp
  child SAs   one per worker
  selectors   0.0.0.0/0, ::/0 === 0.0.0.0/0, ::/0 (any-to-any)
  routes      10.1.0.0/16
)");
}

TEST(Examples, SiteToSiteUsesItsOwnPolicy) {
  const std::string plan = printed_plan("examples/site-to-site.yaml", "gw-a");
  EXPECT_THAT(plan, HasSubstr("  ike         AES256-SHA256 prf SHA256 group DHGroup14\n"
                              "  esp         GCMAES256 pfs DHGroup14 esn\n"));
  EXPECT_THAT(plan, HasSubstr("  routes      10.9.0.0/16\n"));
}

TEST(Examples, PolicyBasedPairsPrefixes) {
  EXPECT_THAT(printed_plan("examples/policy-based.yaml", "gw-a"),
              HasSubstr("  selectors   10.1.0.0/24 === 10.9.0.0/24\n"
                        "  selectors   10.1.0.0/24 === 10.9.1.0/24\n"
                        "  selectors   10.1.1.0/24 === 10.9.0.0/24\n"
                        "  selectors   10.1.1.0/24 === 10.9.1.0/24\n"));
}

TEST(Examples, AllAreNamedInTheReadme) {
  const std::string readme = read_source_file("examples/README.md");
  for (const char* const name : {"vnet-to-vnet.yaml", "site-to-site.yaml", "policy-based.yaml"})
    EXPECT_THAT(readme, HasSubstr(name));
}

}  // namespace
}  // namespace twinspan::policy
