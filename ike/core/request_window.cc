#include "ike/core/request_window.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace twinspan::ike {

void RequestWindow::begin_request(ExchangeType exchange, std::vector<Bytes> datagrams,
                                  RetransmitPolicy policy, unsigned sent_count) {
  CHECK(!in_flight_);
  in_flight_ = true;
  request_exchange_ = exchange;
  request_ = std::move(datagrams);
  policy_ = policy;
  sent_count_ = sent_count;
  is_repeated_ = false;
}

void RequestWindow::restart_request(Bytes bytes) {
  CHECK(in_flight_ && request_exchange_ == ExchangeType::IkeSaInit);
  request_.assign(1, std::move(bytes));
  sent_count_ = 1;
}

const std::vector<Bytes>& RequestWindow::repeat() {
  is_repeated_ = true;
  return request_;
}

std::optional<Duration> RequestWindow::retransmit() {
  CHECK(in_flight_);
  ++sent_count_;
  return retransmit_wait(policy_, sent_count_);
}

bool RequestWindow::awaits_response(MessageId id, uint8_t exchange) const {
  return in_flight_ && id == next_id_ && exchange == static_cast<uint8_t>(request_exchange_);
}

void RequestWindow::response_accepted() {
  CHECK(in_flight_);
  in_flight_ = false;
  request_.clear();
  ++next_id_.value;
}

void RequestWindow::abandon_request() {
  in_flight_ = false;
  request_.clear();
}

RequestWindow::Verdict RequestWindow::classify(MessageId id, ByteView request) const {
  if (id == expected_) return Verdict::Fresh;
  // RFC 7296 2.1: only a bit-identical repetition is a retransmission.
  const bool repeats = expected_.value > 0 && id.value == expected_.value - 1 &&
                       std::ranges::equal(request, cached_request_);
  return repeats ? Verdict::Duplicate : Verdict::Stale;
}

void RequestWindow::answered(ByteView request, std::vector<Bytes> response) {
  cached_request_ = to_bytes(request);
  cached_response_ = std::move(response);
  ++expected_.value;
}

}  // namespace twinspan::ike
