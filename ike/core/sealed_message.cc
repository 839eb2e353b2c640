#include "ike/core/sealed_message.h"

#include <algorithm>

#include "base/check.h"

namespace twinspan::ike {
namespace {

constexpr size_t kGenericHeaderSize = 4;
constexpr size_t kFragmentHeaderSize = 4;
constexpr size_t kNextPayloadOffset = 16;
constexpr size_t kLengthOffset = 24;
constexpr size_t kFragmentPrefixSize = kHeaderSize + kGenericHeaderSize + kFragmentHeaderSize;

size_t whole_size(const SkKeys& keys, size_t plaintext_size) {
  return kHeaderSize + kGenericHeaderSize + sk_body_size(keys, plaintext_size);
}

Bytes seal_block(Provider& provider, const SkKeys& keys, uint64_t iv_counter, Bytes prefix,
                 ByteView plaintext) {
  const Bytes body = seal_sk(provider, keys, iv_counter, prefix, plaintext);
  prefix.insert(prefix.end(), body.begin(), body.end());
  return prefix;
}

Bytes seal_whole(Provider& provider, const SkKeys& keys, uint64_t iv_counter,
                 const PlainMessage& message) {
  EncryptedBlock block;
  block.first_inner_payload = message.first_payload;
  block.body_length = sk_body_size(keys, message.payloads.size());
  return seal_block(provider, keys, iv_counter, write_encrypted_prefix(message.header, block),
                    message.payloads);
}

// The most plaintext that a datagram carries behind its prefix; at least one byte, or nothing would
// ever end.
size_t plaintext_size_max(const SkKeys& keys, size_t prefix_size, size_t datagram_max) {
  const size_t fixed = prefix_size + sk_body_size(keys, 0);
  size_t size = datagram_max > fixed ? datagram_max - fixed : 1;
  while (size > 1 && prefix_size + sk_body_size(keys, size) > datagram_max) --size;
  return size;
}

}  // namespace

size_t chain_size_max(const SkKeys& keys, size_t datagram_max) {
  return plaintext_size_max(keys, kHeaderSize + kGenericHeaderSize, datagram_max);
}

Bytes seal_message(Provider& provider, const SkKeys& keys, uint64_t iv_counter, Header header,
                   const std::vector<Payload>& payloads) {
  WrittenChain chain = write_payloads(payloads);
  return seal_whole(
      provider, keys, iv_counter,
      {.header = header, .first_payload = chain.first_payload, .payloads = std::move(chain.bytes)});
}

std::vector<Bytes> seal_datagrams(Provider& provider, const SkKeys& keys, uint64_t& iv_counter,
                                  const PlainMessage& message, size_t datagram_max) {
  const ByteView plaintext = message.payloads;
  CHECK(whole_size(keys, plaintext.size()) <= kMessageSizeMax);
  if (whole_size(keys, plaintext.size()) <= datagram_max) {
    return {seal_whole(provider, keys, iv_counter++, message)};
  }
  const size_t step = plaintext_size_max(keys, kFragmentPrefixSize, datagram_max);
  const size_t total = (plaintext.size() + step - 1) / step;
  CHECK(total <= UINT16_MAX);
  std::vector<Bytes> datagrams;
  for (size_t number = 1; number <= total; ++number) {
    const size_t begin = (number - 1) * step;
    const ByteView part = plaintext.subspan(begin, std::min(step, plaintext.size() - begin));
    EncryptedBlock block;
    // RFC 7383 2.5: the type of the first payload stands in fragment 1, 0 in the others.
    block.first_inner_payload = number == 1 ? message.first_payload : 0;
    block.body_length = sk_body_size(keys, part.size());
    block.fragment_number = static_cast<uint16_t>(number);
    block.fragment_total = static_cast<uint16_t>(total);
    datagrams.push_back(seal_block(provider, keys, iv_counter++,
                                   write_encrypted_prefix(message.header, block), part));
  }
  return datagrams;
}

Bytes int_auth_octets(ByteView first_datagram, ByteView payloads) {
  const auto message = parse_message(first_datagram);
  CHECK(message.has_value() && message->encrypted.has_value());
  size_t prefix_size = message->encrypted->body_offset;
  Bytes octets = to_bytes(first_datagram.first(prefix_size));
  if (message->encrypted->fragment_total != 0) {
    // Nothing stands beside SKF (ike/core/fragments.cc), so the header names it.
    prefix_size -= kFragmentHeaderSize;
    octets.resize(prefix_size);
    octets[kNextPayloadOffset] = static_cast<uint8_t>(PayloadType::Encrypted);
  }
  store_be32(&octets[kLengthOffset], static_cast<uint32_t>(prefix_size + payloads.size()));
  store_be16(&octets[prefix_size - 2], static_cast<uint16_t>(kGenericHeaderSize + payloads.size()));
  octets.insert(octets.end(), payloads.begin(), payloads.end());
  return octets;
}

std::optional<Bytes> open_block(Provider& provider, const SkKeys& keys, ByteView datagram,
                                const Message& message) {
  const EncryptedBlock& block = *message.encrypted;
  return open_sk(provider, keys, datagram.first(block.body_offset),
                 datagram.subspan(block.body_offset, block.body_length));
}

Result<std::vector<Payload>, OpenFailure> open_message(Provider& provider, const SkKeys& keys,
                                                       ByteView datagram, const Message& message) {
  const auto plaintext = open_block(provider, keys, datagram, message);
  if (!plaintext) return Err<OpenFailure>{{OpenError::BadIntegrity, {}}};
  auto payloads = parse_payloads(message.encrypted->first_inner_payload, *plaintext);
  if (!payloads) return Err<OpenFailure>{{OpenError::BadPayloads, payloads.error()}};
  return *std::move(payloads);
}

}  // namespace twinspan::ike
