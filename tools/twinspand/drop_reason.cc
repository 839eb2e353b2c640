#include "tools/twinspand/drop_reason.h"

#include <algorithm>

namespace twinspan::tools {
namespace {

using esp::Verdict;

struct Row {
  Verdict verdict;
  DropReason reason;
};

constexpr Row kReasons[] = {
    {Verdict::Malformed,
     {"too short or badly aligned to be ESP of this SA",
      "look for a device on the way that changes packets"}},
    {Verdict::UnknownSpi,
     {"no such SA here; a few after a restart of either side are usual",
      "if it goes on, restart the connection at the peer"}},
    {Verdict::Replayed,
     {"a sequence number seen before, or older than the window",
      "look for packets doubled or much delayed on the way"}},
    {Verdict::BadIcv,
     {"not encrypted by this SA's peer, or changed on the way",
      "a capture at both ends; somebody may be forging packets"}},
    {Verdict::BadPadding,
     {"decrypted, but not put together as RFC 4303 says",
      "a fault of the peer's implementation: report it"}},
    {Verdict::BadInnerPacket,
     {"decrypted, but not IPv4 or IPv6 with lengths that add up",
      "a fault of the peer's implementation: report it"}},
    {Verdict::BadAggfrag,
     {"decrypted, but no AGGFRAG payload as RFC 9347 says, though both sides agreed to "
      "send nothing else",
      "a fault of the peer's implementation: report it"}},
    {Verdict::AggfragFragment,
     {"the peer cuts packets for AGGFRAG, though we asked it not to",
      "the peer's setting for it (\"don't fragment\"); its packets that are not cut "
      "arrive"}},
    {Verdict::SelectorMismatch,
     {"the peer sends from or to addresses that were not agreed", "compare both sides' prefixes"}},
    {Verdict::SourceRefused,
     {"a source in our own networks, the peer's outer address, no unicast address, or (IPv4) "
      "nothing that this tunnel's prefixes hold",
      "the routes at the far side; somebody may be spoofing"}},
    {Verdict::WrongOuter,
     {"came to another address of ours than the SA's", "the peer's routes and NAT"}},
    {Verdict::Expired,
     {"the SA is past its hard limit, and was not renewed",
      "`twinspan show connection NAME`: why the rekey failed"}},
    {Verdict::EcnIllegal,
     {"marked as congested though the sender does not know such marks (RFC 6040 4.2)",
      "a router on the way rewrites the TOS byte"}},
    {Verdict::TunWriteFailed,
     {"the kernel did not take the packet from us", "the device's state: `ip -s link`"}},
    {Verdict::SocketQueueFull,
     {"datagrams came faster than they were read",
      "the host is short of CPU time; `net.core.rmem_max`"}},
    {Verdict::NoSa, {"there is no SA to send on", "the connection is down: see above"}},
    {Verdict::NoSelector,
     {"routed into the tunnel, but no selector admits it",
      "compare both sides' prefixes with the packet's addresses"}},
    {Verdict::SequenceExhausted,
     {"the SA has no sequence numbers left, and was not renewed", "why the rekey failed"}},
    {Verdict::TooBig,
     {"does not fit the path and must not be cut; its sender is told by ICMP",
      "let ICMP pass towards the sender"}},
    {Verdict::BadOffload,
     {"the kernel described a super-packet that does not add up",
      "`--no-tun-offload`, and report the kernel's version"}},
    {Verdict::SendFailed,
     {"the kernel refused to send", "the route to the peer, and the firewall's OUTPUT chain"}},
    {Verdict::DeviceQueueFull,
     {"packets were routed into the tunnel faster than they were read",
      "the host is short of CPU time, or the sender too fast"}},
};

}  // namespace

DropReason describe(esp::Verdict reason) {
  const auto* const found = std::ranges::find(kReasons, reason, &Row::verdict);
  return found == std::end(kReasons) ? DropReason{"no fault", ""} : found->reason;
}

}  // namespace twinspan::tools
