#include "tests/support/crossing.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/support/checkers.h"

namespace twinspan::ike {
namespace {

// Past the first retransmission.
constexpr Duration kPatience = 1100ms;
// Longer than every retry, activation, grace and reaper time together.
constexpr Duration kSettle = 180s;

void set_groups(PeerConfig& peer, DhGroupId first) {
  // The first child comes with IKE_AUTH, without a group: that is found at its first rekey.
  peer.admits_childless = false;
  peer.children.front().proposals.clear();
  peer.ike_proposals.clear();
  const Encryption encryption{EncryptionId::AesGcm16, 256};
  for (const DhGroupId group : {first, DhGroupId::Ecp384}) {
    peer.children.front().proposals.push_back({.encryption = encryption, .pfs_group = group});
    peer.ike_proposals.push_back({.encryption = encryption, .group = group});
  }
}

// In front of the same combinations without.
void add_key_exchanges(PeerConfig& peer, unsigned count) {
  static constexpr DhGroupId kMethods[] = {DhGroupId::Ecp256, DhGroupId::Ecp521};
  const auto extend = [count](auto& proposals) {
    const auto plain = proposals;
    for (auto& proposal : proposals) proposal.additional.assign(kMethods, kMethods + count);
    proposals.insert(proposals.end(), plain.begin(), plain.end());
  };
  if (count == 0) return;
  extend(peer.ike_proposals);
  extend(peer.children.front().proposals);
}

}  // namespace

Crossing::Crossing(const CrossingCase& wanted, Picture picture) : case_(wanted) {
  world_.add_host("A", "192.0.2.1");
  world_.add_host("B", "192.0.2.2");
  world_.record(picture == Picture::Ladder);
  for (const size_t side : {kA, kB}) config_[side] = peer_config(side);
  config_[kA].mode = ConnectionMode::InitiatorOnly;
  if (wanted.dispute != GroupDispute::None) set_groups(config_[kA], DhGroupId::Modp2048);
  if (wanted.dispute == GroupDispute::OfBoth) set_groups(config_[kB], DhGroupId::Curve25519);
  add_key_exchanges(config_[kA], wanted.additional_of_a);
  add_key_exchanges(config_[kB], wanted.additional_of_b);
  world_.sends_esp_on_change = true;
}

bool Crossing::is_up() {
  return std::ranges::all_of(std::array{kA, kB}, [this](size_t side) {
    return world_.host(side).tunnel_state[kTunnel] == TunnelState::Established;
  });
}

uint64_t Crossing::lost() {
  uint64_t count = 0;
  for (const size_t side : {kA, kB}) {
    const SimHost& host = world_.host(side);
    count += host.esp_unknown + host.esp_bad_key + host.gaps;
  }
  return count;
}

bool Crossing::establish() {
  for (const size_t side : {kB, kA})
    world_.command(side, CommandAddPeer{.peer = config_[side], .started = true});
  if (!world_.run_until([this] { return is_up(); }, 10s)) return false;
  world_.run_for(1s);
  lost_before_ = lost();
  for (const size_t side : {kA, kB}) {
    FakeCrypto& crypto = world_.host(side).crypto();
    const auto request = side == kA ? LowestNonce::RequestOfA : LowestNonce::RequestOfB;
    const auto answer = side == kA ? LowestNonce::AnswerOfA : LowestNonce::AnswerOfB;
    crypto.force_nonce(case_.lowest == request ? 0x00 : 0x80);
    crypto.force_nonce(case_.lowest == answer ? 0x00 : 0x80);
  }
  // A step and a half: ESP crosses whatever happens to IKE meanwhile.
  world_.link = {.delay_min = kStep * 3 / 2, .delay_max = kStep * 3 / 2};
  world_.esp_interval = kStep;
  world_.hold_wire();
  begin(kA, case_.of_a);
  return true;
}

void Crossing::begin(size_t side, Operation operation) {
  const auto order = [&](Command command) {
    ++asked_[side];
    world_.command(side, std::move(command));
  };
  switch (operation) {
    case Operation::None:
      return;
    case Operation::RekeyChild:
      return order(CommandRekeyChild{kTunnel});
    case Operation::RekeyIke:
      return order(CommandRekeyIke{kTunnel});
    case Operation::ReplaceChild:
      if (world_.host(side).inbound.empty()) return;
      return world_.command(side, CommandHardLimit{world_.host(side).inbound.begin()->first});
    case Operation::DownUp:
      order(CommandDown{kTunnel});
      return order(CommandUp{kTunnel});
  }
}

void Crossing::begin_b_when_due() {
  if (b_has_begun_ || (delivered_ < case_.b_starts_after && !held().empty())) return;
  b_has_begun_ = true;
  begin(kB, case_.of_b);
}

void Crossing::deliver_front() {
  ++delivered_;
  world_.deliver(0);
}

bool Crossing::wait_for_message() {
  return world_.run_until([this] { return !held().empty(); }, kPatience);
}

void Crossing::heal() {
  world_.release_wire();
  world_.link = {};
  world_.esp_interval = 500ms;
  world_.run_for(kSettle);
}

bool Crossing::is_hitless() const {
  const auto costs_nothing = [](Operation operation) {
    return operation == Operation::None || operation == Operation::RekeyChild ||
           operation == Operation::RekeyIke;
  };
  return costs_nothing(case_.of_a) && costs_nothing(case_.of_b);
}

std::vector<std::string> Crossing::judge() {
  std::vector<std::string> found = check_at_rest(world_);
  const auto complain = [&found](std::string what) { found.push_back(std::move(what)); };
  for (std::string& what : check_ike_sas(world_)) complain(std::move(what));
  for (const std::string& what : world_.violations()) complain(what);
  for (const size_t side : {kA, kB}) {
    const SimHost& host = world_.host(side);
    if (host.done.size() != asked_[side]) complain(host.name() + ": a command has no answer");
    if (!is_hitless()) continue;
    if (host.departures > 0) complain(host.name() + ": the tunnel went down");
    for (const auto& done : host.done) {
      if (!done.ok) complain(host.name() + ": a rekey failed: " + done.diagnosis.message);
    }
  }
  if (is_hitless() && lost() > lost_before_)
    complain(fmt::format("{} ESP packets were lost", lost() - lost_before_));
  return found;
}

const char* to_string(Operation operation) {
  static constexpr const char* kNames[] = {"nothing", "rekey-child", "rekey-ike", "replace-child",
                                           "down-up"};
  return kNames[static_cast<size_t>(operation)];
}

std::string to_string(const CrossingCase& wanted) {
  static constexpr const char* kLowest[] = {"A's request", "A's answer", "B's request",
                                            "B's answer"};
  static constexpr const char* kDisputes[] = {"", ", A's group is refused",
                                              ", both first groups are refused"};
  return fmt::format("A: {}, B after {} deliveries: {}, lowest nonce in {}{}{}",
                     to_string(wanted.of_a), wanted.b_starts_after, to_string(wanted.of_b),
                     kLowest[static_cast<size_t>(wanted.lowest)],
                     kDisputes[static_cast<size_t>(wanted.dispute)],
                     wanted.additional_of_a + wanted.additional_of_b == 0
                         ? ""
                         : fmt::format(", {} and {} additional key exchanges",
                                       wanted.additional_of_a, wanted.additional_of_b));
}

}  // namespace twinspan::ike
