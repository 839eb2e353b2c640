// Why an exchange failed: one structured record that names the peer, the exchange, both sides'
// values side by side, the likely cause and what to change. A value; ike/core/diagnosis.h makes it.
#pragma once

#include <string>
#include <vector>

namespace twinspan::ike {

// One thing that both sides must agree on, in the configuration's words.
struct ComparedItem {
  // encryption, integrity, prf, dh_group, esn, local_selectors, remote_selectors, local_id or
  // remote_id; "local" is our side.
  std::string item;
  std::string ours;
  std::string theirs;    // Empty: the peer did not tell.
  bool differs = false;  // Nothing in common.
  bool operator==(const ComparedItem&) const = default;
};

// Both sides' values of one negotiation.
struct OfferComparison {
  std::vector<ComparedItem> items;
  std::string our_offer;         // Every combination in order; empty for other things than suites.
  std::string peer_offer;        // Empty: the peer did not tell.
  std::string first_difference;  // The item to look at first; empty when the peer did not tell.
  std::string config_field;      // Under the connection: "ipsec_policy.dh_group".
};

struct Diagnosis {
  std::string cause;         // Stable id: "wrong-psk", "no-ike-proposal", "no-answer", ...
  std::string message;       // "the peer's AUTH does not verify: the pre-shared keys differ"
  std::string remedy;        // "compare shared_key of a-to-b with the peer's"
  std::string likely_cause;  // What is usually behind it.
  std::string connection;    // PeerConfig::name.
  std::string peer_identity;
  std::string peer_address;  // With the port, where a message came from it or went to it.
  std::string exchange;      // "IKE_AUTH"; empty when it was no exchange that failed.
  std::string role;          // Ours in that exchange: "initiator" or "responder".
  OfferComparison compared;
  std::string config_object;  // "connections.a-to-b"
  std::string config_field;   // "shared_key", "ipsec_policy.dh_group"; empty: nothing to change.
};

}  // namespace twinspan::ike
