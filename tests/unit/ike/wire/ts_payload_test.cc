#include "ike/wire/ts_payload.h"

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

namespace {

constexpr std::string_view kAnyV4 = "07 00 0010 0000 ffff 00000000 ffffffff";
constexpr std::string_view kAnyV6 =
    "08 00 0028 0000 ffff 00000000000000000000000000000000 ffffffffffffffffffffffffffffffff";

Bytes body_of(uint8_t count, std::string_view selectors) {
  return Bytes{count, 0, 0, 0} + hex(selectors);
}

WireError ts_error(uint8_t count, std::string_view selectors) {
  return error_of(parse_ts(true, body_of(count, selectors)));
}

TrafficSelector selector(std::string_view first, std::string_view last) {
  TrafficSelector result;
  result.first_address = *IpAddress::parse(first);
  result.last_address = *IpAddress::parse(last);
  return result;
}

}  // namespace

TEST(TsPayload, ReadsBothFamiliesInOrder) {
  const auto ts = parse_ts(false, body_of(2, kAnyV6) + hex(kAnyV4));
  const TsPayload expected{
      .of_initiator = false,
      .selectors = {TrafficSelector::any(IpFamily::V6), TrafficSelector::any(IpFamily::V4)}};
  EXPECT_EQ(ts, expected);
}

TEST(TsPayload, ReadsProtocolPortsAndAddresses) {
  const auto ts = parse_ts(true, body_of(1, "07 06 0010 01bb 01bc 0a010001 0a0100ff"));
  ASSERT_TRUE(ts.has_value());
  TrafficSelector expected = selector("10.1.0.1", "10.1.0.255");
  expected.protocol = 6;
  expected.first_port = 443;
  expected.last_port = 444;
  EXPECT_EQ(ts->selectors, TrafficSelectors{expected});
}

TEST(TsPayload, WritesExactBytes) {
  TsPayload ts{
      .selectors = {selector("10.1.0.0", "10.1.255.255"), selector("2001:db8::", "2001:db8::f")}};
  ts.selectors[1].protocol = 17;
  EXPECT_EQ(write_body(Payload{ts}),
            body_of(2,
                    "07 00 0010 0000 ffff 0a010000 0a01ffff"
                    "08 11 0028 0000 ffff 20010db8000000000000000000000000"
                    "                     20010db800000000000000000000000f"));
}

TEST(TsPayload, IgnoresReservedBytes) {
  const auto ts = parse_ts(true, hex("01 ffffff") + hex(kAnyV4));
  EXPECT_EQ(ts, (TsPayload{.selectors = {TrafficSelector::any(IpFamily::V4)}}));
}

TEST(TsPayload, KeepsOpaquePorts) {
  const auto ts = parse_ts(true, body_of(1, "07 06 0010 ffff 0000 0a010001 0a010001"));
  ASSERT_TRUE(ts.has_value());
  EXPECT_EQ(ts->selectors.at(0).first_port, 65535);
  EXPECT_EQ(ts->selectors.at(0).last_port, 0);
  EXPECT_EQ(parse_ts(true, write_body(Payload{*ts})), ts);
}

TEST(TsPayload, CountsUnknownTypesAndReadsTheOthers) {
  // FC_ADDR (9), a security label (10) and a bare header of a private type.
  const auto ts = parse_ts(true, body_of(4, "09 00 000c 0102030405060708") + hex("0a 00 0005 41") +
                                     hex(kAnyV4) + hex("ff 00 0004"));
  ASSERT_TRUE(ts.has_value());
  EXPECT_EQ(ts->selectors, TrafficSelectors{TrafficSelector::any(IpFamily::V4)});
  EXPECT_EQ(ts->unknown_count, 3u);
  EXPECT_EQ(parse_ts(true, write_body(Payload{*ts})), ts);
}

TEST(TsPayload, TakesNoSelectorAtAllBecausePolicyIsAbove) {
  EXPECT_EQ(parse_ts(true, body_of(0, "")), TsPayload{});
}

TEST(TsPayload, RefusesAFirstAddressAboveTheLast) {
  EXPECT_EQ(ts_error(1, "07 00 0010 0000 ffff 0a010002 0a010001"), WireError::BadTrafficSelector);
  EXPECT_EQ(ts_error(1,
                     "08 00 0028 0000 ffff 20010db8000000000000000000000001"
                     "                     20010db8000000000000000000000000"),
            WireError::BadTrafficSelector);
}

