#include "ike/core/reassembly.h"

#include <utility>

#include "base/check.h"

namespace twinspan::ike {

Reassembly::Verdict Reassembly::judge(const Header& header, const EncryptedBlock& block) const {
  if (block.fragment_total > kFragmentsMax) return Verdict::Unusable;
  // RFC 7383 2.5: 0 in all but the first.
  if (block.fragment_number > 1 && block.first_inner_payload != 0) return Verdict::Unusable;
  if (!is_of_this(header) || block.fragment_total > total_) return Verdict::Wanted;
  // RFC 7383 2.6: the peer cuts smaller after it found a smaller path MTU, never larger.
  if (block.fragment_total < total_) return Verdict::Outdated;
  return parts_.contains(block.fragment_number) ? Verdict::Duplicate : Verdict::Wanted;
}

Reassembly::Outcome Reassembly::add(const Fragment& fragment) {
  const EncryptedBlock& block = fragment.block;
  if (!is_of_this(fragment.header) || block.fragment_total != total_) {
    abandon();
    header_ = fragment.header;
    total_ = block.fragment_total;
  }
  if (fragment.header.exchange != header_.exchange ||
      fragment.plaintext.size() > kReassembledSizeMax - size_) {
    abandon();
    return Outcome::Refused;
  }
  const auto [place, is_new] = parts_.emplace(block.fragment_number, to_bytes(fragment.plaintext));
  CHECK(is_new && parts_.size() <= kFragmentsMax);
  size_ += fragment.plaintext.size();
  if (block.fragment_number == 1) {
    header_ = fragment.header;
    first_payload_ = block.first_inner_payload;
    first_datagram_ = to_bytes(fragment.datagram);
  }
  return parts_.size() == total_ ? Outcome::Complete : Outcome::Kept;
}

Reassembly::Whole Reassembly::take() {
  CHECK(total_ != 0 && parts_.size() == total_);
  Whole whole;
  whole.message.header = header_;
  whole.message.first_payload = first_payload_;
  whole.message.payloads.reserve(size_);
  for (const auto& [number, part] : parts_) {
    whole.message.payloads.insert(whole.message.payloads.end(), part.begin(), part.end());
  }
  whole.first_datagram = std::move(first_datagram_);
  whole.total = total_;
  abandon();
  return whole;
}

}  // namespace twinspan::ike
