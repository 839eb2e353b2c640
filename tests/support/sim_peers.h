// The configuration of two gateways, A (192.0.2.1) and B (192.0.2.2), and one tunnel between them.
#pragma once

#include "ike/core/peer_config.h"

namespace twinspan::ike {

inline constexpr TunnelId kTunnel{7};
inline constexpr size_t kA = 0, kB = 1;
// Of A when it stands behind a NAT.
inline constexpr const char* kOutsideAddress = "203.0.113.1";

inline Identity fqdn(const std::string& name) {
  return {.type = IdType::Fqdn, .value = to_bytes(as_bytes(name))};
}

inline TrafficSelectors selectors(const std::vector<std::string>& prefixes) {
  TrafficSelectors list;
  for (const auto& prefix : prefixes)
    list.push_back(TrafficSelector::from_prefix(*IpPrefix::parse(prefix)));
  return list;
}

inline Authentication psk(const std::string& key) {
  return PskAuthentication{.secret = std::make_shared<const SecretBytes>(as_bytes(key))};
}

inline PeerConfig peer_config(size_t side) {
  const bool is_a = side == kA;
  PeerConfig peer;
  peer.tunnel = kTunnel;
  peer.name = is_a ? "a-to-b" : "b-to-a";
  peer.local_address = *IpAddress::parse(is_a ? "192.0.2.1" : "192.0.2.2");
  peer.remote_address = *IpAddress::parse(is_a ? "192.0.2.2" : "192.0.2.1");
  peer.local_identity = fqdn(is_a ? "a.example.net" : "b.example.net");
  peer.remote_identity = fqdn(is_a ? "b.example.net" : "a.example.net");
  peer.authentication = psk("correct horse battery staple");
  peer.ike_proposals = {{.encryption = {EncryptionId::AesGcm16, 256}}};
  peer.children = {{.name = peer.name,
                    .local = selectors({"0.0.0.0/0", "::/0"}),
                    .remote = selectors({"0.0.0.0/0", "::/0"}),
                    .proposals = {{.encryption = {EncryptionId::AesGcm16, 256}}}}};
  peer.dpd_interval = 15s;
  return peer;
}

}  // namespace twinspan::ike
