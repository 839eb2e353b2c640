// What one side seals the other opens, for every suite.
#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

class EverySuite : public testing::TestWithParam<EspTransforms> {};

TEST_P(EverySuite, OpensWhatTheOtherSideSealed) {
  TunnelPair pair(GetParam());
  for (const size_t payload : {0u, 1u, 2u, 3u, 44u, 1400u}) {
    for (const InnerSpec& spec :
         {InnerSpec{.payload_length = payload},
          InnerSpec{.source = "fd01::1", .destination = "fd02::1", .payload_length = payload}}) {
      const Bytes inner = make_inner(spec);
      Bytes frame = pair.seal_on_left(inner);
      const OpenItem item = pair.open_on_right(frame);
      ASSERT_EQ(item.verdict, Verdict::Accept) << to_string(item.verdict);
      EXPECT_EQ(to_bytes(inner_of(item)), inner);
    }
  }
  EXPECT_EQ(pair.right.opened().packets.read(), 12u);
  EXPECT_EQ(all_drops(pair.right.opened()), 0u);
}

std::string suite_name(const testing::TestParamInfo<EspTransforms>& suite) {
  std::string name = find_encryption(suite.param.encryption)->name;
  if (const auto* integrity = find_integrity(suite.param.integrity)) name += integrity->name;
  return name + (suite.param.esn ? "WithEsn" : "");
}
INSTANTIATE_TEST_SUITE_P(Esp, EverySuite, testing::ValuesIn(all_transforms()), suite_name);

}  // namespace
}  // namespace twinspan::esp
