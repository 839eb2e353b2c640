// A custom IPsec policy: exactly one combination, sent and accepted. Algorithms stay the words of
// the file here (with an AEAD, the integrity repeats the encryption's word); policy/ipsec_suite.h
// reads them.
#pragma once

#include "policy/source_mark.h"

namespace twinspan::policy {

inline constexpr const char* kStrongPolicyName = "strong";  // Built in, and the default.

struct IpsecPolicy {
  std::string name;  // Empty for a mapping inside a connection.
  SourceMark mark;
  MarkedText ike_encryption;
  MarkedText ike_integrity;
  MarkedText ike_prf;  // When not set, the PRF of the integrity, or of the AEAD's key length.
  MarkedText dh_group;
  MarkedText ipsec_encryption;
  MarkedText ipsec_integrity;
  MarkedText pfs_group;
  Marked<bool> esn;
  Marked<uint64_t> ike_life_time_seconds;
  Marked<uint64_t> sa_life_time_seconds;
  Marked<uint64_t> sa_data_size_kilobytes;
  Marked<uint64_t> sa_life_packets;
};

}  // namespace twinspan::policy
