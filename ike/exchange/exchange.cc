#include "ike/exchange/exchange.h"

#include "base/check.h"

namespace twinspan::ike {

const ExchangeNonces& Followup::nonces() const {
  const auto nonces_of = [](const auto& value) -> const ExchangeNonces& { return value.nonces; };
  return std::visit(nonces_of, agreed);
}

ExchangeSecrets Followup::secrets() const {
  CHECK(is_complete());
  return {.nonce_i = nonces().initiator,
          .nonce_r = nonces().responder,
          .shared_secret = shared.view(),
          .additional = additional.view()};
}

OurExchange kind_of(const ActiveExchange& active) {
  struct Visitor {
    OurExchange operator()(const std::monostate&) const { return OurExchange::None; }
    OurExchange operator()(const ChildExchange& child) const {
      return child.rekeys ? OurExchange::RekeyChild : OurExchange::CreateChild;
    }
    OurExchange operator()(const RekeyIkeExchange&) const { return OurExchange::RekeyIke; }
    OurExchange operator()(const FollowupExchange& followup) const {
      const auto* child = std::get_if<ChildExchange>(&followup.own);
      return child != nullptr ? (*this)(*child) : OurExchange::FollowupIke;
    }
    OurExchange operator()(const DeleteChildExchange&) const { return OurExchange::DeleteChild; }
    OurExchange operator()(const DeleteIkeExchange&) const { return OurExchange::DeleteIke; }
    OurExchange operator()(const InitExchange&) const { return OurExchange::Other; }
    OurExchange operator()(const IntermediateExchange&) const { return OurExchange::Other; }
    OurExchange operator()(const AuthExchange&) const { return OurExchange::Other; }
    OurExchange operator()(const LivenessExchange&) const { return OurExchange::Other; }
    OurExchange operator()(const SizeProbeExchange&) const { return OurExchange::Other; }
  };
  return std::visit(Visitor{}, active);
}

const char* name_of(const ActiveExchange& active) {
  static constexpr const char* kNames[] = {
      "none",     "init",         "intermediate", "auth",     "child",     "rekey-ike",
      "followup", "delete-child", "delete-ike",   "liveness", "size-probe"};
  return kNames[active.index()];
}

const ChildExchange* child_of(const ActiveExchange& active) {
  const auto* followup = std::get_if<FollowupExchange>(&active);
  return followup != nullptr ? std::get_if<ChildExchange>(&followup->own)
                             : std::get_if<ChildExchange>(&active);
}

const char* to_string(Task::Kind kind) {
  switch (kind) {
    case Task::Kind::CreateChild:
      return "create-child";
    case Task::Kind::RekeyChild:
      return "rekey-child";
    case Task::Kind::RekeyIke:
      return "rekey-ike";
    case Task::Kind::DeleteChild:
      return "delete-child";
    case Task::Kind::InvalidSpi:
      return "INVALID_SPI";
    case Task::Kind::Liveness:
      return "liveness";
    case Task::Kind::SizeProbe:
      return "size-probe";
  }
  return "?";
}

}  // namespace twinspan::ike
