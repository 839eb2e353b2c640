#include "tests/support/random_walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "ike/core/resources.h"
#include "tests/support/checkers.h"

namespace twinspan::ike {
namespace {

constexpr Duration kStepMin = 100ms, kStepMax = 15s;
constexpr Duration kWalkMax = 3600s;
// Longer than every retry, activation, grace and reaper time together.
constexpr Duration kRecoveryMax = 200s, kSettle = 240s;
// Datagrams in the few seconds in which the flow is judged, and more for each child rekeyed then.
constexpr uint64_t kRestMessagesMax = 20, kRekeyMessagesMax = 24;
// What a stranger may have recorded.
constexpr size_t kRecordedMax = 64;

uint64_t lost(SimHost& host) {
  return host.esp_unknown + host.esp_bad_key + host.gaps;
}

// One that the other side does not have.
void toggle_selector(TrafficSelectors& list) {
  const TrafficSelector more = selectors({"198.18.0.0/24"}).front();
  if (std::erase(list, more) == 0) list.push_back(more);
}

}  // namespace

RandomWalk::RandomWalk(uint64_t seed, Picture picture)
    : plan_(plan_walk(seed)),
      dice_(seed ^ 0x5deece66d),
      change_dice_(seed ^ 0x2545f4914f6cdd1d),
      world_(seed) {
  world_.add_host("A", "192.0.2.1");
  world_.add_host("B", "192.0.2.2");
  for (const size_t side : {kA, kB}) {
    EndpointOptions& options = world_.host(side).options;
    if (plan_.always_asks_for_cookies) options.cookie_threshold = 0;
    options.spi_modulus = plan_.workers[side];
    world_.restart(side);
  }
  world_.record(picture == Picture::Ladder);
  if (plan_.has_nat) map_ports();
  world_.link = plan_.link;
  world_.esp_interval = plan_.esp_interval;
  world_.sends_esp_on_change = true;
  world_.keeps_sent = true;
}

WalkVerdict RandomWalk::run() {
  start(kB);
  start(kA);
  while (world_.now() - began_ < kWalkMax && !has_seen_enough()) roam();
  if (!has_seen_enough()) complain("the walk has not seen enough rekeys and faults");
  WalkVerdict result = so_far();
  heal();
  for (const size_t side : {kA, kB}) collect(side);
  for (const std::string& found : world_.violations()) complain(found);
  result.esp_packets = verdict_.esp_packets;
  result.violations = std::move(verdict_.violations);
  result.picture = world_.picture();
  return result;
}

void RandomWalk::start(size_t side) {
  world_.command(side, CommandAddPeer{.peer = plan_.config[side], .started = true});
}

bool RandomWalk::is_up() {
  return std::ranges::all_of(std::array{kA, kB}, [this](size_t side) {
    return world_.host(side).tunnel_state[kTunnel] == TunnelState::Established;
  });
}

WalkVerdict RandomWalk::so_far() {
  WalkVerdict figures;
  figures.span = world_.now() - began_;
  figures.child_rekeys = verdict_.child_rekeys;
  figures.ike_rekeys = verdict_.ike_rekeys;
  for (const auto& child : world_.host(kA).children) figures.child_rekeys += child.by_rekey ? 1 : 0;
  for (const auto& sa : world_.host(kA).ike_established) figures.ike_rekeys += sa.by_rekey ? 1 : 0;
  figures.datagrams = world_.figures.ike_sent;
  figures.faults =
      world_.figures.ike_lost + world_.figures.ike_repeated + world_.figures.ike_overtaken;
  return figures;
}

bool RandomWalk::has_seen_enough() {
  const WalkVerdict figures = so_far();
  return figures.span >= kWalkMin && figures.child_rekeys >= kWalkChildRekeysMin &&
         figures.ike_rekeys >= kWalkIkeRekeysMin && figures.fault_percent() >= kWalkFaultPercentMin;
}

void RandomWalk::roam() {
  const auto spread = static_cast<uint64_t>((kStepMax - kStepMin).count());
  world_.run_for(kStepMin + Duration(static_cast<Duration::rep>(dice_() % spread)));
  note_first_up();
  follow_up();
  disturb();
  if (change_dice_() % 6 == 0 && lost_before_) change_settings();
  if (world_.now() - began_ >= kWalkMin) {
    hasten();
  } else if (!is_lossy() && dice_() % 5 == 0) {
    break_something();
  }
  if (world_.sent.size() > kRecordedMax) {
    world_.sent.erase(world_.sent.begin(), world_.sent.end() - kRecordedMax);
  }
}

// --- What may happen in any walk ---

void RandomWalk::order(size_t side, Command command) {
  if (!world_.host(side).is_alive) return;
  ++asked_[side];
  world_.command(side, std::move(command));
}

void RandomWalk::rekey_child(size_t side) {
  order(side, CommandRekeyChild{kTunnel});
}

void RandomWalk::rekey_ike(size_t side) {
  order(side, CommandRekeyIke{kTunnel});
}

void RandomWalk::disturb() {
  const size_t side = dice_() % 2;
  switch (dice_() % 16) {
    case 0:
      return rekey_child(side);
    case 1:
      return rekey_ike(side);
    case 2:
      rekey_child(kA);
      return rekey_child(kB);
    case 3:
      rekey_ike(kA);
      return rekey_ike(kB);
    case 4:
      rekey_child(side);
      return rekey_ike(1 - side);
    case 5:
      rekey_child(side);
      rekey_ike(side);
      return rekey_child(1 - side);
    case 6:
      if (!is_held_down_[side]) order(side, CommandUp{kTunnel});
      return;
    case 7:
    case 8:
      return speak_as_stranger();
    case 9:
      if (!world_.host(side).is_alive) return;
      return world_.command(side, CommandAskPathSize{.tunnel = kTunnel, .packet_size = 1500});
    default:
      return;
  }
}

// To settings under which the two sides still agree.
void RandomWalk::change_settings() {
  const size_t side = change_dice_() % 2;
  PeerConfig& peer = plan_.config[side];
  // Only the peer can begin with another IKE SA.
  const bool waits_for_peer = peer.mode == ConnectionMode::ResponderOnly ||
                              plan_.config[1 - side].mode == ConnectionMode::InitiatorOnly;
  Effect effect = Effect::InPlace;
  switch (change_dice_() % 6) {
    case 0:
      peer.dpd_interval = std::chrono::seconds(10 + change_dice_() % 30);
      peer.fragment_size = change_dice_() % 2 == 0 ? 256 : kFragmentSizeDefault;
      break;
    case 1:
      for (ChildConfig& child : peer.children) {
        child.name += "'";
        if (child.lifetime.soft_time == Duration{}) continue;
        child.lifetime.soft_time = std::chrono::seconds(40 + change_dice_() % 160);
        child.lifetime.hard_time = child.lifetime.soft_time + 200s;
      }
      break;
    case 2:
      for (ChildConfig& child : peer.children)
        std::ranges::rotate(child.proposals, child.proposals.end() - 1);
      break;
    case 3:
      if (peer.resources == 1 || !waits_for_peer) toggle_selector(peer.children[0].local);
      break;
    case 4:
      if (!waits_for_peer) std::ranges::rotate(peer.ike_proposals, peer.ike_proposals.end() - 1);
      break;
    default:
      // A restart costs packets.
      if (!waits_for_peer) effect = Effect::Reauth;
      if (!is_lossy() && change_dice_() % 2 == 0) effect = Effect::Restart;
  }
  order(side, CommandSetPeer{.peer = peer, .effect = effect});
}

// A recorded datagram again, as it was or with a changed byte.
void RandomWalk::speak_as_stranger() {
  if (world_.sent.empty()) return;
  const WireMessage& recorded = world_.sent[dice_() % world_.sent.size()];
  if (!world_.host(recorded.to).is_alive) return;
  // An unprotected message may be believed as a hint; that is not what is tried here.
  const bool is_sealed =
      recorded.header.next_payload == static_cast<uint8_t>(PayloadType::Encrypted);
  if (!is_sealed) return;
  Datagram datagram = recorded.datagram;
  if (dice_() % 2 == 0) datagram.bytes[dice_() % datagram.bytes.size()] ^= 1;
  world_.inject(recorded.to, std::move(datagram));
}

// --- What costs packets ---

void RandomWalk::break_something() {
  switch (dice_() % 6) {
    case 0:
      return cut_off();
    case 1:
      return crash();
    case 2:
    case 3:
      return toggle(dice_() % 2);
    case 4:
      return reach_hard_limit();
    default:
      if (plan_.has_nat) map_ports();
      return;
  }
}

void RandomWalk::cut_off() {
  const auto which = dice_() % 3;
  if (which != 0) world_.cuts.insert({kA, kB});
  if (which != 1) world_.cuts.insert({kB, kA});
  joined_at_ = world_.now() + std::chrono::seconds(1 + dice_() % 90);
}

void RandomWalk::crash() {
  const size_t side = dice_() % 2;
  if (!world_.host(side).is_alive) return;
  world_.host(side).is_alive = false;
  back_at_[side] = world_.now() + std::chrono::seconds(dice_() % 60);
}

void RandomWalk::toggle(size_t side) {
  if (!world_.host(side).is_alive) return;
  is_held_down_[side] = !is_held_down_[side];
  if (is_held_down_[side]) {
    order(side, CommandDown{kTunnel});
  } else {
    order(side, CommandUp{kTunnel});
  }
}

// The NAT in front of A, from now on with other ports.
void RandomWalk::map_ports() {
  next_port_ = static_cast<uint16_t>(next_port_ + 2);
  world_.nats[kA] = {.address = *IpAddress::parse(kOutsideAddress),
                     .port_500 = next_port_,
                     .port_4500 = static_cast<uint16_t>(next_port_ + 1)};
}

void RandomWalk::reach_hard_limit() {
  SimHost& host = world_.host(dice_() % 2);
  if (!host.is_alive || host.inbound.empty()) return;
  const size_t side = &host == &world_.host(kA) ? kA : kB;
  world_.command(side, CommandHardLimit{host.inbound.begin()->first});
}

void RandomWalk::follow_up() {
  if (joined_at_ && *joined_at_ <= world_.now()) {
    joined_at_.reset();
    world_.cuts.clear();
  }
  for (const size_t side : {kA, kB}) {
    if (!back_at_[side] || *back_at_[side] > world_.now()) continue;
    back_at_[side].reset();
    collect(side);
    is_held_down_[side] = false;
    world_.restart(side);
    start(side);
  }
}

// What the walk has not seen yet is asked for; the faults of the network go on.
void RandomWalk::hasten() {
  for (const size_t side : {kA, kB}) {
    if (is_held_down_[side]) toggle(side);
  }
  rekey_child(dice_() % 2);
  rekey_ike(dice_() % 2);
}

// --- The end ---

void RandomWalk::heal() {
  world_.link = {};
  world_.cuts.clear();
  joined_at_.reset();
  for (const size_t side : {kA, kB}) {
    if (back_at_[side]) back_at_[side] = world_.now();
  }
  follow_up();
  for (const size_t side : {kA, kB}) {
    if (is_held_down_[side]) toggle(side);
  }
  if (!world_.run_until([this] { return is_up(); }, kRecoveryMax)) {
    complain("the tunnel does not come back after the network healed");
  }
  world_.run_for(kSettle);
  for (std::string& found : check_comes_to_rest(world_)) complain(std::move(found));
  judge_resources();
  judge_commands();
  judge_losses();
  judge_flow();
}

// --- Judgement ---

// What is sent on a child that is not a replacement may come in before the answer that makes it.
void RandomWalk::note_first_up() {
  if (lost_before_ || !is_up()) return;
  for (const size_t side : {kA, kB}) {
    const auto& held_by_peer = world_.host(1 - side).inbound;
    const auto pairs = world_.host(side).all_outbound(kTunnel);
    if (pairs.size() < plan_.config[side].children.size()) return;
    for (const SimHost::Pair* pair : pairs) {
      if (!held_by_peer.contains(pair->params.outbound_spi)) return;
    }
  }
  // What was sent before is still under way.
  world_.run_for(plan_.link.delay_max);
  lost_before_ = lost(world_.host(kA)) + lost(world_.host(kB));
}

void RandomWalk::collect(size_t side) {
  SimHost& host = world_.host(side);
  if (side == kA) {
    for (const auto& child : host.children) verdict_.child_rekeys += child.by_rekey ? 1 : 0;
    for (const auto& sa : host.ike_established) verdict_.ike_rekeys += sa.by_rekey ? 1 : 0;
  }
  verdict_.esp_packets += std::exchange(host.esp_sent, 0);
  host.children.clear();
  host.ike_established.clear();
  host.ike_gone.clear();
  host.done.clear();
  asked_[side] = 0;
}

// Each command has exactly one answer.
void RandomWalk::judge_commands() {
  for (const size_t side : {kA, kB}) {
    SimHost& host = world_.host(side);
    if (host.done.size() == asked_[side]) continue;
    complain(
        fmt::format("{}: {} answers to {} commands", host.name(), host.done.size(), asked_[side]));
  }
}

// RFC 9611: who began with the IKE SA, either of those that may, has its number of children, or
// what the other side accepts.
void RandomWalk::judge_resources() {
  size_t least = kResourcesMax;
  for (const size_t side : {kA, kB}) {
    const PeerConfig& own = plan_.config[side];
    const PeerConfig& other = plan_.config[1 - side];
    if (own.children.size() > 1) return;
    if (own.mode == ConnectionMode::ResponderOnly) continue;
    const size_t accepted =
        wants_resources(other) ? resources_accepted(other, plan_.workers[1 - side]) : 1;
    least = std::min({least, size_t{own.resources}, accepted});
  }
  for (const size_t side : {kA, kB}) {
    const size_t found = world_.host(side).all_outbound(kTunnel).size();
    if (found >= least && (least > 1 || found == 1)) continue;
    complain(fmt::format("{}: {} children for the same traffic instead of {}",
                         world_.host(side).name(), found, least));
  }
}

void RandomWalk::judge_losses() {
  if (!is_lossy()) return;
  uint64_t count = 0, departures = 0;
  for (const size_t side : {kA, kB}) {
    count += lost(world_.host(side));
    departures += world_.host(side).departures;
  }
  if (!lost_before_) complain("the tunnel never came up");
  if (lost_before_ && count > *lost_before_) {
    complain(fmt::format("{} ESP packets were lost", count - *lost_before_));
  }
  if (departures > 0) complain("a tunnel went down although every exchange came to its end");
}

void RandomWalk::judge_flow() {
  uint64_t before[2];
  for (const size_t side : {kA, kB}) before[side] = world_.host(side).esp_delivered;
  const uint64_t sent_before = world_.figures.ike_sent;
  const size_t made_before = world_.host(kA).children.size();
  const size_t slots_before = world_.host(kA).all_outbound(kTunnel).size();
  world_.run_for(3 * plan_.esp_interval);
  for (const size_t side : {kA, kB}) {
    if (world_.host(side).esp_delivered < before[side] + 2)
      complain(world_.host(side).name() + ": no ESP comes in at rest");
  }
  // Each child may be due for its rekey just now, which is four exchanges with two additional key
  // exchanges, and more with fragments.
  const size_t made = world_.host(kA).children.size() - made_before;
  const uint64_t most = kRestMessagesMax + made * kRekeyMessagesMax;
  const bool is_at_rest = made <= slots_before;
  if (!is_at_rest || world_.figures.ike_sent > sent_before + most)
    complain("no rest: IKE messages keep flowing");
}

}  // namespace twinspan::ike
