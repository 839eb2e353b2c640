// Fuzzes the ESP receive path: frames of one batch against a table with one SA of each suite.
//
// The input is a sequence of records: control byte, length (2 bytes), so many bytes.
//   control & 15   the SA
//   control & 16   plaintext: the bytes become a body that is padded to the cipher's alignment and
//                  sealed with the SA's own keys, so that the parser behind decryption is reached
//                  (else the bytes are the frame, with the SA's SPI in place if there is room)
//   control & 32   with 16: the SA's next frame repeats the sequence number of this one
// What must hold: no sanitizer report, every accepted inner packet lies inside its frame and behind
// the one before, and what the cipher decrypted of any other frame is zero.
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "esp/kernels/select.h"
#include "esp/open.h"
#include "esp/sa_table.h"
#include "esp/seal.h"
#include "tests/support/sealed_body.h"

namespace twinspan::esp {
namespace {

constexpr size_t kFramesMax = 70;  // More than one batch of the kernels.
// A tunnel for each suite, so that no SA takes another one's place in an SPD.
TunnelId tunnel_of(size_t suite) {
  return {static_cast<uint32_t>(suite)};
}

class FixedRandom : public RandomSource {
 public:
  void fill(ByteSpan out) override {
    for (uint8_t& byte : out) byte = next_++;
  }

 private:
  uint8_t next_ = 1;
};

struct Suite {
  EspTransforms transforms;
  bool narrow;  // Selectors 10.1.0.0/16 TCP to 10.2.0.0/16 instead of any-to-any.
  bool aggfrag = false;
};
constexpr Encryption kGcm{EncryptionId::AesGcm16, 256}, kGcm128{EncryptionId::AesGcm16, 128},
    kChaCha{EncryptionId::ChaCha20Poly1305, 256}, kCbc{EncryptionId::AesCbc, 256};
constexpr Suite kSuites[] = {
    {{kGcm, IntegrityId::None, true}, false},
    {{kGcm128, IntegrityId::None, false}, true},
    {{kChaCha, IntegrityId::None, true}, false},
    {{kCbc, IntegrityId::HmacSha256_128, true}, true},
    {{kCbc, IntegrityId::HmacSha384_192, false}, false},
    {{kCbc, IntegrityId::HmacSha512_256, true}, false},
    {{kGcm, IntegrityId::None, true}, false, true},
    {{kCbc, IntegrityId::HmacSha256_128, false}, true, true},
};

SaPairParams params_of(size_t index) {
  const Suite& suite = kSuites[index];
  const EncryptionProperties& encryption = *find_encryption(suite.transforms.encryption);
  const IntegrityProperties* const integrity = find_integrity(suite.transforms.integrity);
  SaPairParams params;
  params.child = {index + 1};
  params.tunnel = tunnel_of(index);
  params.transforms = suite.transforms;
  // Both directions have the same SPI and keys: what the SA seals, it opens.
  params.inbound_spi = params.outbound_spi = {static_cast<uint32_t>(0x1000 + index)};
  for (EspKeys* keys : {&params.inbound_keys, &params.outbound_keys}) {
    keys->encryption = SecretBytes(size_t{encryption.key_size} + encryption.salt_size);
    keys->integrity = SecretBytes(integrity == nullptr ? 0 : integrity->key_size);
  }
  params.aggfrag = suite.aggfrag;
  params.replay_window_packets = 1024;
  const auto side = [&](const char* prefix) -> TrafficSelectors {
    if (!suite.narrow)
      return {TrafficSelector::any(IpFamily::V4), TrafficSelector::any(IpFamily::V6)};
    TrafficSelector selector = TrafficSelector::from_prefix(*IpPrefix::parse(prefix));
    selector.protocol = 6;
    selector.first_port = 80;
    TrafficSelector v6 = TrafficSelector::any(IpFamily::V6);
    v6.protocol = 58;
    return {selector, v6};
  };
  params.local_selectors = side("10.1.0.0/16");
  params.remote_selectors = side("10.2.0.0/16");
  return params;
}

class Harness {
 public:
  Harness()
      : kernels_(*kernels::KernelSet::choose("", kernels::probe_cpu({}))),
        store_(kernels_, random_) {
    for (size_t i = 0; i < std::size(kSuites); ++i) {
      store_.add_tunnel(tunnel_of(i), {.refuse_martians = true,
                                       .refused_sources = {*IpPrefix::parse("10.9.0.0/16")}});
      CHECK(store_.install(params_of(i)).has_value());
    }
    table_ = store_.make_table();
  }

