#include "base/byte_writer.h"

#include <gtest/gtest.h>

#include "base/byte_reader.h"

namespace twinspan {
namespace {

TEST(ByteWriter, WritesBigEndianInOrder) {
  ByteWriter writer;
  writer.u8(0x01);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  writer.u64(0x08090a0b0c0d0e0f);
  writer.append(Bytes{0x10, 0x11});
  writer.append({});
  writer.zeros(2);
  EXPECT_EQ(to_hex(writer.bytes()), "0102030405060708090a0b0c0d0e0f10110000");
  EXPECT_EQ(writer.size(), 19u);
  EXPECT_EQ(writer.take().size(), 19u);
}

TEST(ByteWriter, WhatItWritesAReaderReads) {
  ByteWriter writer;
  writer.u8(0xfe);
  writer.u16(0xfedc);
  writer.u32(0xfedcba98);
  writer.u64(0xfedcba9876543210);
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.u8(), 0xfe);
  EXPECT_EQ(reader.u16(), 0xfedc);
  EXPECT_EQ(reader.u32(), 0xfedcba98u);
  EXPECT_EQ(reader.u64(), 0xfedcba9876543210u);
}

TEST(ByteWriter, PatchesInPlaceUpToTheLastByte) {
  ByteWriter writer;
  writer.zeros(8);
  writer.patch_u8(0, 0x11);
  writer.patch_u16(1, 0x2233);
  writer.patch_u32(4, 0x44556677);
  EXPECT_EQ(to_hex(writer.bytes()), "1122330044556677");
}

TEST(ByteWriterDeathTest, PatchingPastTheEndStopsTheProgram) {
  ByteWriter writer;
  writer.zeros(4);
  EXPECT_DEATH(writer.patch_u8(4, 0), "CHECK failed");
  EXPECT_DEATH(writer.patch_u16(3, 0), "CHECK failed");
  EXPECT_DEATH(writer.patch_u32(1, 0), "CHECK failed");
}

}  // namespace
}  // namespace twinspan
