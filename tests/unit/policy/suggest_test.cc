#include "policy/suggest.h"

#include <gtest/gtest.h>

namespace twinspan::policy {
namespace {

TEST(Suggest, FindsTheNearestWordAcrossCaseAndSeparators) {
  EXPECT_EQ(nearest_word("vpnType", {"sku", "vpn_type"}), "vpn_type");
  EXPECT_EQ(nearest_word("adress_space", {"region", "address_space"}), "address_space");
}

TEST(Suggest, FindsNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest_word("zebra", {"sku", "vpn_type"}), std::nullopt);
  EXPECT_EQ(nearest_word("", {"sku"}), std::nullopt);
  EXPECT_EQ(nearest_word(std::string(10000, 'x'), {"sku"}), std::nullopt);
}

TEST(Suggest, ListsWhatIsKnownWhenNothingIsNear) {
  EXPECT_EQ(suggestion("zebra", {"sku", "vpn_type"}), "known here: sku, vpn_type");
  EXPECT_EQ(suggestion("zebra", {}), "there is none");
}

TEST(Suggest, ListsNoMoreThanAFew) {
  const std::vector<std::string> names(100, "qqqqqqqq");
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string text = suggestion("zebra", known);
  EXPECT_LT(text.size(), 300u);
  EXPECT_TRUE(text.ends_with(", ..."));
}

}  // namespace
}  // namespace twinspan::policy