  void run(ByteView input);

 private:
  Bytes raw_frame(size_t suite, ByteView bytes);
  Bytes sealed_frame(size_t suite, ByteView bytes, bool repeat_number);
  void check(OpenItem& item, const Bytes& frame);

  FixedRandom random_;
  kernels::KernelSet kernels_;
  SaStore store_;
  std::unique_ptr<const SaTable> table_;
  DirectionCounters orphans_;
};

Bytes Harness::raw_frame(size_t suite, ByteView bytes) {
  Bytes frame(bytes.begin(), bytes.end());
  if (frame.size() >= 4) store_be32(frame.data(), static_cast<uint32_t>(0x1000 + suite));
  return frame;
}

Bytes Harness::sealed_frame(size_t suite, ByteView bytes, bool repeat_number) {
  OutboundState& state = table_->find_tunnel(tunnel_of(suite))->spd.at(0).sa->state();
  Bytes body(bytes.begin(), bytes.end());
  while (body.empty() || body.size() % state.layout.alignment != 0) body.insert(body.begin(), 0x45);
  return seal_body(state, state.sequence.reserve(repeat_number ? 0 : 1).first, body);
}

void Harness::check(OpenItem& item, const Bytes& frame) {
  if (item.verdict == Verdict::Accept) {
    CHECK(item.sa != nullptr);
    const uint8_t* from = frame.data();
    do {
      CHECK(item.inner >= from && item.inner_length >= 20);
      from = item.inner + item.inner_length;
      CHECK(from + item.unread_length <= frame.data() + frame.size());
    } while (next_inner(item));
    return;
  }
  CHECK(item.inner == nullptr && item.inner_length == 0);
  CHECK(item.verdict != Verdict::Count_);
  const bool was_decrypted =
      item.sa != nullptr && item.verdict != Verdict::Malformed && item.verdict != Verdict::Replayed;
  if (!was_decrypted) return;
  const EspLayout& layout = item.sa->layout();
  CHECK(std::all_of(frame.begin() + static_cast<ptrdiff_t>(layout.header_size()),
                    frame.end() - static_cast<ptrdiff_t>(layout.icv_size),
                    [](uint8_t byte) { return byte == 0; }));
}

void Harness::run(ByteView input) {
  std::vector<Bytes> frames;
  while (input.size() >= 3 && frames.size() < kFramesMax) {
    const uint8_t control = input[0];
    const size_t length = std::min<size_t>(load_be16(&input[1]), input.size() - 3);
    const ByteView bytes = input.subspan(3, length);
    const size_t suite = (control & 15) % std::size(kSuites);
    frames.push_back((control & 16) != 0 ? sealed_frame(suite, bytes, (control & 32) != 0)
                                         : raw_frame(suite, bytes));
    input = input.subspan(3 + length);
  }
  std::vector<OpenItem> items(frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    items[i] = {.frame = frames[i].data(), .frame_length = static_cast<uint32_t>(frames[i].size())};
  }
  open(*table_, items, orphans_);
  for (size_t i = 0; i < frames.size(); ++i) check(items[i], frames[i]);
}

}  // namespace
}  // namespace twinspan::esp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  twinspan::esp::Harness harness;  // Fresh windows, so that an input alone decides what happens.
  harness.run({bytes, size});
  return 0;
}
