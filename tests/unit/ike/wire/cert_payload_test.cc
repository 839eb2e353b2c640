#include "ike/wire/cert_payload.h"

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

TEST(CertPayload, ReadsEncodingAndValue) {
  EXPECT_EQ(parse_cert(hex("04 3082")),
            (Payload{CertPayload{CertEncoding::X509Signature, hex("3082")}}));
  EXPECT_EQ(parse_cert(hex("0f")), (Payload{CertPayload{CertEncoding::RawPublicKey, {}}}));
  EXPECT_EQ(parse_cert(hex("c8 01")), (Payload{CertPayload{CertEncoding{200}, hex("01")}}));
}

TEST(CertPayload, WritesExactBytes) {
  EXPECT_EQ(write_body(Payload{CertPayload{CertEncoding::RawPublicKey, hex("302a")}}),
            hex("0f 302a"));
}

TEST(CertPayload, WithoutAnEncodingItStaysRawAndIsWrittenAsItCame) {
  EXPECT_EQ(parse_cert({}), (Payload{OpaquePayload{37, {}}}));
  EXPECT_EQ(parse_cert_request({}), (Payload{OpaquePayload{38, {}}}));
  const WrittenChain chain = write_payloads({parse_cert({}), parse_cert_request({})});
  EXPECT_EQ(chain.bytes, hex("26 00 0004 00 00 0004"));
}

TEST(CertRequestPayload, ReadsAndWritesEncodingAndAuthorities) {
  const CertRequestPayload request{CertEncoding::X509Signature, Bytes(40, 0xab)};
  EXPECT_EQ(parse_cert_request(hex("04") + Bytes(40, 0xab)), Payload{request});
  EXPECT_EQ(write_body(Payload{request}), hex("04") + Bytes(40, 0xab));
  EXPECT_EQ(parse_cert_request(hex("0f")),
            (Payload{CertRequestPayload{CertEncoding::RawPublicKey, {}}}));
}

TEST(CertRequestPayload, AnUnevenListOfAuthoritiesIsNotOursToJudge) {
  EXPECT_EQ(parse_cert_request(hex("04 010203")),
            (Payload{CertRequestPayload{CertEncoding::X509Signature, hex("010203")}}));
}

}  // namespace twinspan::ike
