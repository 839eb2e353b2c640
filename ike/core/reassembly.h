// The fragments of one message of the peer until all are there (RFC 7383 2.6). An IKE SA has one
// for the peer's requests and one for its answers; window 1 allows no more.
//
// judge() looks at what a stranger may have written and changes nothing; add() takes only what was
// authenticated by itself. Bounded by fragments, by bytes, and by the owner's timer.
#pragma once

#include <map>

#include "ike/core/sealed_message.h"

namespace twinspan::ike {

inline constexpr uint16_t kFragmentsMax = 64;
// Of the content of all fragments; beside it the datagram of fragment 1 is kept.
inline constexpr size_t kReassembledSizeMax = 65536 - 64;

class Reassembly {
 public:
  enum class Verdict : uint8_t {
    Wanted,
    Duplicate,  // This number is here already.
    Outdated,   // A smaller total than that of the fragments that are here.
    Unusable,   // Too many, or a first payload where none may be.
  };
  Verdict judge(const Header& header, const EncryptedBlock& block) const;

  struct Fragment {
    const Header& header;
    const EncryptedBlock& block;
    ByteView plaintext;
    ByteView datagram;
  };
  enum class Outcome : uint8_t { Kept, Complete, Refused };
  // Only what judge() wants. Another message ID or a larger total drops what is here; Refused:
  // it belongs to another exchange, or all together are too large, and nothing is kept any more.
  Outcome add(const Fragment& fragment);

  // After Complete; empty afterwards.
  struct Whole {
    PlainMessage message;
    Bytes first_datagram;
    uint16_t total = 0;
  };
  Whole take();
  void abandon() { *this = {}; }

  bool is_empty() const { return parts_.empty(); }
  size_t held_bytes() const { return size_ + first_datagram_.size(); }
  MessageId message_id() const { return header_.message_id; }
  uint16_t total() const { return total_; }
  const std::map<uint16_t, Bytes>& parts() const { return parts_; }

 private:
  friend class StateDump;

  bool is_of_this(const Header& header) const {
    return !parts_.empty() && header.message_id == header_.message_id;
  }

  Header header_;
  uint16_t total_ = 0;
  uint8_t first_payload_ = 0;
  std::map<uint16_t, Bytes> parts_;  // By number.
  size_t size_ = 0;
  Bytes first_datagram_;
};

}  // namespace twinspan::ike
