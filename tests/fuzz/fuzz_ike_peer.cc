// A peer with the right keys that says one thing after another: requests, answers, repetitions,
// pauses, while the victim's operator and data plane act too.
//
// The input is read as a list of steps, each of payloads that are well formed more often than not,
// so that the fuzzer reaches deep states. Checked: the order of events that the data plane gets,
// and that the victim stays small.
#include "base/check.h"
#include "ike/core/proposal.h"
#include "ike/exchange/payloads.h"
#include "tests/fuzz/live_pair.h"

namespace twinspan::ike {
namespace {

constexpr unsigned kStepsMax = 48;
constexpr unsigned kPayloadsPerStepMax = 10;

class Script {
 public:
  Script(LivePair& pair, FuzzedDataProvider& input) : pair_(pair), input_(input) {}

  void run() {
    for (unsigned step = 0; step < kStepsMax && input_.remaining_bytes() > 0; ++step) act();
  }

 private:
  void act() {
    switch (input_.ConsumeIntegralInRange(0, 7)) {
      case 0:
      case 1:
        return ask();
      case 2:
      case 3:
        return answer();
      case 4:
        return pair_.run_for(std::chrono::milliseconds(input_.ConsumeIntegralInRange(1, 70'000)));
      case 5:
        return operate();
      case 6:
        if (!pair_.sent().empty())
          pair_.send_raw(input_.PickValueInArray({0, 1}) == 0 ? pair_.sent().back()
                                                              : pair_.sent().front());
        return;
      default:
        return report();
    }
  }

  void ask() {
    const uint8_t exchange = input_.PickValueInArray<uint8_t>({36, 37, 37, 36, 35, 43, 44, 34});
    const MessageId id{pair_.next_request_id().value +
                       (input_.ConsumeProbability<float>() < 0.05F ? 1u : 0u)};
    seal(exchange, false, id);
  }

  void answer() {
    const auto asked = pair_.open_request();
    if (!asked) return;
    seal(asked->exchange, true, asked->message_id);
  }

  void seal(uint8_t exchange, bool is_response, MessageId id) {
    std::vector<Payload> payloads;
    if (input_.ConsumeBool()) payloads = agreement(exchange);
    const unsigned count = input_.ConsumeIntegralInRange(0u, kPayloadsPerStepMax);
    for (unsigned i = 0; i < count; ++i) payloads.push_back(any_payload());
    const WrittenChain chain = write_payloads(payloads);
    pair_.send({.exchange = exchange,
                .is_response = is_response,
                .id = id,
                .first_payload = chain.first_payload,
                .chain = chain.bytes});
  }

  // What a good peer would say to CREATE_CHILD_SA, more or less.
  std::vector<Payload> agreement(uint8_t exchange) {
    if (exchange != static_cast<uint8_t>(ExchangeType::CreateChildSa)) return {};
    const DhGroupId group = input_.PickValueInArray({DhGroupId::Ecp384, DhGroupId::Ecp256});
    const auto dh = pair_.crypto().make_dh(group);
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
    return offer_esp({{.encryption = {EncryptionId::AesGcm16, 256}}},
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
    const std::vector<Spi> known = input_.ConsumeBool() ? pair_.victim_spis() : pair_.peer_spis();
    if (known.empty() || input_.ConsumeProbability<float>() < 0.1F)
      return Spi{input_.ConsumeIntegral<uint32_t>()};
    return known[input_.ConsumeIntegralInRange<size_t>(0, known.size() - 1)];
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

  // The operator.
  void operate() {
    switch (input_.ConsumeIntegralInRange(0, 4)) {
      case 0:
        return pair_.command(CommandRekeyChild{kFuzzTunnel});
      case 1:
        return pair_.command(CommandRekeyIke{kFuzzTunnel});
      case 2:
        return pair_.command(CommandDown{kFuzzTunnel});
      default:
        return pair_.command(CommandUp{kFuzzTunnel});
    }
  }

  // The data plane.
  void report() {
    const Spi spi = some_spi();
    switch (input_.ConsumeIntegralInRange(0, 4)) {
      case 0:
        return pair_.command(CommandFirstInbound{spi});
      case 1:
        return pair_.command(CommandSoftLimit{spi});
      case 2:
        return pair_.command(CommandHardLimit{spi});
      case 3:
        return pair_.command(CommandRemoteMoved{
            spi, {*IpAddress::parse("198.51.100.9"), input_.ConsumeIntegral<uint16_t>()}});
      default:
        return pair_.command(CommandInboundTraffic{kFuzzTunnel});
    }
  }

  LivePair& pair_;
  FuzzedDataProvider& input_;
};

}  // namespace
}  // namespace twinspan::ike

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace twinspan::ike;
  constexpr size_t kScriptSizeMax = 4096;
  if (size == 0 || size > kScriptSizeMax) return 0;
  FuzzedDataProvider input(data, size);
  LivePair pair(input.ConsumeBool() ? Role::Initiator : Role::Responder);
  pair.establish();
  Script(pair, input).run();
  pair.settle_and_check();
  return 0;
}
