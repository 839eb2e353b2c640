// Hostile bytes into the IKEv2 codec, outside (a whole datagram) and inside SK (a payload chain).
//
// The first byte chooses the door: even for parse_message(), odd for parse_payloads(), whose first
// payload type is the second byte. Beyond "no crash": what parses must be written again, and must
// then parse to the same values.
#include "base/check.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

namespace {

void check_written_again(const std::vector<Payload>& payloads) {
  const WrittenChain chain = write_payloads(payloads);
  const auto again = parse_payloads(chain.first_payload, chain.bytes);
  CHECK(again.has_value());
  CHECK(*again == payloads);
}

void check_block(const EncryptedBlock& block, ByteView datagram) {
  CHECK(block.body_offset <= datagram.size());
  CHECK(block.body_offset + block.body_length == datagram.size());
  CHECK(block.fragment_number <= block.fragment_total);
}

// Header and SK are written anew beside the same body, and must be found where they were; only
// without cleartext payloads, which Twinspan never puts beside SK.
void check_prefix_written_again(const Message& message, ByteView datagram) {
  const EncryptedBlock& block = *message.encrypted;
  Bytes bytes = write_encrypted_prefix(message.header, block);
  const ByteView body = datagram.subspan(block.body_offset);
  bytes.insert(bytes.end(), body.begin(), body.end());
  const auto again = parse_message(bytes);
  CHECK(again.has_value());
  CHECK(again->encrypted == block);
}

void check_message_written_again(const Message& message) {
  const auto again = parse_message(write_message(message.header, message.payloads));
  CHECK(again.has_value());
  CHECK(again->payloads == message.payloads);
  CHECK(again->header.message_id == message.header.message_id);
  CHECK(again->header.initiator_spi == message.header.initiator_spi);
  CHECK(again->header.responder_spi == message.header.responder_spi);
}

void feed_message(ByteView datagram) {
  const auto message = parse_message(datagram);
  if (!message) return;
  CHECK(!describe(message->header, message->payloads).empty());
  check_written_again(message->payloads);
  if (!message->encrypted) return check_message_written_again(*message);
  check_block(*message->encrypted, datagram);
  if (message->payloads.empty()) check_prefix_written_again(*message, datagram);
}

void feed_chain(ByteView input) {
  if (input.empty()) return;
  const auto payloads = parse_payloads(input[0], input.subspan(1));
  if (!payloads) return;
  CHECK(!describe({}, *payloads).empty());
  check_written_again(*payloads);
}

}  // namespace

}  // namespace twinspan::ike

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const twinspan::ByteView input(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    twinspan::ike::feed_message(input);
  } else {
    twinspan::ike::feed_chain(input);
  }
  return 0;
}
