#include "ike/wire/message.h"

#include "ike/wire/payload_chain.h"
#include "ike/wire/wire_reader.h"

namespace twinspan::ike {

namespace {

constexpr uint8_t kResponseFlag = 0x20;
constexpr uint8_t kVersionFlag = 0x10;
constexpr uint8_t kInitiatorFlag = 0x08;
constexpr size_t kNextPayloadOffset = 16;
constexpr size_t kLengthOffset = 24;
constexpr size_t kFragmentHeaderSize = 4;  // RFC 7383 2.5: number and total, 16 bits each.

Result<Header, WireError> read_header(WireReader in) {
  Header header;
  TRY_ASSIGN(header.initiator_spi.value, in.u64());
  TRY_ASSIGN(header.responder_spi.value, in.u64());
  TRY_ASSIGN(header.next_payload, in.u8());
  TRY_ASSIGN(const uint8_t version, in.u8());
  TRY_ASSIGN(header.exchange, in.u8());
  TRY_ASSIGN(const uint8_t flags, in.u8());
  TRY_ASSIGN(header.message_id.value, in.u32());
  TRY_ASSIGN(header.length, in.u32());
  header.major_version = version >> 4;
  header.minor_version = version & 0x0f;
  header.is_response = (flags & kResponseFlag) != 0;
  header.from_initiator = (flags & kInitiatorFlag) != 0;
  header.higher_version = (flags & kVersionFlag) != 0;
  return header;
}

Result<void, WireError> check_length(uint32_t length, size_t datagram_size) {
  if (length < kHeaderSize) return Err<WireError>(WireError::BadLength);
  if (length > datagram_size) return Err<WireError>(WireError::Truncated);
  if (length < datagram_size) return Err<WireError>(WireError::TrailingBytes);
  if (length > kMessageSizeMax) return Err<WireError>(WireError::TooMany);
  return {};
}

// RFC 7383 2.5: the receiver checks that the number is not 0 and not above the total.
Result<void, WireError> parse_fragment_header(ByteView body, EncryptedBlock& block) {
  WireReader in(body);
  TRY_ASSIGN(block.fragment_number, in.u16());
  TRY_ASSIGN(block.fragment_total, in.u16());
  if (block.fragment_number == 0 || block.fragment_number > block.fragment_total) {
    return Err<WireError>(WireError::BadFragment);
  }
  return {};
}

Result<EncryptedBlock, WireError> locate_encrypted(const RawPayload& raw, ByteView datagram) {
  EncryptedBlock block;
  block.first_inner_payload = raw.next_payload;
  block.body_offset = static_cast<size_t>(raw.body.data() - datagram.data());
  block.body_length = raw.body.size();
  // RFC 7296 3.14: the Encrypted payload, if present, is the last one of the message.
  if (block.body_offset + block.body_length != datagram.size()) {
    return Err<WireError>(WireError::Misplaced);
  }
  if (PayloadType{raw.type} == PayloadType::EncryptedFragment) {
    TRY(parse_fragment_header(raw.body, block));
    block.body_offset += kFragmentHeaderSize;
    block.body_length -= kFragmentHeaderSize;
  }
  return block;
}

// Next payload and length stay 0 for the caller to patch.
void write_header(const Header& header, ByteWriter& out) {
  const int flags =
      (header.is_response ? kResponseFlag : 0) | (header.from_initiator ? kInitiatorFlag : 0);
  out.u64(header.initiator_spi.value);
  out.u64(header.responder_spi.value);
  out.u8(0);
  // RFC 7296 3.1: a sender sets the minor version to 0 and clears V.
  out.u8(kMajorVersion << 4);
  out.u8(header.exchange);
  out.u8(static_cast<uint8_t>(flags));
  out.u32(header.message_id.value);
  out.u32(0);
}

}  // namespace

Result<Header, WireFailure> parse_header(ByteView datagram) {
  auto header = read_header(WireReader(datagram));
  if (!header) return Err<WireFailure>({header.error(), 0});
  const auto checked = check_length(header->length, datagram.size());
  if (!checked) return Err<WireFailure>({checked.error(), 0});
  return *header;
}

Result<Message, WireFailure> parse_message(ByteView datagram) {
  Message message;
  TRY_ASSIGN(message.header, parse_header(datagram));
  if (message.header.major_version != kMajorVersion) {
    return Err<WireFailure>({WireError::BadVersion, 0});
  }
  PayloadWalk walk(message.header.next_payload, datagram.subspan(kHeaderSize));
  while (!walk.at_end()) {
    TRY_ASSIGN(const RawPayload raw, walk.take());
    if (is_encrypted_type(raw.type)) {
      const auto block = locate_encrypted(raw, datagram);
      if (!block) return Err<WireFailure>({block.error(), raw.type});
      message.encrypted = *block;
      return message;
    }
    TRY_ASSIGN(Payload payload, parse_payload(raw));
    message.payloads.push_back(std::move(payload));
  }
  if (walk.has_bytes_left()) return Err<WireFailure>({WireError::TrailingBytes, 0});
  return message;
}

Bytes write_message(const Header& header, const std::vector<Payload>& payloads) {
  ByteWriter out;
  write_header(header, out);
  out.patch_u8(kNextPayloadOffset, append_payloads(payloads, out));
  out.patch_u32(kLengthOffset, static_cast<uint32_t>(out.size()));
  return out.take();
}

Bytes write_encrypted_prefix(const Header& header, const EncryptedBlock& block) {
  const bool is_fragment = block.fragment_total != 0;
  const PayloadType type = is_fragment ? PayloadType::EncryptedFragment : PayloadType::Encrypted;
  const size_t payload_length =
      kGenericHeaderSize + (is_fragment ? kFragmentHeaderSize : 0) + block.body_length;
  CHECK(kHeaderSize + payload_length <= kMessageSizeMax);
  ByteWriter out;
  write_header(header, out);
  out.patch_u8(kNextPayloadOffset, static_cast<uint8_t>(type));
  out.patch_u32(kLengthOffset, static_cast<uint32_t>(kHeaderSize + payload_length));
  out.u8(block.first_inner_payload);
  out.u8(0);
  out.u16(static_cast<uint16_t>(payload_length));
  if (is_fragment) {
    out.u16(block.fragment_number);
    out.u16(block.fragment_total);
  }
  return out.take();
}

const char* to_string(WireError error) {
  switch (error) {
    case WireError::Truncated:
      return "truncated";
    case WireError::BadLength:
      return "wrong length or count";
    case WireError::BadVersion:
      return "unsupported major version";
    case WireError::UnknownCritical:
      return "unknown critical payload";
    case WireError::TooMany:
      return "too many elements";
    case WireError::BadSpiSize:
      return "wrong SPI size";
    case WireError::BadTrafficSelector:
      return "wrong traffic selector";
    case WireError::BadNonce:
      return "nonce not of 16 to 256 bytes";
    case WireError::TrailingBytes:
      return "bytes after the end";
    case WireError::Misplaced:
      return "encrypted payload in the wrong place";
    case WireError::BadFragment:
      return "wrong fragment number";
    case WireError::BadProtocol:
      return "wrong protocol";
  }
  return "unknown error";
}

}  // namespace twinspan::ike
