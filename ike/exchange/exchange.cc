#include "ike/exchange/exchange.h"

namespace twinspan::ike {

OurExchange kind_of(const ActiveExchange& active) {
  struct Visitor {
    OurExchange operator()(const std::monostate&) const { return OurExchange::None; }
    OurExchange operator()(const ChildExchange& child) const {
      return child.rekeys ? OurExchange::RekeyChild : OurExchange::CreateChild;
    }
    OurExchange operator()(const RekeyIkeExchange&) const { return OurExchange::RekeyIke; }
    OurExchange operator()(const DeleteChildExchange&) const { return OurExchange::DeleteChild; }
    OurExchange operator()(const DeleteIkeExchange&) const { return OurExchange::DeleteIke; }
    OurExchange operator()(const InitExchange&) const { return OurExchange::Other; }
    OurExchange operator()(const IntermediateExchange&) const { return OurExchange::Other; }
    OurExchange operator()(const AuthExchange&) const { return OurExchange::Other; }
    OurExchange operator()(const LivenessExchange&) const { return OurExchange::Other; }
  };
  return std::visit(Visitor{}, active);
}

const char* name_of(const ActiveExchange& active) {
  static constexpr const char* kNames[] = {
      "none",      "init",         "intermediate", "auth",    "child",
      "rekey-ike", "delete-child", "delete-ike",   "liveness"};
  return kNames[active.index()];
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
    case Task::Kind::Liveness:
      return "liveness";
  }
  return "?";
}

}  // namespace twinspan::ike
