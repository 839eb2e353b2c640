// A peer with the right keys that says one thing after another: exchanges as they should be,
// requests and answers of any payloads, repetitions, pauses, while the victim's operator and data
// plane act too.
//
// The input is read as a list of steps. Those that do an exchange as it should be lead the others
// into every state: rekeyed children and IKE SAs, crossings, half-done DELETEs. Checked: the order
// of events that the data plane gets, that the victim stays small, and that afterwards a proper
// peer can connect and there is exactly one pair.
#include <fuzzer/FuzzedDataProvider.h>

#include "base/check.h"
#include "ike/core/proposal.h"
#include "ike/exchange/payloads.h"
#include "tests/support/checkers.h"
#include "tests/support/scripted_peer.h"

namespace twinspan::ike {
namespace {

constexpr unsigned kStepsMax = 48;
constexpr unsigned kPayloadsPerStepMax = 10;
// Far above what a gateway with one tunnel needs; growth without bound passes it.
constexpr size_t kDumpSizeMax = 256 * 1024;
// Longer than every retransmission, back-off, activation, grace and reaper time.
constexpr Duration kSilence = 300s, kRecoveryMax = 300s, kSettle = 120s;

class Story {
 public:
  explicit Story(FuzzedDataProvider& input)
      : input_(input), victim_(input.ConsumeBool() ? kA : kB) {
    world_.add_host("A", "192.0.2.1");
    world_.add_host("B", "192.0.2.2");
    world_.record(false);
    ScriptedPeer::prepare(world_, victim_);
    for (const size_t side : {kB, kA})
      world_.command(side, CommandAddPeer{.peer = config(side), .started = true});
    CHECK(world_.run_until([this] { return is_up(); }, 10s));
    // A packet each way: the responder knows then that the initiator holds the first child.
    world_.run_for(100ms);
    world_.exchange_esp();
    peer_.emplace(world_, victim_);
  }

  void run() {
    for (unsigned step = 0; step < kStepsMax && input_.remaining_bytes() > 0; ++step) act();
  }

  void end() {
    world_.run_for(kSilence);
    CHECK(victim().violations.empty());
    CHECK(victim().endpoint().dump_state().size() < kDumpSizeMax);
    peer_->hand_back(config(1 - victim_));
    world_.command(victim_, CommandUp{kTunnel});
    CHECK(world_.run_until([this] { return is_up(); }, kRecoveryMax));
    world_.run_for(kSettle);
    CHECK(check_at_rest(world_).empty());
    CHECK(world_.violations().empty());
  }

 private:
  static PeerConfig config(size_t side) {
    PeerConfig peer = peer_config(side);
    peer.mode = side == kA ? ConnectionMode::Default : ConnectionMode::ResponderOnly;
    return peer;
  }
  SimHost& victim() { return world_.host(victim_); }
  bool is_up() {
    return world_.host(kA).tunnel_state[kTunnel] == TunnelState::Established &&
           world_.host(kB).tunnel_state[kTunnel] == TunnelState::Established;
  }

