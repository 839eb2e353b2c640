// Whole packets that others made: ours open them, and seal to the same bytes where the IV is ours
// to choose.
#include "tests/support/vector_file.h"
#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

SaPairParams params_of(const VectorCase& test) {
  SaPairParams params = left_params({});
  params.transforms = {.encryption = find_encryption(test.word("encryption"))->encryption,
                       .integrity = IntegrityId::None,
                       .esn = test.has("esn")};
  params.inbound_keys.encryption = SecretBytes(test.bytes("key"));
  params.inbound_keys.integrity = SecretBytes();
  if (test.has("integrity")) {
    params.transforms.integrity = find_integrity(test.word("integrity"))->id;
    params.inbound_keys.integrity = SecretBytes(test.bytes("integrity_key"));
  }
  params.outbound_keys = {params.inbound_keys.encryption.copy(),
                          params.inbound_keys.integrity.copy()};
  const Bytes frame = test.bytes("frame");
  params.inbound_spi = params.outbound_spi = {load_be32(frame.data())};
  return params;
}

TEST(PacketVectors, OpenToTheirInnerPackets) {
  for (const VectorCase& test : read_vectors("esp_packets.vec")) {
    Gateway gateway(1);
    gateway.install(params_of(test));
    const Bytes original = test.bytes("frame");
    Bytes frame = original;
    OpenItem item{.frame = frame.data(), .frame_length = static_cast<uint32_t>(frame.size())};
    open(*gateway.table, {&item, 1}, gateway.orphans);
    EXPECT_EQ(item.verdict, Verdict::Accept) << test.name() << ": " << to_string(item.verdict);
    EXPECT_EQ(to_bytes(inner_of(item)), test.bytes("inner")) << test.name();
  }
}

TEST(PacketVectors, AesGcmSealsToTheSameFrames) {
  size_t compared = 0;
  for (const VectorCase& test : read_vectors("esp_packets.vec")) {
    const Bytes expected = test.bytes("frame");
    const uint64_t sequence = load_be32(&expected[4]);
    if (test.word("encryption").starts_with("AES") || load_be64(&expected[8]) != sequence) continue;
    Gateway gateway(1);
    gateway.install(params_of(test));
    OutboundSa& sa = gateway.outbound();
    sa.state().sequence = OutboundSequence(OutboundSequence::kLast, sequence - 1);
    const Bytes inner = test.bytes("inner");
    Bytes frame(frame_size(sa, inner.size()));
    SealItem item{.inner = inner.data(),
                  .inner_length = static_cast<uint32_t>(inner.size()),
                  .frame = frame.data()};
    ASSERT_EQ(seal(sa, {&item, 1}, gateway.sealed()), 1u);
    EXPECT_EQ(frame, expected) << test.name();
    ++compared;
  }
  EXPECT_EQ(compared, 4u);
}

}  // namespace
}  // namespace twinspan::esp
