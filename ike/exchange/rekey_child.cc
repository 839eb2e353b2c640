#include "ike/exchange/rekey_child.h"

#include <algorithm>
#include <utility>

#include "ike/core/lifetime.h"
#include "ike/core/proposal.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/ike_followup_ke.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

constexpr Duration kRekeyRetryAfter = 10s;
constexpr Duration kAwaitedRetryAfter = 1s;

bool is_replaced(IkeSa& sa, const ChildSa& child) {
  return child.replaced_by && sa.find_child(*child.replaced_by) != nullptr;
}

// A command to rekey means all children: the last one answers it.
void succeed(Context& context, IkeSa& sa) {
  if (has_task(sa, Task::Kind::RekeyChild)) return;
  context.supervisor.finish(context, sa.tunnel(), Supervisor::Kind::RekeyChild, std::nullopt);
}

// The loser of a collision that the peer made: the peer deletes it, else the reaper does.
void mark_redundant(Context& context, IkeSa& sa, ChildId id) {
  ChildSa* child = sa.find_child(id);
  if (child == nullptr) return;
  child->is_redundant = true;
  child->timers.cancel(ChildTimer::Activate);
  child->timers.arm(ChildTimer::Reap, context.now + kReapAfter);
}

// RFC 9370 2.2.4: our replacement is agreed, and its key exchanges are under way. Had the peer's
// request crossed ours, our CREATE_CHILD_SA would have been answered after it.
bool is_in_followup(const IkeSa& sa, const ChildSa& child) {
  const ChildExchange* own = child_of(sa.active);
  return std::holds_alternative<FollowupExchange>(sa.active) && own != nullptr &&
         own->rekeys == child.id;
}

}  // namespace

// --- Initiator ---

std::vector<EspProposal> renewal_offer(const IkeSa& sa, const ChildSa& old) {
  const auto& configured = config_of(sa, old).proposals;
  if (old.is_outdated) return configured;
  if (old.group_negotiated)
    return established_first(configured, old.transforms, {old.group, old.additional});
  // A child of IKE_AUTH was made without a group of its own: the configured order decides.
  auto ordered = configured;
  std::stable_partition(ordered.begin(), ordered.end(), [&](const EspProposal& p) {
    return p.encryption == old.transforms.encryption && p.integrity == old.transforms.integrity;
  });
  return ordered;
}

void start_rekey_child(Context& context, IkeSa& sa, const Task& task) {
  ChildSa* old = sa.find_child_by_inbound(task.inbound_spi);
  if (old == nullptr || !old->is_usable() || old->former || is_replaced(sa, *old)) {
    // It was replaced or removed while the task waited.
    if (!sa.current_children().empty()) succeed(context, sa);
    return;
  }
  // RFC 9370 2.2.4: the peer has begun; if it does not end, what is awaited runs out.
  if (awaits_followup(sa, old->id)) {
    Task later = task;
    later.not_before = context.now + kAwaitedRetryAfter;
    return queue_task(context, sa, later);
  }
  ChildExchange own;
  own.config = old->config;
  own.resource = old->resource;
  own.shows_resource = sa.has_resources;
  own.rekeys = old->id;
  own.is_probe = task.is_probe;
  own.attempt = task.attempt;
  own.offered = renewal_offer(sa, *old);
  own.local = old->local;
  own.remote = old->remote;
  own.is_second_group = task.group != DhGroupId::None;
  own.group = own.is_second_group ? task.group : own.offered.front().pfs_group;
  std::vector<Payload> leading = {child_notify(NotifyType::RekeySa, old->inbound)};
  send_child_request(context, sa, std::move(own), std::move(leading));
}

void finish_rekey(Context& context, IkeSa& sa, const ChildExchange& own, Replacement replacement) {
  const ChildId id = replacement.child.id;
  // The peer may have rekeyed its winner again before our answer came: the nonces still decide,
  // unless nothing of the peer's is left.
  const bool loses_to_awaited =
      own.crosses_followup &&
      resolve_collision(replacement.nonces, own.crossing_nonces) == CollisionOutcome::KeepTheirs;
  const bool keep_ours =
      !loses_to_awaited &&
      (!own.crossing || sa.current_child(own.traffic()) == nullptr ||
       resolve_collision(replacement.nonces, own.crossing_nonces) == CollisionOutcome::KeepOurs);
  if (own.crosses_followup && keep_ours) forget_followup(sa, own.rekeys);
  if (!keep_ours) {
    // Installed to receive what the peer may send until our DELETE arrives.
    ChildSa& lost = install_child(context, sa, std::move(replacement.child),
                                  std::move(replacement.keys), Activation::Never);
    queue_child_delete(context, sa, lost);
    settle_for_crossing(context, sa, own);
    return;
  }
  install_child(context, sa, std::move(replacement.child), std::move(replacement.keys),
                Activation::Now);
  if (own.crossing) mark_redundant(context, sa, *own.crossing);
  if (ChildSa* old = sa.find_child(*own.rekeys)) {
    old->replaced_by = id;
    remove_outbound(context, sa, *old);
    queue_child_delete(context, sa, *sa.find_child(*own.rekeys));
  }
  resolve_duplicate_children(context, sa, id);
  succeed(context, sa);
}

