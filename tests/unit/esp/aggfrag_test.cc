// The data blocks of AGGFRAG payloads: what is read, where reading ends, and what fits.
#include "esp/aggfrag.h"

#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

Bytes v4(size_t payload = 40) {
  return make_inner({.payload_length = payload});
}
Bytes v6(size_t payload = 40) {
  return make_inner({.source = "fd01::1", .destination = "fd02::1", .payload_length = payload});
}
Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

BlockKind kind_of(const Bytes& blocks) {
  return read_block(blocks).kind;
}

TEST(AggfragHeader, BothFormatsArePassedOver) {
  const Bytes blocks = v4();
  for (const uint8_t sub_type : {uint8_t{0}, uint8_t{1}}) {
    Bytes header(sub_type == 0 ? 4 : 24, 0xee);
    header[0] = sub_type;
    store_be16(&header[2], 0);
    Bytes payload = joined({header, blocks});
    const auto parsed = parse_aggfrag(payload);
    ASSERT_TRUE(parsed);
    EXPECT_FALSE(parsed->continues_packet);
    EXPECT_EQ(to_bytes(parsed->blocks), blocks);
  }
}

TEST(AggfragHeader, OtherSubTypesAndCutHeadersAreRefused) {
  for (int sub_type = 2; sub_type <= 255; ++sub_type) {
    Bytes payload(100);
    payload[0] = static_cast<uint8_t>(sub_type);
    EXPECT_FALSE(parse_aggfrag(payload)) << sub_type;
  }
  for (const uint8_t sub_type : {uint8_t{0}, uint8_t{1}}) {
    const size_t least = sub_type == 0 ? 4 : 24;
    for (size_t size = 0; size <= least; ++size) {
      Bytes payload(size);
      if (size != 0) payload[0] = sub_type;
      EXPECT_EQ(parse_aggfrag(payload).has_value(), size == least) << size;
    }
  }
}

TEST(AggfragHeader, BlockOffsetLeadsToTheFirstBlockThatBeginsHere) {
  for (const size_t offset : {0u, 1u, 59u, 60u, 61u, 65535u}) {
    Bytes payload = joined({Bytes(4), v4()});
    store_be16(&payload[2], static_cast<uint16_t>(offset));
    const auto parsed = parse_aggfrag(payload);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->continues_packet, offset != 0);
    EXPECT_EQ(parsed->blocks.size(), offset <= 60 ? 60 - offset : 0);
    EXPECT_EQ(parsed->blocks.data() + parsed->blocks.size(), payload.data() + payload.size());
  }
}

TEST(AggfragHeader, WhatIsWrittenSaysThatANewBlockFollows) {
  Bytes payload(4, 0xff);
  write_aggfrag_header(payload.data());
  EXPECT_EQ(payload, Bytes(4));
}

TEST(DataBlocks, APacketIsAsLongAsItsHeaderSays) {
  for (const Bytes& packet : {v4(), v6(), v4(0), v6(0), v4(1400), v6(1400)}) {
    for (const Bytes& behind : {Bytes{}, v4(), v6(), Bytes(7), Bytes(7, 0xff)}) {
      const Bytes blocks = joined({packet, behind});
      const DataBlock block = read_block(blocks);
      ASSERT_EQ(block.kind, BlockKind::Packet);
      EXPECT_EQ(to_bytes(block.packet.bytes), packet);
      EXPECT_EQ(block.packet.bytes.data(), blocks.data());
    }
  }
}

TEST(DataBlocks, PaddingAndNothingAreTheEnd) {
  EXPECT_EQ(kind_of({}), BlockKind::End);
  EXPECT_EQ(kind_of({0}), BlockKind::End);
  EXPECT_EQ(kind_of({0x0f, 0xff, 0xff}), BlockKind::End) << "the type has four bits";
  EXPECT_EQ(kind_of(Bytes(1000)), BlockKind::End);
}

TEST(DataBlocks, NoOtherTypeExists) {
  for (unsigned type = 1; type <= 15; ++type) {
    if (type == 4 || type == 6) continue;
    Bytes blocks = v4();
    blocks[0] = static_cast<uint8_t>(type << 4 | 5);
    EXPECT_EQ(kind_of(blocks), BlockKind::Malformed) << type;
    EXPECT_EQ(kind_of({blocks[0]}), BlockKind::Malformed) << type;
  }
}

TEST(DataBlocks, APacketThatGoesOnBehindTheEndIsAFragmentWhereverItIsCut) {
  for (const Bytes& packet : {v4(), v6(), v4(0), v6(0)}) {
    for (size_t size = 1; size < packet.size(); ++size) {
      const Bytes part(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_EQ(kind_of(part), BlockKind::Fragment) << size;
    }
  }
}

TEST(DataBlocks, LengthsThatNoPacketHasAreMalformed) {
  for (size_t total = 0; total < 20; ++total) {
    Bytes blocks = v4();
    store_be16(&blocks[2], static_cast<uint16_t>(total));
    EXPECT_EQ(kind_of(blocks), BlockKind::Malformed) << total;
  }
  for (uint8_t words = 0; words < 5; ++words) {
    Bytes blocks = v4();
    blocks[0] = static_cast<uint8_t>(0x40 | words);
    EXPECT_EQ(kind_of(blocks), BlockKind::Malformed) << "header of " << int{words} << " words";
  }
  Bytes long_header = v4(0);
  long_header[0] = 0x46;
  EXPECT_EQ(kind_of(long_header), BlockKind::Malformed) << "a header longer than the packet";
  EXPECT_EQ(kind_of(joined({long_header, v4()})), BlockKind::Malformed);
}

TEST(DataBlocks, JumbogramsAreMalformed) {
  Bytes jumbo = v6();
  store_be16(&jumbo[4], 0);
  jumbo[6] = 0;  // Hop-by-Hop.
  EXPECT_EQ(kind_of(jumbo), BlockKind::Malformed);
  jumbo[6] = 59;
  EXPECT_EQ(read_block(jumbo).packet.bytes.size(), 40u) << "no next header, which is legal";
}

TEST(FitsPayload, UpToTheLimitAndNeverPastIt) {
  EXPECT_TRUE(fits_payload(0, 1434, 1434));
  EXPECT_FALSE(fits_payload(0, 1435, 1434));
  EXPECT_TRUE(fits_payload(1394, 40, 1434));
  EXPECT_FALSE(fits_payload(1394, 41, 1434));
  EXPECT_FALSE(fits_payload(1434, 20, 1434));
  EXPECT_FALSE(fits_payload(1500, 20, 1434)) << "the limit has been lowered since";
  EXPECT_FALSE(fits_payload(20, 20, 0)) << "no size is known";
}

}  // namespace
}  // namespace twinspan::esp
