#include "tests/support/walk_plan.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <string>

#include "tests/support/sim_host.h"

namespace twinspan::ike {
namespace {

using Dice = std::mt19937_64;

bool one_in(Dice& dice, uint64_t sides) {
  return dice() % sides == 0;
}

Duration between(Dice& dice, Duration low, Duration high) {
  return low + Duration(static_cast<Duration::rep>(
                   dice() % static_cast<uint64_t>((high - low).count() + 1)));
}

constexpr DhGroupId kGroups[] = {DhGroupId::Ecp384, DhGroupId::Modp2048, DhGroupId::Curve25519};

void choose_modes(Dice& dice, WalkPlan& plan) {
  using enum ConnectionMode;
  static constexpr ConnectionMode kModes[][2] = {
      {Default, ResponderOnly}, {Default, Default},       {InitiatorOnly, Default},
      {Default, InitiatorOnly}, {ResponderOnly, Default}, {InitiatorOnly, ResponderOnly}};
  // Nobody calls somebody behind a NAT.
  const auto& modes = kModes[plan.has_nat ? 0 : dice() % 6];
  for (const size_t side : {kA, kB}) plan.config[side].mode = modes[side];
}

// Every list holds Ecp384, so there is always an agreement, but the first choices may differ.
void choose_suites(Dice& dice, WalkPlan& plan) {
  const bool cbc = one_in(dice, 4);
  const Encryption encryption =
      cbc ? Encryption{EncryptionId::AesCbc, 256} : Encryption{EncryptionId::AesGcm16, 256};
  const IntegrityId integrity = cbc ? IntegrityId::HmacSha256_128 : IntegrityId::None;
  const bool pfs = !one_in(dice, 4);
  for (PeerConfig& peer : plan.config) {
    peer.ike_proposals.clear();
    peer.children[0].proposals.clear();
    const DhGroupId ike_first = kGroups[dice() % 3], child_first = kGroups[dice() % 3];
    for (const DhGroupId group : {ike_first, DhGroupId::Ecp384}) {
      if (group == ike_first && !peer.ike_proposals.empty()) continue;
      peer.ike_proposals.push_back(
          {.encryption = encryption, .integrity = integrity, .group = group});
    }
    for (const DhGroupId group : {child_first, DhGroupId::Ecp384}) {
      if ((group == child_first || !pfs) && !peer.children[0].proposals.empty()) continue;
      peer.children[0].proposals.push_back({.encryption = encryption,
                                            .integrity = integrity,
                                            .pfs_group = pfs ? group : DhGroupId::None});
    }
  }
}

void choose_lifetimes(Dice& dice, WalkPlan& plan) {
  for (PeerConfig& peer : plan.config) {
    peer.dpd_interval = between(dice, 15s, 40s);
    if (!one_in(dice, 4)) {
      peer.children[0].lifetime.soft_time = between(dice, 40s, 200s);
      peer.children[0].lifetime.hard_time =
          peer.children[0].lifetime.soft_time + between(dice, 150s, 300s);
    }
    if (one_in(dice, 4)) peer.children[0].lifetime.hard_bytes = 100'000 + dice() % 1'000'000;
    if (!one_in(dice, 3)) {
      peer.ike_soft_lifetime = between(dice, 60s, 400s);
      peer.ike_hard_lifetime = peer.ike_soft_lifetime + between(dice, 200s, 400s);
    }
  }
}

// The last fifth of the bytes lasts for as long as a rekey may take on a bad link, by time as well.
void widen_byte_limits(WalkPlan& plan) {
  constexpr Duration kMargin = 100s;
  const auto packets = static_cast<uint64_t>(kMargin / plan.esp_interval) + 1;
  for (PeerConfig& peer : plan.config) {
    for (ChildConfig& child : peer.children) {
      uint64_t& hard = child.lifetime.hard_bytes;
      if (hard != 0) hard = std::max(hard, 5 * packets * kSimEspBytes);
    }
  }
}

// Beside the first child of each side, with other selectors.
void add_children(Dice& dice, WalkPlan& plan) {
  static constexpr const char* kOfA[] = {"172.16.1.0/24", "172.16.2.0/24"};
  static constexpr const char* kOfB[] = {"172.17.1.0/24", "172.17.2.0/24"};
  const size_t more = dice() % (std::size(kOfA) + 1);
  for (const size_t side : {kA, kB}) {
    auto& children = plan.config[side].children;
    for (size_t i = 0; i < more; ++i) {
      ChildConfig child = children[0];
      child.name += "-" + std::to_string(i + 2);
      child.local = selectors({side == kA ? kOfA[i] : kOfB[i]});
      child.remote = selectors({side == kA ? kOfB[i] : kOfA[i]});
      children.push_back(std::move(child));
    }
  }
}

void choose_selectors(Dice& dice, WalkPlan& plan) {
  switch (dice() % 4) {
    case 0:
      plan.config[kA].children[0].local = plan.config[kB].children[0].remote =
          selectors({"10.1.0.0/16"});
      plan.config[kA].children[0].remote = plan.config[kB].children[0].local =
          selectors({"10.2.0.0/16"});
      return add_children(dice, plan);
    case 1:  // B has less than A asks for.
      plan.config[kB].children[0].local = selectors({"10.2.0.0/16", "10.9.0.0/24"});
      return;
    case 2:  // Neither contains the other.
      plan.config[kA].children[0].remote = selectors({"10.2.0.0/16", "10.3.0.0/16"});
      plan.config[kB].children[0].local = selectors({"10.3.0.0/16", "10.4.0.0/16"});
      return;
    default:
      return;
  }
}

void choose_path(Dice& dice, WalkPlan& plan) {
  const bool is_lossy = plan.kind == WalkKind::Lossy;
  plan.link = {.delay_min = between(dice, 1ms, 40ms),
               .loss_percent = static_cast<unsigned>(6 + dice() % 25),
               .duplicate_percent = static_cast<unsigned>(dice() % 20),
               .esp_is_lossless = is_lossy,
               .losses_per_datagram_max = is_lossy ? 1u : 0u};
  // From a jitter below the distance of two messages to one above the first retransmission.
  plan.link.delay_max = plan.link.delay_min + between(dice, 0ms, one_in(dice, 4) ? 1500ms : 120ms);
  plan.esp_interval = between(dice, 300ms, 1500ms);
  const bool raw = !plan.has_nat && one_in(dice, 4);
  for (PeerConfig& peer : plan.config)
    peer.encapsulation = raw ? Encapsulation::Esp : Encapsulation::Udp;
}

void choose_extensions(Dice& dice, WalkPlan& plan) {
  for (PeerConfig& peer : plan.config) {
    if (one_in(dice, 4)) peer.fragment_size = 256;
    peer.admits_childless = !one_in(dice, 3);
  }
  plan.always_asks_for_cookies = one_in(dice, 5);
}

// RFC 9370: on both sides, or on one that can do without.
void choose_additional(Dice& dice, WalkPlan& plan) {
  static constexpr DhGroupId kMethods[] = {DhGroupId::Ecp521, DhGroupId::Modp3072,
                                           DhGroupId::Ecp256};
  if (!one_in(dice, 3)) return;
  const auto count = static_cast<std::ptrdiff_t>(1 + dice() % std::size(kMethods));
  const bool is_optional = one_in(dice, 3);
  const bool at_b = !is_optional || !one_in(dice, 3);
  const auto extend = [&](auto& proposals) {
    const auto plain = proposals;
    for (auto& proposal : proposals) proposal.additional.assign(kMethods, kMethods + count);
    if (is_optional) proposals.insert(proposals.end(), plain.begin(), plain.end());
  };
  for (const size_t side : {kA, kB}) {
    if (side == kB && !at_b) continue;
    extend(plan.config[side].ike_proposals);
    for (ChildConfig& child : plan.config[side].children) extend(child.proposals);
  }
}

// RFC 9611 and RFC 9347: mostly on both sides, which need not have the same numbers.
void choose_performance(Dice& dice, WalkPlan& plan) {
  const bool has_resources = one_in(dice, 3);
  const bool has_aggfrag = one_in(dice, 4);
  for (const size_t side : {kA, kB}) {
    plan.workers[side] = static_cast<uint32_t>(1 + dice() % 4);
    PeerConfig& peer = plan.config[side];
    if (has_resources && !one_in(dice, 6)) peer.resources = static_cast<uint16_t>(2 + dice() % 3);
    peer.aggfrag = has_aggfrag && !one_in(dice, 6);
  }
}

// RFC 8899: mostly on both sides.
void choose_size_probing(Dice& dice, WalkPlan& plan) {
  if (!one_in(dice, 3)) return;
  for (PeerConfig& peer : plan.config) {
    if (!one_in(dice, 6)) peer.size_probing = SizeProbing::Announced;
  }
}

void put_behind_nat(WalkPlan& plan) {
  plan.config[kB].remote_address = *IpAddress::parse(kOutsideAddress);
}

}  // namespace

WalkPlan plan_walk(uint64_t seed) {
  Dice dice(seed * 0x9e3779b97f4a7c15u + 1);
  WalkPlan plan;
  plan.kind = dice() % 10 < 6 ? WalkKind::Lossy : WalkKind::Chaotic;
  plan.has_nat = one_in(dice, 4);
  for (const size_t side : {kA, kB}) plan.config[side] = peer_config(side);
  if (plan.has_nat) put_behind_nat(plan);
  choose_modes(dice, plan);
  choose_suites(dice, plan);
  choose_lifetimes(dice, plan);
  choose_selectors(dice, plan);
  choose_path(dice, plan);
  choose_extensions(dice, plan);
  choose_additional(dice, plan);
  widen_byte_limits(plan);
  // Beside the other choices, which stay as they are for each seed.
  Dice more(seed * 0xd1b54a32d192ed03u + 1);
  choose_performance(more, plan);
  choose_size_probing(more, plan);
  return plan;
}

}  // namespace twinspan::ike
