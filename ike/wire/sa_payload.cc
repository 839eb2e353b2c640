#include "ike/wire/sa_payload.h"

#include "ike/wire/wire_reader.h"

namespace twinspan::ike {

namespace {

constexpr size_t kSubstructureHeaderSize = 4;
constexpr uint8_t kLast = 0;
constexpr uint8_t kMoreProposals = 2;
constexpr uint8_t kMoreTransforms = 3;

constexpr uint16_t kAttributeIsShort = 0x8000;  // AF = 1: type and value, without a length.
constexpr uint16_t kAttributeTypeMask = 0x7fff;
constexpr uint16_t kKeyLengthAttribute = 14;
constexpr uint16_t kPrivateUseAttribute = 0x7fff;  // Of 16384 to 32767.

// Proposals and transforms begin alike: a "last" marker, a reserved byte, the length of the whole.
struct Substructure {
  bool is_last = false;
  ByteView content;
};

Result<Substructure, WireError> take_substructure(WireReader& in, uint8_t more_marker) {
  TRY_ASSIGN(const uint8_t marker, in.u8());
  TRY(in.u8());  // RESERVED
  TRY_ASSIGN(const uint16_t length, in.u16());
  if (marker != kLast && marker != more_marker) return Err<WireError>(WireError::BadLength);
  if (length < kSubstructureHeaderSize) return Err<WireError>(WireError::BadLength);
  TRY_ASSIGN(const ByteView content, in.take(length - kSubstructureHeaderSize));
  return Substructure{marker == kLast, content};
}

// RFC 7296 3.3.5: an attribute is type and value, or type, length and value.
Result<void, WireError> parse_attribute(WireReader& in, Transform& transform) {
  TRY_ASSIGN(const uint16_t head, in.u16());
  TRY_ASSIGN(const uint16_t value_or_length, in.u16());
  const bool is_short = (head & kAttributeIsShort) != 0;
  if (!is_short) TRY(in.take(value_or_length));
  const bool is_key_length = (head & kAttributeTypeMask) == kKeyLengthAttribute;
  if (is_key_length && is_short && !transform.key_bits) {
    transform.key_bits = value_or_length;
  } else {
    transform.has_unknown_attribute = true;
  }
  return {};
}

Result<Transform, WireError> parse_transform(ByteView content) {
  WireReader in(content);
  Transform transform;
  TRY_ASSIGN(const uint8_t type, in.u8());
  TRY(in.u8());  // RESERVED
  TRY_ASSIGN(transform.id, in.u16());
  transform.type = TransformType{type};
  while (!in.empty()) TRY(parse_attribute(in, transform));
  return transform;
}

Result<Proposal, WireError> parse_proposal(ByteView content) {
  WireReader in(content);
  Proposal proposal;
  TRY_ASSIGN(proposal.number, in.u8());
  TRY_ASSIGN(const uint8_t protocol, in.u8());
  TRY_ASSIGN(const uint8_t spi_size, in.u8());
  TRY_ASSIGN(const uint8_t transform_count, in.u8());
  TRY_ASSIGN(const ByteView spi, in.take(spi_size));
  if (transform_count > kTransformsMax) return Err<WireError>(WireError::TooMany);
  proposal.protocol = ProtocolId{protocol};
  proposal.spi = to_bytes(spi);
  for (uint8_t left = transform_count; left > 0; --left) {
    TRY_ASSIGN(const Substructure substructure, take_substructure(in, kMoreTransforms));
    if (substructure.is_last != (left == 1)) return Err<WireError>(WireError::BadLength);
    TRY_ASSIGN(const Transform transform, parse_transform(substructure.content));
    proposal.transforms.push_back(transform);
  }
  if (!in.empty()) return Err<WireError>(WireError::TrailingBytes);
  return proposal;
}

// Writes marker and reserved byte; the length at position + 2 is patched by end_substructure().
size_t begin_substructure(ByteWriter& out, uint8_t marker) {
  const size_t position = out.size();
  out.u8(marker);
  out.zeros(3);
  return position;
}

void end_substructure(ByteWriter& out, size_t position) {
  const size_t length = out.size() - position;
  CHECK(length <= UINT16_MAX);
  out.patch_u16(position + 2, static_cast<uint16_t>(length));
}

void write_transform(const Transform& transform, uint8_t marker, ByteWriter& out) {
  const size_t position = begin_substructure(out, marker);
  out.u8(static_cast<uint8_t>(transform.type));
  out.u8(0);
  out.u16(transform.id);
  if (transform.key_bits) {
    out.u16(kAttributeIsShort | kKeyLengthAttribute);
    out.u16(*transform.key_bits);
  }
  if (transform.has_unknown_attribute) {
    out.u16(kAttributeIsShort | kPrivateUseAttribute);
    out.u16(0);
  }
  end_substructure(out, position);
}

void write_proposal(const Proposal& proposal, uint8_t marker, ByteWriter& out) {
  CHECK(proposal.spi.size() <= UINT8_MAX);
  CHECK(proposal.transforms.size() <= kTransformsMax);
  const size_t position = begin_substructure(out, marker);
  out.u8(proposal.number);
  out.u8(static_cast<uint8_t>(proposal.protocol));
  out.u8(static_cast<uint8_t>(proposal.spi.size()));
  out.u8(static_cast<uint8_t>(proposal.transforms.size()));
  out.append(proposal.spi);
  for (size_t i = 0; i < proposal.transforms.size(); ++i) {
    const bool is_last = i + 1 == proposal.transforms.size();
    write_transform(proposal.transforms[i], is_last ? kLast : kMoreTransforms, out);
  }
  end_substructure(out, position);
}

}  // namespace

Result<SaPayload, WireError> parse_sa(ByteView body) {
  WireReader in(body);
  SaPayload sa;
  for (bool more = true; more;) {
    if (sa.proposals.size() == kProposalsMax) return Err<WireError>(WireError::TooMany);
    TRY_ASSIGN(const Substructure substructure, take_substructure(in, kMoreProposals));
    TRY_ASSIGN(Proposal proposal, parse_proposal(substructure.content));
    sa.proposals.push_back(std::move(proposal));
    more = !substructure.is_last;
  }
  if (!in.empty()) return Err<WireError>(WireError::TrailingBytes);
  return sa;
}

void write_body(const SaPayload& sa, ByteWriter& out) {
  CHECK(!sa.proposals.empty() && sa.proposals.size() <= kProposalsMax);
  for (size_t i = 0; i < sa.proposals.size(); ++i) {
    const bool is_last = i + 1 == sa.proposals.size();
    write_proposal(sa.proposals[i], is_last ? kLast : kMoreProposals, out);
  }
}

}  // namespace twinspan::ike