  void act() {
    switch (input_.ConsumeIntegralInRange(0, 9)) {
      case 0:
        return do_well();
      case 1:
      case 2:
        if (const auto request = peer_->heard()) peer_->answer_well(*request);
        return;
      case 3:
        return ask();
      case 4:
        if (const auto request = peer_->heard()) peer_->answer(*request, any_payloads());
        return;
      case 5:
        return world_.run_for(std::chrono::milliseconds(input_.ConsumeIntegralInRange(1, 70'000)));
      case 6:
        return operate();
      case 7:
        return report();
      case 8:
        return repeat();
      default:
        return peer_->behave_for(std::chrono::seconds(input_.ConsumeIntegralInRange(1, 60)));
    }
  }

  // --- The peer ---

  IkeSpi some_ike() {
    const auto spis = peer_->ike_sas();
    return spis[input_.ConsumeIntegralInRange<size_t>(0, spis.size() - 1)];
  }
  std::optional<ScriptedPeer::Child> some_child() {
    const auto& children = peer_->children();
    if (children.empty()) return std::nullopt;
    return children[input_.ConsumeIntegralInRange<size_t>(0, children.size() - 1)];
  }

  // One exchange as it should be, whether or not its time has come.
  void do_well() {
    if (peer_->ike_count() == 0) return;
    peer_->nonce_first_byte = input_.ConsumeIntegral<uint8_t>();
    const int what = input_.ConsumeIntegralInRange(0, 4);
    if (what == 0) {
      peer_->rekey_ike();
    } else if (what == 1) {
      peer_->delete_ike(some_ike());
    } else if (const auto child = some_child()) {
      if (what == 2) peer_->rekey_child(*child);
      if (what == 3) peer_->delete_child(*child);
      if (what == 4) peer_->say_deleted(*child);
    }
  }

  void ask() {
    if (peer_->ike_count() == 0) return;
    const auto exchange = static_cast<ExchangeType>(
        input_.PickValueInArray<uint8_t>({36, 37, 37, 36, 35, 43, 44, 34}));
    const IkeSpi on = some_ike();
    peer_->ask_on(on, exchange, any_payloads());
  }

  void repeat() {
    const auto& said = peer_->said();
    if (said.empty()) return;
    world_.inject(victim_,
                  Datagram(said[input_.ConsumeIntegralInRange<size_t>(0, said.size() - 1)]));
  }

  std::vector<Payload> any_payloads() {
    std::vector<Payload> payloads;
    if (input_.ConsumeBool()) payloads = agreement();
    const unsigned count = input_.ConsumeIntegralInRange(0u, kPayloadsPerStepMax);
    for (unsigned i = 0; i < count; ++i) payloads.push_back(any_payload());
    return payloads;
  }

  // What CREATE_CHILD_SA is made of, more or less.
  std::vector<Payload> agreement() {
    const DhGroupId group = input_.PickValueInArray({DhGroupId::Ecp384, DhGroupId::Ecp256});
    const auto dh = crypto_.make_dh(group);
    std::vector<Payload> payloads;
    if (input_.ConsumeBool()) payloads.push_back(child_notify(NotifyType::RekeySa, some_spi()));
    payloads.push_back(offer());
    payloads.push_back(NoncePayload{Bytes(32, input_.ConsumeIntegral<uint8_t>())});
    payloads.push_back(KePayload{static_cast<uint16_t>(group), dh->public_value()});
    if (input_.ConsumeBool()) {
      payloads.push_back(selectors(true));
      payloads.push_back(selectors(false));
    }
    return payloads;
  }

  Payload offer() {
    if (input_.ConsumeBool()) {
      return offer_ike({{.encryption = {EncryptionId::AesGcm16, 256}}},
                       IkeSpi{input_.ConsumeIntegral<uint64_t>()});
    }
    // Without ESN it is an answer as well.
    const bool esn = input_.ConsumeBool();
    return offer_esp({{.encryption = {EncryptionId::AesGcm16, 256}, .esn = esn}},
                     Spi{input_.ConsumeIntegral<uint32_t>()}, ChildDh::With);
  }

  Payload selectors(bool of_initiator) {
    TsPayload ts{.of_initiator = of_initiator, .selectors = {}};
    const unsigned count = input_.ConsumeIntegralInRange(0u, 4u);
    for (unsigned i = 0; i < count; ++i) {
      const unsigned length = input_.PickValueInArray({0u, 0u, 8u, 24u, 32u});
      ts.selectors.push_back(TrafficSelector::from_prefix(
          IpPrefix(IpAddress::v4(input_.ConsumeIntegral<uint32_t>()), length)));
    }
    return ts;
  }

  Spi some_spi() {
    if (input_.ConsumeProbability<float>() < 0.1F) return Spi{input_.ConsumeIntegral<uint32_t>()};
    const bool of_victim = input_.ConsumeBool();
    const auto child = some_child();
    if (!child) return Spi{input_.ConsumeIntegral<uint32_t>()};
    return of_victim ? child->victims : child->own;
  }

  Payload any_payload() {
    switch (input_.ConsumeIntegralInRange(0, 7)) {
      case 0:
        return NotifyPayload{
            .protocol =
                input_.PickValueInArray({ProtocolId::None, ProtocolId::Ike, ProtocolId::Esp}),
            .spi = input_.ConsumeBytes<uint8_t>(input_.PickValueInArray<size_t>({0, 0, 4, 8})),
            .type = static_cast<NotifyType>(input_.ConsumeIntegral<uint16_t>()),
            .value = input_.ConsumeBytes<uint8_t>(input_.ConsumeIntegralInRange<size_t>(0, 64))};
      case 1:
        return error_notify(input_.PickValueInArray(
            {NotifyType::TemporaryFailure, NotifyType::ChildSaNotFound,
             NotifyType::NoProposalChosen, NotifyType::InvalidSyntax, NotifyType::TsUnacceptable,
             NotifyType::NoAdditionalSas, NotifyType::AuthenticationFailed}));
      case 2:
        return DeletePayload{.protocol = ProtocolId::Esp, .spis = {some_spi(), some_spi()}};
      case 3:
        return DeletePayload{.protocol = ProtocolId::Ike, .spis = {}};
      case 4:
        return offer();
      case 5:
        return selectors(input_.ConsumeBool());
      case 6:
        return invalid_ke_notify(input_.PickValueInArray<uint16_t>({19, 20, 21, 31, 2, 0}));
      default:
        return child_notify(NotifyType::RekeySa, some_spi());
    }
  }

  // --- The victim's operator ---

  void operate() {
    switch (input_.ConsumeIntegralInRange(0, 4)) {
      case 0:
      case 1:
        return world_.command(victim_, CommandRekeyChild{kTunnel});
      case 2:
        return world_.command(victim_, CommandRekeyIke{kTunnel});
      case 3:
        return world_.command(victim_, CommandDown{kTunnel});
      default:
        return world_.command(victim_, CommandUp{kTunnel});
    }
  }

  // --- The victim's data plane ---

  void report() {
    const Spi spi = some_spi();
    switch (input_.ConsumeIntegralInRange(0, 4)) {
      case 0:
        return world_.command(victim_, CommandFirstInbound{spi});
      case 1:
        return world_.command(victim_, CommandSoftLimit{spi});
      case 2:
        return world_.command(victim_, CommandHardLimit{spi});
      case 3:
        return world_.command(victim_, CommandRemoteMoved{spi,
                                                          {*IpAddress::parse("198.51.100.9"),
                                                           input_.ConsumeIntegral<uint16_t>()}});
      default:
        return world_.command(victim_, CommandInboundTraffic{{kTunnel}});
    }
  }

  FuzzedDataProvider& input_;
  SimWorld world_{1};
  size_t victim_;
  FakeCrypto crypto_{98};
  std::optional<ScriptedPeer> peer_;
};

}  // namespace
}  // namespace twinspan::ike

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace twinspan::ike;
  constexpr size_t kScriptSizeMax = 4096;
  if (size == 0 || size > kScriptSizeMax) return 0;
  FuzzedDataProvider input(data, size);
  Story story(input);
  story.run();
  story.end();
  return 0;
}
