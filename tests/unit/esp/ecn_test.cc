#include "esp/ecn.h"

#include <gtest/gtest.h>

#include "esp/inner_packet.h"
#include "tests/unit/esp/tunnel_pair.h"
#include "tests/unit/tun/packet_builder.h"

namespace twinspan::esp {
namespace {

using tun::build_packet;
using tun::is_sound;

struct Combination {
  Ecn inner;
  Ecn outer;
  std::optional<Ecn> leaves;
};

// RFC 6040 4.2, figure 4, row by row.
constexpr Combination kFigure4[] = {
    {Ecn::NotEct, Ecn::NotEct, Ecn::NotEct}, {Ecn::NotEct, Ecn::Ect0, Ecn::NotEct},
    {Ecn::NotEct, Ecn::Ect1, Ecn::NotEct},   {Ecn::NotEct, Ecn::Ce, std::nullopt},
    {Ecn::Ect0, Ecn::NotEct, Ecn::Ect0},     {Ecn::Ect0, Ecn::Ect0, Ecn::Ect0},
    {Ecn::Ect0, Ecn::Ect1, Ecn::Ect1},       {Ecn::Ect0, Ecn::Ce, Ecn::Ce},
    {Ecn::Ect1, Ecn::NotEct, Ecn::Ect1},     {Ecn::Ect1, Ecn::Ect0, Ecn::Ect1},
    {Ecn::Ect1, Ecn::Ect1, Ecn::Ect1},       {Ecn::Ect1, Ecn::Ce, Ecn::Ce},
    {Ecn::Ce, Ecn::NotEct, Ecn::Ce},         {Ecn::Ce, Ecn::Ect0, Ecn::Ce},
    {Ecn::Ce, Ecn::Ect1, Ecn::Ce},           {Ecn::Ce, Ecn::Ce, Ecn::Ce},
};

TEST(Ecn, LeavesTheTunnelAsFigure4OfRfc6040Says) {
  for (const Combination& each : kFigure4) {
    EXPECT_EQ(combine_ecn(each.outer, each.inner), each.leaves)
        << "inner " << int(each.inner) << " outer " << int(each.outer);
  }
}

TEST(Ecn, IsWrittenIntoTheInnerHeaderAndNothingElse) {
  for (const unsigned version : {4u, 6u}) {
    for (const Combination& each : kFigure4) {
      const auto inner = static_cast<uint8_t>(0xb8 | uint8_t(each.inner));  // DSCP EF
      const Bytes before = build_packet({.version = version, .traffic_class = inner});
      Bytes packet = before;
      ASSERT_EQ(decapsulate_ecn(packet, each.outer), each.leaves.has_value());
      const auto expected = static_cast<uint8_t>(0xb8 | uint8_t(each.leaves.value_or(each.inner)));
      EXPECT_EQ(packet, build_packet({.version = version, .traffic_class = expected}));
      EXPECT_TRUE(is_sound(packet));
    }
  }
}

TEST(Ecn, GoesOutWithoutTheDscpUnlessThatIsWanted) {
  for (unsigned inner = 0; inner < 256; ++inner) {
    EXPECT_EQ(outer_traffic_class(static_cast<uint8_t>(inner), false), inner & 3);
    EXPECT_EQ(outer_traffic_class(static_cast<uint8_t>(inner), true), inner);
    for (const unsigned version : {4u, 6u}) {
      const Bytes packet =
          build_packet({.version = version, .traffic_class = static_cast<uint8_t>(inner)});
      EXPECT_EQ(traffic_class_of(packet.data()), inner);
    }
  }
}

TEST(Ecn, AMarkOnAPacketThatKnowsNoneDropsItAndIsCounted) {
  TunnelPair pair(EspTransforms{.encryption = kGcm256});
  for (const Combination& each : kFigure4) {
    const Bytes inner = build_packet({.traffic_class = uint8_t(each.inner)});
    Bytes frame = pair.seal_on_left(inner);
    OpenItem item{.frame = frame.data(),
                  .frame_length = static_cast<uint32_t>(frame.size()),
                  .outer_ecn = each.outer};
    open(*pair.right.table, {&item, 1}, pair.right.orphans);
    if (!each.leaves) {
      EXPECT_EQ(item.verdict, Verdict::EcnIllegal);
      continue;
    }
    ASSERT_EQ(item.verdict, Verdict::Accept);
    EXPECT_EQ(to_bytes(inner_of(item)), build_packet({.traffic_class = uint8_t(*each.leaves)}));
  }
  EXPECT_EQ(drops(pair.right.opened(), Verdict::EcnIllegal), 1u);
}

}  // namespace
}  // namespace twinspan::esp
