"""The planted bugs. Each replaces a piece of text that occurs once in its file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    name: str
    breaks: str  # What a gateway with this bug does.
    file: str
    old: str
    new: str
    program: str  # The test program that must notice.
    tests: str = "*"  # Which of its tests.


MUTANTS = [
    Mutant(
        name="nonces-not-compared",
        breaks="of two crossing rekeys, each side keeps its own",
        file="ike/core/rekey_collision.cc",
        old="return nonce_is_lower(lowest_nonce(ours), lowest_nonce(theirs)) ?",
        new="return lowest_nonce(ours).empty() && lowest_nonce(theirs).empty() ?",
        program="sim_collision_test",
    ),
    Mutant(
        name="legality-row-too-many",
        breaks="CREATE_CHILD_SA is handled before AUTH (CVE-2026-78135)",
        file="ike/core/legality.cc",
        old="    {AuthSent, IkeAuth, kInitiator, Response, 0, kAuthBars},\n",
        new="    {AuthSent, IkeAuth, kInitiator, Response, 0, kAuthBars},\n"
        "    {InitAnswered, CreateChildSa, kResponder, Request, kCreateNeeds, kCreateBars},\n",
        program="ike_core_legality_test",
    ),
    Mutant(
        name="cookie-not-checked",
        breaks="any cookie opens a half-open SA during a flood",
        file="ike/core/cookie.cc",
        old="constant_time_equal(mac(provider, *secret, owner), cookie.subspan(kGenerationSize))",
        new="(mac(provider, *secret, owner), true)",
        program="sim_flood_test",
    ),
    Mutant(
        name="auth-not-verified",
        breaks="the peer needs no pre-shared key",
        file="ike/exchange/authentication.cc",
        old="  if (!psk_value(context, sa, id).equals(auth->value))",
        new="  if (!psk_value(context, sa, id).equals(auth->value) && auth->value.empty())",
        program="sim_refusal_test",
    ),
    Mutant(
        name="window-moved-early",
        breaks="a forged ESP packet moves the replay window",
        file="esp/open.cc",
        old="  if (!sequence || !state.window.looks_fresh(*sequence)) {",
        new="  if (!sequence || !state.window.accept(*sequence)) {",
        program="esp_test",
    ),
    Mutant(
        name="outbound-switched-early",
        breaks="a responder sends on a new SA that its peer may not have yet",
        file="ike/exchange/rekey_child.cc",
        old="crosses ? Activation::WhenDecided : Activation::WhenProven",
        new="crosses ? Activation::WhenDecided : Activation::Now",
        program="sim_rekey_test",
    ),
    Mutant(
        name="any-repetition-answered",
        breaks="another message with the last message ID gets the answer to the first",
        file="ike/core/request_window.cc",
        old="std::ranges::equal(request, cached_request_)",
        new="!request.empty()",
        program="ike_core_request_window_test",
    ),
    Mutant(
        name="counter-wraps",
        breaks="an SA without ESN uses sequence numbers twice",
        file="esp/sa_store.cc",
        old=": OutboundSequence::kLast)",
        new=": OutboundSequence::kLastExtended)",
        program="esp_test",
    ),
    Mutant(
        name="lost-delete-never-reaped",
        breaks="an IKE SA whose DELETE was lost stays for ever",
        file="ike/core/ike_sa.cc",
        old="void handle_reap(Context& context, IkeSa& sa) {\n",
        new="void handle_reap(Context& context, IkeSa& sa) {\n"
        "  if (sa.established_at > Instant{}) return;\n",
        program="sim_collision_test",
    ),
    Mutant(
        name="inbound-removed-at-once",
        breaks="packets under way on a replaced SA are lost",
        file="ike/core/child_sa.h",
        old="inline constexpr Duration kInboundGrace = 5s;",
        new="inline constexpr Duration kInboundGrace = 0s;",
        program="sim_rekey_test",
    ),
    Mutant(
        name="childless-without-announcement",
        breaks="IKE_AUTH without a child is taken although nobody announced RFC 6023",
        file="ike/core/legality.cc",
        old="child == 0 && situation.admits_childless",
        new="child == 0 && (situation.admits_childless || true)",
        program="ike_core_legality_test",
    ),
    Mutant(
        name="rekey-proposes-the-configured",
        breaks="a rekey proposes what is configured and not what the peer narrowed to",
        file="ike/exchange/rekey_child.cc",
        old="  own.local = old->local;\n",
        new="  own.local = config_of(sa, *old).local;\n",
        program="sim_children_test",
    ),
    Mutant(
        name="pfs-not-probed",
        breaks="PFS that differs is found at the first rekey only",
        file="ike/core/child_sa.cc",
        old="  child.timers.arm(ChildTimer::Probe, context.now + at);\n",
        new="  if (at < Duration{}) child.timers.arm(ChildTimer::Probe, context.now + at);\n",
        program="sim_childless_test",
    ),
    Mutant(
        name="first-child-not-brought-by-auth",
        breaks="a tunnel whose PFS differs stays down where the peer is childless",
        file="ike/exchange/create_child.cc",
        old="  if (is_about_offer(error) &&\n",
        new="  if (false && is_about_offer(error) &&\n",
        program="sim_childless_test",
    ),
]
