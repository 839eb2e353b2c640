// Two gateways' SA stores for tests: `left` seals what `right` opens, and back. Keys are fixed.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "esp/kernels/select.h"
#include "esp/open.h"
#include "esp/sa_table.h"
#include "esp/seal.h"

namespace twinspan::esp {

// Counts up from a seed: repeatable, and no two blocks alike.
class CountingRandom : public RandomSource {
 public:
  explicit CountingRandom(uint8_t seed) : next_(seed) {}
  void fill(ByteSpan out) override {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(next_++ * 167 + 13);
  }

 private:
  uint32_t next_;
};

inline const kernels::KernelSet& test_kernels() {
  static const kernels::KernelSet set = *kernels::KernelSet::choose("", kernels::probe_cpu({}));
  return set;
}

inline constexpr Encryption kGcm256{EncryptionId::AesGcm16, 256};
inline constexpr Encryption kGcm192{EncryptionId::AesGcm16, 192};
inline constexpr Encryption kGcm128{EncryptionId::AesGcm16, 128};
inline constexpr Encryption kChaChaPoly{EncryptionId::ChaCha20Poly1305, 256};
inline constexpr Encryption kCbc256{EncryptionId::AesCbc, 256};
inline constexpr Encryption kCbc192{EncryptionId::AesCbc, 192};
inline constexpr Encryption kCbc128{EncryptionId::AesCbc, 128};

// Every pair of transforms that ESP knows here, without and with ESN.
inline std::vector<EspTransforms> all_transforms() {
  std::vector<EspTransforms> all;
  for (const bool esn : {false, true}) {
    for (const Encryption aead : {kGcm128, kGcm192, kGcm256, kChaChaPoly}) {
      all.push_back({aead, IntegrityId::None, esn});
    }
    for (const Encryption cbc : {kCbc128, kCbc192, kCbc256}) {
      for (const IntegrityProperties& integrity : all_integrities()) {
        all.push_back({cbc, integrity.id, esn});
      }
    }
  }
  return all;
}

inline EspKeys fixed_keys(const EspTransforms& transforms, uint8_t seed) {
  const EncryptionProperties& encryption = *find_encryption(transforms.encryption);
  const IntegrityProperties* const integrity = find_integrity(transforms.integrity);
  EspKeys keys{SecretBytes(size_t{encryption.key_size} + encryption.salt_size),
               SecretBytes(integrity == nullptr ? 0 : integrity->key_size)};
  CountingRandom random(seed);
  random.fill(keys.encryption.span());
  random.fill(keys.integrity.span());
  return keys;
}

inline TrafficSelectors any_selectors() {
  return {TrafficSelector::any(IpFamily::V4), TrafficSelector::any(IpFamily::V6)};
}
inline TrafficSelectors prefix_selectors(const char* prefix) {
  return {TrafficSelector::from_prefix(*IpPrefix::parse(prefix))};
}

inline constexpr TunnelId kTunnel{7};
inline constexpr Spi kLeftSpi{0x1000};   // Left receives by it.
inline constexpr Spi kRightSpi{0x2000};  // Right receives by it.

// The left side's parameters; mirrored() makes the right side's of them.
inline SaPairParams left_params(const EspTransforms& transforms) {
  SaPairParams params;
  params.child = {1};
  params.tunnel = kTunnel;
  params.transforms = transforms;
  params.inbound_spi = kLeftSpi;
  params.outbound_spi = kRightSpi;
  params.inbound_keys = fixed_keys(transforms, 1);
  params.outbound_keys = fixed_keys(transforms, 2);
  params.local = {*IpAddress::parse("192.0.2.1"), 4500};
  params.remote = {*IpAddress::parse("192.0.2.2"), 4500};
  params.local_selectors = any_selectors();
  params.remote_selectors = any_selectors();
  return params;
}

inline SaPairParams copy_of(const SaPairParams& from) {
  SaPairParams to;
  to.child = from.child;
  to.tunnel = from.tunnel;
  to.resource = from.resource;
  to.own_source_port = from.own_source_port;
  to.transforms = from.transforms;
  to.encapsulation = from.encapsulation;
  to.inbound_spi = from.inbound_spi;
  to.outbound_spi = from.outbound_spi;
  to.inbound_keys = {from.inbound_keys.encryption.copy(), from.inbound_keys.integrity.copy()};
  to.outbound_keys = {from.outbound_keys.encryption.copy(), from.outbound_keys.integrity.copy()};
  to.local = from.local;
  to.remote = from.remote;
  to.local_selectors = from.local_selectors;
  to.remote_selectors = from.remote_selectors;
  to.limits = from.limits;
  to.aggfrag = from.aggfrag;
  to.replay_window_packets = from.replay_window_packets;
  to.outbound_active = from.outbound_active;
  return to;
}

inline SaPairParams mirrored(const SaPairParams& left) {
  SaPairParams right = copy_of(left);
  std::swap(right.inbound_spi, right.outbound_spi);
  std::swap(right.inbound_keys, right.outbound_keys);
  std::swap(right.local, right.remote);
  std::swap(right.local_selectors, right.remote_selectors);
  return right;
}

// One gateway: a store and its latest table.
struct Gateway {
  explicit Gateway(uint8_t seed, SourcePolicy policy = {},
                   const kernels::KernelSet& kernels = test_kernels())
      : random(seed), store(kernels, random) {
    store.add_tunnel(kTunnel, std::move(policy));
    publish();
  }
  void install(SaPairParams params) {
    const auto installed = store.install(std::move(params));
    ASSERT_TRUE(installed.has_value()) << installed.error();
    publish();
  }
  void publish() { table = store.make_table(); }
  OutboundSa& outbound() const { return *table->find_tunnel(kTunnel)->spd.at(0).sa; }
  InboundSa& inbound(Spi spi) const { return *table->find_inbound(spi.value); }
  DirectionCounters& sealed() const { return table->find_tunnel(kTunnel)->counters[0]->outbound; }
  DirectionCounters& opened() const { return table->find_tunnel(kTunnel)->counters[0]->inbound; }