void rekey_child_failed(Context& context, IkeSa& sa, const ChildExchange& own,
                        const Diagnosis& why) {
  context.supervisor.finish(context, sa.tunnel(), Supervisor::Kind::RekeyChild, why);
  ChildSa* old = sa.find_child(*own.rekeys);
  if (old == nullptr || !old->is_usable()) return;
  context.supervisor.trouble(context, sa.tunnel(), own.config, why);
  if (old->is_outdated)
    context.supervisor.finish(context, sa.tunnel(), Supervisor::Kind::SetPeer, why);
  if (own.is_probe && !old->is_outdated) return;
  old->timers.arm(ChildTimer::SoftLifetime,
                  context.now + around(kRekeyRetryAfter, context.provider));
}

bool settle_for_crossing(Context& context, IkeSa& sa, const ChildExchange& own) {
  if (own.rekeys && awaits_followup(sa, own.rekeys)) {
    // Whoever waits for a rekey is told when the peer's is done; ours is left if it is never.
    const ChildSa* old = sa.find_child(*own.rekeys);
    if (old == nullptr) return false;
    queue_task(context, sa,
               {.kind = Task::Kind::RekeyChild,
                .inbound_spi = old->inbound,
                .attempt = own.attempt,
                .not_before = context.now + kAwaitedRetryAfter,
                .is_probe = own.is_probe});
    return true;
  }
  if (!own.crossing || sa.current_child(own.traffic()) == nullptr) return false;
  ChildSa* theirs = sa.find_child(*own.crossing);
  if (theirs != nullptr && theirs->is_usable() && theirs->outbound_half == Outbound::Waiting) {
    theirs->timers.arm(ChildTimer::Activate, context.now + kActivateAfter);
  }
  if (theirs != nullptr) resolve_duplicate_children(context, sa, theirs->id);
  succeed(context, sa);
  return true;
}

// --- Responder ---

std::vector<Payload> answer_rekey_child(Context& context, IkeSa& sa, const NotifyPayload& rekey,
                                        const std::vector<Payload>& payloads) {
  if (rekey.protocol != ProtocolId::Esp || rekey.spi.size() != 4) {
    return {error_notify(NotifyType::InvalidSyntax)};
  }
  // The SPI is the one that the peer receives on.
  const Spi named{load_be32(rekey.spi.data())};
  ChildSa* old = sa.find_child_by_outbound(named);
  ChildStanding standing = ChildStanding::Usable;
  if (old == nullptr) {
    standing = ChildStanding::None;
  } else if (old->is_deleting) {
    standing = ChildStanding::Closing;
  } else if (is_replaced(sa, *old) || is_in_followup(sa, *old)) {
    standing = ChildStanding::AlreadyReplaced;
  }
  switch (answer_crossing({kind_of(sa.active), TheirRequest::RekeyChild, standing})) {
    case CrossingAnswer::TemporaryFailure:
      return {error_notify(NotifyType::TemporaryFailure)};
    case CrossingAnswer::ChildSaNotFound:
      return {child_notify(NotifyType::ChildSaNotFound, named)};
    case CrossingAnswer::Proceed:
      break;
  }
  return answer_child(context, sa, payloads, old->id);
}

void accept_rekey(Context& context, IkeSa& sa, ChildId old_id, Replacement replacement) {
  const ChildId id = replacement.child.id;
  auto* own = std::get_if<ChildExchange>(&sa.active);
  const bool crosses = own != nullptr && own->rekeys == old_id;
  if (crosses) {
    own->crossing = id;
    own->crossing_nonces = replacement.nonces;
  }
  install_child(context, sa, std::move(replacement.child), std::move(replacement.keys),
                crosses ? Activation::WhenDecided : Activation::WhenProven);
  ChildSa* old = sa.find_child(old_id);
  old->replaced_by = id;
  old->timers.cancel(ChildTimer::SoftLifetime);
  if (!crosses) resolve_duplicate_children(context, sa, id);
}

void defer_activation(Context& context, IkeSa& sa) {
  for (ChildSa& child : sa.children) {
    if (!child.timers.is_armed(ChildTimer::Activate)) continue;
    child.timers.arm(ChildTimer::Activate, context.now + kActivateAfterRepetition);
  }
}

}  // namespace twinspan::ike