TEST(TsPayload, RefusesAFirstPortAboveTheLastUnlessOpaque) {
  EXPECT_EQ(ts_error(1, "07 06 0010 0064 0032 0a010001 0a010001"), WireError::BadTrafficSelector);
  EXPECT_EQ(ts_error(1, "07 06 0010 ffff 0001 0a010001 0a010001"), WireError::BadTrafficSelector);
  EXPECT_EQ(ts_error(1, "07 06 0010 fffe 0000 0a010001 0a010001"), WireError::BadTrafficSelector);
}

TEST(TsPayload, RefusesALengthThatTheTypeDoesNotHave) {
  EXPECT_EQ(ts_error(1, "07 00 0000 0000 ffff 00000000 ffffffff"), WireError::BadTrafficSelector);
  EXPECT_EQ(ts_error(1, "07 00 0003 0000 ffff 00000000 ffffffff"), WireError::BadTrafficSelector);
  EXPECT_EQ(ts_error(1, "07 00 0004"), WireError::BadTrafficSelector);
  EXPECT_EQ(ts_error(1, "07 00 000f 0000 ffff 00000000 ffffff"), WireError::BadTrafficSelector);
  EXPECT_EQ(ts_error(1, "07 00 0011 0000 ffff 00000000 ffffffff 00"),
            WireError::BadTrafficSelector);
  EXPECT_EQ(ts_error(1, "08 00 0010 0000 ffff 00000000 ffffffff"), WireError::BadTrafficSelector);
  EXPECT_EQ(ts_error(1, "63 00 0003"), WireError::BadTrafficSelector);
}

TEST(TsPayload, RefusesASelectorThatPassesTheBody) {
  EXPECT_EQ(ts_error(1, "07 00 0010 0000 ffff 00000000 ffffff"), WireError::Truncated);
  EXPECT_EQ(ts_error(1, "63 00 ffff 00"), WireError::Truncated);
  EXPECT_EQ(ts_error(1, "07 00 00"), WireError::Truncated);
}

TEST(TsPayload, RefusesACountThatTheBodyContradicts) {
  EXPECT_EQ(ts_error(2, kAnyV4), WireError::Truncated);
  EXPECT_EQ(ts_error(255, kAnyV4), WireError::Truncated);
  EXPECT_EQ(ts_error(0, kAnyV4), WireError::TrailingBytes);
  EXPECT_EQ(error_of(parse_ts(true, body_of(1, kAnyV4) + hex("00"))), WireError::TrailingBytes);
}

TEST(TsPayload, RefusesABodyShorterThanItsFields) {
  for (const char* text : {"", "00", "00 00", "00 0000"}) {
    EXPECT_EQ(error_of(parse_ts(true, hex(text))), WireError::Truncated) << text;
  }
}

TEST(TsPayload, TakesTheMostSelectors) {
  TsPayload ts;
  ts.selectors.assign(kSelectorsMax, TrafficSelector::any(IpFamily::V6));
  EXPECT_EQ(parse_ts(true, write_body(Payload{ts})), ts);
}

TEST(TsPayload, SideChoosesThePayloadType) {
  EXPECT_EQ(write_payloads({TsPayload{.of_initiator = true}}).first_payload, 44);
  EXPECT_EQ(write_payloads({TsPayload{.of_initiator = false}}).first_payload, 45);
}

TEST(TsPayloadDeathTest, WritingWhatCannotStandOnTheWireIsOurOwnMistake) {
  TsPayload too_many{.unknown_count = 1};
  too_many.selectors.assign(kSelectorsMax, TrafficSelector::any(IpFamily::V4));
  EXPECT_DEATH(write_body(Payload{too_many}), "kSelectorsMax");
  EXPECT_DEATH(write_body(Payload{TsPayload{.selectors = {selector("10.0.0.2", "10.0.0.1")}}}),
               "last_address");
  EXPECT_DEATH(write_body(Payload{TsPayload{.selectors = {selector("10.0.0.1", "::1")}}}),
               "family");
}

}  // namespace twinspan::ike