  CountingRandom random;
  SaStore store;
  std::unique_ptr<const SaTable> table;
  DirectionCounters orphans;
};

struct TunnelPair {
  explicit TunnelPair(const SaPairParams& left_side, SourcePolicy policy = {},
                      const kernels::KernelSet& kernels = test_kernels())
      : left(11, policy, kernels), right(12, policy, kernels) {
    left.install(copy_of(left_side));
    right.install(mirrored(left_side));
  }
  explicit TunnelPair(const EspTransforms& transforms) : TunnelPair(left_params(transforms)) {}

  // What left sends for these inner bytes.
  Bytes seal_on_left(ByteView inner) {
    OutboundSa& sa = left.outbound();
    Bytes frame(frame_size(sa, inner.size()));
    SealItem item{.inner = inner.data(),
                  .inner_length = static_cast<uint32_t>(inner.size()),
                  .frame = frame.data()};
    if (seal(sa, {&item, 1}, left.sealed()) != 1) return {};
    EXPECT_EQ(item.frame_length, frame.size());
    return frame;
  }
  // Right opens it in place; the frame afterwards holds what was released.
  OpenItem open_on_right(Bytes& frame) {
    OpenItem item{.frame = frame.data(), .frame_length = static_cast<uint32_t>(frame.size())};
    open(*right.table, {&item, 1}, right.orphans);
    return item;
  }

  Gateway left;
  Gateway right;
};

// Seals any plaintext body with the keys and the next number of left's SA: what a faulty or hostile
// holder of the keys could send.
Bytes seal_body(TunnelPair& pair, const Bytes& body);
// A body from its payload.
Bytes with_trailer(Bytes payload, size_t padding, uint8_t next_header);
// The same, with as much padding as the layout asks for.
Bytes padded_body(const EspLayout& layout, Bytes payload, uint8_t next_header);

inline uint64_t drops(const DirectionCounters& counters, Verdict verdict) {
  return counters.drops[static_cast<size_t>(verdict)].read();
}
inline uint64_t all_drops(const DirectionCounters& counters) {
  uint64_t sum = 0;
  for (const Counter& counter : counters.drops) sum += counter.read();
  return sum;
}

// An inner packet with `payload_length` bytes behind its IP header.
struct InnerSpec {
  const char* source = "10.1.0.1";
  const char* destination = "10.2.0.1";
  uint8_t protocol = 17;
  uint16_t source_port = 1000;
  uint16_t destination_port = 2000;
  size_t payload_length = 40;
};
Bytes make_inner(const InnerSpec& spec);

inline ByteView inner_of(const OpenItem& item) {
  return {item.inner, item.inner_length};
}

}  // namespace twinspan::esp
