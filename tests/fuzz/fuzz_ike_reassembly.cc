// Fragments under live keys: cut in any way, repeated, mixed with whole messages, forged.
//
// First byte: the victim's role (bit 0), requests or answers (bit 1), before or after IKE_AUTH
// (bit 2). Then records of seven bytes: what to do, number, total (both from 1; 255 is 65535),
// first payload, exchange, two bytes of content length, and the content. Beyond "no crash": what is
// held is bounded, a forged fragment changes nothing, and in the end nothing is held.
#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "ike/core/reassembly.h"
#include "tests/fuzz/live_pair.h"

namespace twinspan::ike {
namespace {

constexpr size_t kRecordSize = 7;
constexpr size_t kRecordsMax = 200;
constexpr size_t kDatagramSizeMax = 16384;

enum class Act : uint8_t { Send, Forge, SendWhole, Repeat, Wait, SendLarge, Count_ };

// Of all reassemblies that the dump shows, each.
void check_bounded(const std::string& dump) {
  for (size_t at = dump.find(" fragments id="); at != std::string::npos;
       at = dump.find(" fragments id=", at + 1)) {
    const size_t digits = dump.find("bytes=", at) + 6;
    size_t held = 0;
    std::from_chars(dump.data() + digits, dump.data() + dump.size(), held);
    CHECK(held <= kReassembledSizeMax + kDatagramSizeMax);
  }
}

void check_forged(LivePair& pair, Bytes datagram, uint8_t place) {
  datagram[datagram.size() - 1 - place % 24] ^= 0x10;  // In the ciphertext or the ICV.
  const std::string before = pair.victim().endpoint().dump_state();
  pair.send_raw(std::move(datagram));
  CHECK(pair.victim().endpoint().dump_state() == before);
}

void carry_out(LivePair& pair, bool is_response, ByteView record, ByteView content) {
  const auto act = static_cast<Act>(record[0] % static_cast<uint8_t>(Act::Count_));
  const auto wide = [](uint8_t byte) { return byte == 255 ? uint16_t{65535} : uint16_t{byte}; };
  const auto asked = pair.open_request();
  const Bytes large(act == Act::SendLarge ? load_be16(&record[5]) % 16000 : 0);
  LivePair::Sealed message{
      .exchange = static_cast<uint8_t>(asked && is_response ? asked->exchange : record[4]),
      .is_response = is_response,
      .id = is_response && asked ? asked->message_id : pair.next_request_id(),
      .first_payload = record[3],
      .chain = act == Act::SendLarge ? ByteView(large) : content,
      .fragment_number = std::max<uint16_t>(1, wide(record[1])),
      .fragment_total = std::max<uint16_t>(1, wide(record[2]))};
  switch (act) {
    case Act::Send:
    case Act::SendLarge:
      return pair.send_raw(pair.seal(message));
    case Act::Forge:
      return check_forged(pair, pair.seal(message), record[1]);
    case Act::SendWhole:
      message.fragment_number = message.fragment_total = 0;
      return pair.send(message);
    case Act::Repeat:
      if (!pair.sent().empty()) {
        pair.send_raw(Bytes(pair.sent()[record[1] % pair.sent().size()]));
      }
      return;
    case Act::Wait:
      return pair.run_for(std::chrono::seconds(record[1]));
    case Act::Count_:
      return;
  }
}

void feed(ByteView input) {
  const uint8_t choice = input[0];
  LivePair pair((choice & 1) != 0 ? Role::Initiator : Role::Responder);
  if ((choice & 4) != 0) {
    pair.reach_auth();
  } else {
    pair.establish();
  }
  if ((choice & 6) == 2) pair.command(CommandRekeyChild{kFuzzTunnel});
  ByteView rest = input.subspan(1);
  for (size_t i = 0; i < kRecordsMax && rest.size() >= kRecordSize; ++i) {
    const ByteView record = rest.first(kRecordSize);
    rest = rest.subspan(kRecordSize);
    const bool is_large =
        record[0] % static_cast<uint8_t>(Act::Count_) == static_cast<uint8_t>(Act::SendLarge);
    const size_t length = is_large ? 0 : std::min<size_t>(load_be16(&record[5]), rest.size());
    carry_out(pair, (choice & 2) != 0, record, rest.first(length));
    rest = rest.subspan(length);
    check_bounded(pair.victim().endpoint().dump_state());
  }
  pair.settle_and_check();
  CHECK(pair.victim().endpoint().dump_state().find(" fragments id=") == std::string::npos);
}

}  // namespace
}  // namespace twinspan::ike

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kInputSizeMax = 16384;
  if (size < 1 || size > kInputSizeMax) return 0;
  twinspan::ike::feed({data, size});
  return 0;
}
