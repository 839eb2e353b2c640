#include "ike/core/peer_config.h"

#include <algorithm>

namespace twinspan::ike {

namespace {

std::string cut(std::string text) {
  if (text.size() <= kIdentityTextMax) return text;
  text.resize(kIdentityTextMax);
  return text + "...";
}

}  // namespace

std::string Identity::to_string() const {
  const std::string text(value.begin(), value.end());
  switch (type) {
    case IdType::Ipv4Address:
      return value.size() == 4 ? IpAddress::v4(value.data()).to_string()
                               : "ipv4:" + cut(to_hex(value));
    case IdType::Ipv6Address:
      return value.size() == 16 ? IpAddress::v6(value.data()).to_string()
                                : "ipv6:" + cut(to_hex(value));
    case IdType::Fqdn:
    case IdType::Rfc822Address:
      break;
    case IdType::KeyId:
    case IdType::DerDn:
    case IdType::DerGn:
      break;
  }
  // Peers choose these bytes: nothing unprintable reaches a log or a terminal.
  bool is_printable = !value.empty();
  for (const uint8_t byte : value) is_printable &= byte >= 0x20 && byte < 0x7f;
  if (type == IdType::KeyId) return "keyid:" + cut(is_printable ? text : to_hex(value));
  if (is_printable && (type == IdType::Fqdn || type == IdType::Rfc822Address)) return cut(text);
  return "id" + std::to_string(static_cast<unsigned>(type)) + ":" + cut(to_hex(value));
}

const char* to_string(ProofKind kind) {
  switch (kind) {
    case ProofKind::None:
      return "none";
    case ProofKind::Psk:
      return "psk";
    case ProofKind::PreviousPsk:
      return "previous-psk";
    case ProofKind::Certificate:
      return "certificate";
    case ProofKind::RawPublicKey:
      return "raw-public-key";
  }
  return "?";
}

const ChildConfig* PeerConfig::find_child(std::string_view child_name) const {
  const auto found = std::ranges::find(children, child_name, &ChildConfig::name);
  return found == children.end() ? nullptr : &*found;
}

}  // namespace twinspan::ike
