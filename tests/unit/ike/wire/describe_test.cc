#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

namespace {

Header header_of(ExchangeType exchange, uint32_t message_id) {
  return {.exchange = static_cast<uint8_t>(exchange), .message_id = {message_id}};
}

}  // namespace

TEST(Describe, NamesARekeyInTheRfcsWords) {
  const std::vector<Payload> payloads{SaPayload{},    NotifyPayload{.type = NotifyType::RekeySa},
                                      NoncePayload{}, KePayload{},
                                      TsPayload{},    TsPayload{.of_initiator = false}};
  EXPECT_EQ(describe(header_of(ExchangeType::CreateChildSa, 2), payloads),
            "CREATE_CHILD_SA request 2 [SA, N(REKEY_SA), Ni, KEi, TSi, TSr]");
}

TEST(Describe, AResponsesNonceAndKeyAreTheRespondersOwn) {
  Header header = header_of(ExchangeType::IkeSaInit, 0);
  header.is_response = true;
  EXPECT_EQ(describe(header, {KePayload{}, NoncePayload{}}), "IKE_SA_INIT response 0 [KEr, Nr]");
}

TEST(Describe, NamesIdentitiesByTheirSideAndNotByTheSender) {
  EXPECT_EQ(describe(header_of(ExchangeType::IkeAuth, 1),
                     {IdPayload{}, IdPayload{.of_initiator = false}, AuthPayload{}}),
            "IKE_AUTH request 1 [IDi, IDr, AUTH]");
}

TEST(Describe, NamesWhatIsKeptRaw) {
  EXPECT_EQ(describe(header_of(ExchangeType::IkeAuth, 1),
                     {OpaquePayload{37, {}}, OpaquePayload{38, {}}, OpaquePayload{47, {}},
                      OpaquePayload{48, {}}, OpaquePayload{49, {}}, VendorIdPayload{}}),
            "IKE_AUTH request 1 [CERT, CERTREQ, CP, EAP, PAYLOAD(49), V]");
  EXPECT_EQ(describe(header_of(ExchangeType::IkeAuth, 1), {CertPayload{}, CertRequestPayload{}}),
            "IKE_AUTH request 1 [CERT, CERTREQ]");
}

TEST(Describe, PrintsNumbersForWhatItDoesNotKnow) {
  Header header = header_of(ExchangeType{240}, 4294967295);
  EXPECT_EQ(describe(header, {NotifyPayload{.type = NotifyType{1234}}}),
            "EXCHANGE(240) request 4294967295 [N(1234)]");
}

TEST(Describe, AnEmptyMessageHasEmptyBrackets) {
  EXPECT_EQ(describe(header_of(ExchangeType::Informational, 3), {}), "INFORMATIONAL request 3 []");
  EXPECT_EQ(describe(header_of(ExchangeType::Informational, 3), {DeletePayload{}}),
            "INFORMATIONAL request 3 [D]");
}

}  // namespace twinspan::ike
