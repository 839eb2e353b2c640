#include "policy/device_name.h"

#include <gtest/gtest.h>

#include <set>

namespace twinspan::policy {
namespace {

TEST(DeviceName, AShortNameIsShownWhole) {
  EXPECT_EQ(device_name({"gw-a", 0, "a-to-b"}), "tsnbbs-a-to-b");
  EXPECT_EQ(device_name({"gw-a", 0, "12345678"}), "tsnbbs-12345678");
}

TEST(DeviceName, ALongNameIsCutAndStaysUnique) {
  std::set<std::string> names;
  for (int index = 0; index < 200; ++index) {
    const std::string connection = "branch-office-" + std::to_string(index);
    const std::string name = device_name({"gw-a", 0, connection});
    EXPECT_LE(name.size(), kDeviceNameMax);
    EXPECT_TRUE(name.ends_with("-branch-")) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(DeviceName, GatewaysInstancesAndAttemptsDiffer) {
  const std::set<std::string> names = {
      device_name({"gw-a", 0, "x"}), device_name({"gw-b", 0, "x"}), device_name({"gw-a", 1, "x"}),
      device_name({"gw-a", 0, "x"}, 1), device_name({"gw-a", 0, "x"}, 2)};
  EXPECT_EQ(names.size(), 5u);
}

}  // namespace
}  // namespace twinspan::policy
