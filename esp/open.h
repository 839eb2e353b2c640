// Decapsulation (RFC 4303 3.4): ESP frames in, inner packets out, in place, a batch at a time. The
// frames of a batch may belong to different SAs.
//
// Order per frame: SPI look-up, replay look-ahead, authentication and decryption, replay commit,
// padding and TFC trimmed, inner lengths, selectors (RFC 4301 5.2), source policy, congestion marks
// (RFC 6040). What is released has the MSS of its SYN lowered to what the tunnel carries. Nothing
// of a failed frame is released: its plaintext is wiped.
//
// An SA with AGGFRAG has several inner packets in a frame, each of which is checked like that of
// any other: open() goes to the first that may leave, next_inner() to those behind it.
// Thread: the one that owns the SAs for receiving.
#pragma once

#include <span>

#include "esp/drop_log.h"
#include "esp/ecn.h"
#include "esp/inbound_sa.h"
#include "esp/sa_table.h"

namespace twinspan::esp {

struct OpenItem {
  uint8_t* frame = nullptr;  // At the SPI.
  uint32_t frame_length = 0;
  Ecn outer_ecn = Ecn::NotEct;  // Of the outer packet that brought it.
  // Where packets are noted that are authentic and may not leave the tunnel (is_of_inner());
  // nullptr: nowhere.
  DropLog* drops = nullptr;
  // Out:
  InboundSa* sa = nullptr;   // nullptr when the SPI is unknown.
  uint8_t* inner = nullptr;  // Inside the frame; valid with Verdict::Accept.
  uint32_t inner_length = 0;
  uint32_t unread_length = 0;  // Of the data blocks behind `inner`, for next_inner().
  Verdict verdict = Verdict::Malformed;
};

// Reasons that an authentic inner packet has; all others are those of a frame.
inline bool is_of_inner(Verdict verdict) {
  return verdict == Verdict::SelectorMismatch || verdict == Verdict::SourceRefused ||
         verdict == Verdict::EcnIllegal;
}

// Opens every item. Accepted packets and drops are counted per tunnel; frames without an SA are
// counted in `orphans`.
void open(const SaTable& table, std::span<OpenItem> items, DirectionCounters& orphans);

// Of an accepted item: moves on to the next inner packet of its frame that may leave the tunnel,
// and counts it and those that it passes over. False: there is none, as behind the one packet of a
// frame without AGGFRAG.
bool next_inner(OpenItem& item);

}  // namespace twinspan::esp
