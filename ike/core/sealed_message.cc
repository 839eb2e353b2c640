#include "ike/core/sealed_message.h"

#include "base/check.h"

namespace twinspan::ike {
namespace {

constexpr size_t kNextPayloadOffset = 16;
constexpr size_t kLengthOffset = 24;
constexpr size_t kGenericHeaderSize = 4;

}  // namespace

Bytes seal_message(Provider& provider, const SkKeys& keys, uint64_t iv_counter, Header header,
                   const std::vector<Payload>& payloads) {
  const WrittenChain chain = write_payloads(payloads);
  const size_t body_size = sk_body_size(keys, chain.bytes.size());
  Bytes message = write_message(header, {});
  CHECK(message.size() == kHeaderSize);
  const size_t total = kHeaderSize + kGenericHeaderSize + body_size;
  CHECK(total <= kMessageSizeMax);
  message[kNextPayloadOffset] = static_cast<uint8_t>(PayloadType::Encrypted);
  store_be32(&message[kLengthOffset], static_cast<uint32_t>(total));
  message.push_back(chain.first_payload);
  message.push_back(0);
  message.resize(message.size() + 2);
  store_be16(&message[message.size() - 2], static_cast<uint16_t>(kGenericHeaderSize + body_size));
  const Bytes body = seal_sk(provider, keys, iv_counter, message, chain.bytes);
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

Result<std::vector<Payload>, OpenFailure> open_message(Provider& provider, const SkKeys& keys,
                                                       ByteView datagram, const Message& message) {
  const EncryptedBlock& block = *message.encrypted;
  const auto plaintext = open_sk(provider, keys, datagram.first(block.body_offset),
                                 datagram.subspan(block.body_offset, block.body_length));
  if (!plaintext) return Err<OpenFailure>{{OpenError::BadIntegrity, {}}};
  auto payloads = parse_payloads(block.first_inner_payload, *plaintext);
  if (!payloads) return Err<OpenFailure>{{OpenError::BadPayloads, payloads.error()}};
  return *std::move(payloads);
}

}  // namespace twinspan::ike
