// One payload chain inside SK, under live keys, in each state where one may come in.
//
// First byte: the state (bits 0, 1), the victim's role (bit 2), request or response (bit 3),
// certificates instead of a pre-shared key (bit 4);
// second: exchange type; third: first payload type; the rest is the chain. Beyond "no crash":
// afterwards the victim has installed nothing without AUTH and its data plane got a sound order of
// events.
#include "base/check.h"
#include "tests/fuzz/live_pair.h"

namespace twinspan::ike {
namespace {

enum class Stage : uint8_t { BeforeAuth, Established, WithRequestOpen, Rekeyed };

void reach(LivePair& pair, Stage stage) {
  if (stage == Stage::BeforeAuth) return pair.reach_auth();
  pair.establish();
  if (stage == Stage::WithRequestOpen) pair.command(CommandRekeyChild{kFuzzTunnel});
  if (stage == Stage::Rekeyed) pair.command(CommandRekeyIke{kFuzzTunnel});
}

void feed(ByteView input) {
  const uint8_t choice = input[0];
  const auto stage = static_cast<Stage>(choice & 3);
  LivePair pair((choice & 4) != 0 ? Role::Initiator : Role::Responder,
                (choice & 16) != 0 ? Proofs::Certificates : Proofs::Psk);
  reach(pair, stage);
  const bool is_response = (choice & 8) != 0;
  const auto asked = pair.open_request();
  const MessageId id = is_response && asked ? asked->message_id : pair.next_request_id();
  pair.send({.exchange = input[1],
             .is_response = is_response,
             .id = id,
             .first_payload = input[2],
             .chain = input.subspan(3)});
  pair.settle_and_check();
  // The fuzzer cannot make an AUTH: it does not know the pre-shared key.
  if (stage == Stage::BeforeAuth) CHECK(pair.victim().children.empty());
}

}  // namespace
}  // namespace twinspan::ike

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kChainSizeMax = 8192;
  if (size < 3 || size > kChainSizeMax) return 0;
  twinspan::ike::feed({data, size});
  return 0;
}
