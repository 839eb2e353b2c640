"""The planted bugs. Each replaces a piece of text that occurs once in its file.

What must notice is a test program, or cases of tests/conformance against a daemon with the bug.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    name: str
    breaks: str  # What a gateway with this bug does.
    file: str
    old: str
    new: str
    program: str = ""  # The test program that must notice.
    tests: str = "*"  # Which of its tests.
    cases: str = ""  # Cases of tests/conformance instead, each of which must notice.


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
        old="  if (psk_value(context, sa, id, *own.secret).equals(auth.value))",
        new="  if (psk_value(context, sa, id, *own.secret).equals(auth.value) || "
        "!auth.value.empty())",
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
        program="sim_wayward_test",
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
        name="cookie-secret-kept",
        breaks="a cookie is good for as long as the daemon runs",
        file="ike/core/cookie.cc",
        old="  if (current_ && now - current_->made_at < kCookieSecretLifetime) return;",
        new="  if (current_ && now >= current_->made_at) return;",
        program="ike_core_cookie_test",
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
    # --- Seen by a peer that misbehaves ---
    Mutant(
        name="critical-bit-ignored",
        breaks="what the peer calls critical is skipped when we do not know it",
        file="ike/wire/payload_chain.cc",
        old="  if (raw.is_critical && !is_known(raw.type)) {",
        new="  if (raw.is_critical && !is_known(raw.type) && raw.type == 0) {",
        cases="sa_init.unknown_critical_payload auth.unknown_critical_payload "
        "sk_payloads.unknown_critical_payload",
    ),
    Mutant(
        name="payloads-not-judged",
        breaks="payloads that have no place in an exchange are let into its handler",
        file="ike/core/ike_sa.cc",
        old="  if (judge_message(sa, header, *payloads) != Legality::Legal) {",
        new="  if (judge_message(sa, header, *payloads) == Legality::Unexpected) {",
        cases="create_child.payloads_of_other_exchanges sk_payloads.agreement_in_informational",
    ),
    Mutant(
        name="create-child-before-auth",
        breaks="a stranger gets an answer to CREATE_CHILD_SA (CVE-2026-78135)",
        file="ike/core/legality.cc",
        old="    {AuthSent, IkeAuth, kInitiator, Response, 0, kAuthBars},\n",
        new="    {AuthSent, IkeAuth, kInitiator, Response, 0, kAuthBars},\n"
        "    {InitAnswered, CreateChildSa, kResponder, Request, kCreateNeeds, kCreateBars},\n",
        cases="auth.create_child_before_auth",
    ),
    Mutant(
        name="fragment-total-unbounded",
        breaks="a peer announces as many fragments as it likes, and they are kept",
        file="ike/core/reassembly.cc",
        old="  if (block.fragment_total > kFragmentsMax) return Verdict::Unusable;",
        new="  if (block.fragment_total == 0) return Verdict::Unusable;",
        cases="fragments.huge_total",
    ),
    Mutant(
        name="later-fragment-names-payload",
        breaks="a later fragment may say what the first payload is",
        file="ike/core/reassembly.cc",
        old="  if (block.fragment_number > 1 && block.first_inner_payload != 0) "
        "return Verdict::Unusable;",
        new="  if (block.fragment_number == 0) return Verdict::Unusable;",
        cases="fragments.wrong_next_payload",
    ),
    Mutant(
        name="fragments-unasked",
        breaks="fragments are taken from a peer that has not announced them",
        file="ike/core/fragments.cc",
        old="  return sa.has_fragmentation && message.payloads.empty();",
        new="  return sa.spi_i.value != 0 && message.payloads.empty();",
        cases="fragments.unsolicited",
    ),
    Mutant(
        name="window-not-enforced",
        breaks="a request ahead of its turn is carried out",
        file="ike/core/request_window.cc",
        old="  if (id == expected_) return Verdict::Fresh;",
        new="  if (id >= expected_) return Verdict::Fresh;",
        cases="window.requests_ahead window.numbers_at_the_wrap",
    ),
    Mutant(
        name="repetition-carried-out-again",
        breaks="a repeated request is carried out again",
        file="ike/core/request_window.cc",
        old="  return repeats ? Verdict::Duplicate : Verdict::Stale;",
        new="  return repeats ? Verdict::Fresh : Verdict::Stale;",
        cases="window.repeated_request auth.repeated_auth",
    ),
    Mutant(
        name="delete-answered-with-their-spi",
        breaks="the answer to a DELETE names the peer's half",
        file="ike/exchange/delete_sa.cc",
        old="    if (!child->is_deleting) own.push_back(child->inbound);",
        new="    if (!child->is_deleting) own.push_back(child->outbound);",
        cases="informational.delete_child informational.delete_twice",
    ),
    Mutant(
        name="delete-answered-for-ah",
        breaks="the answer to a DELETE speaks of AH",
        file="ike/exchange/delete_sa.cc",
        old="DeletePayload{.protocol = ProtocolId::Esp, .spis = {part.begin(), part.end()}});",
        new="DeletePayload{.protocol = ProtocolId::Ah, .spis = {part.begin(), part.end()}});",
        cases="informational.delete_child",
    ),
    Mutant(
        name="selectors-not-narrowed",
        breaks="the peer gets the selectors that it asks for",
        file="ike/core/selector_narrowing.cc",
        old="{.local = narrow(proposed.local, configured.local),",
        new="{.local = narrow(proposed.local, proposed.local),",
        cases="child_offer.foreign_selectors",
    ),
    Mutant(
        name="wrong-group-named",
        breaks="INVALID_KE_PAYLOAD names another group than the one that is wanted",
        file="ike/exchange/create_child.cc",
        old="return Err<Payload>{invalid_ke_notify(group)};",
        new="return Err<Payload>{invalid_ke_notify(static_cast<uint16_t>(group + 1))};",
        cases="create_child.ke_ping_pong",
    ),
    Mutant(
        name="clear-hint-ends-the-sa",
        breaks="INVALID_SPI in clear ends the IKE SA of the child that it names",
        file="ike/core/hints.cc",
        old="    ++context.counters.hints;\n    context.supervisor.recover(context, *sa);\n",
        new="    ++context.counters.hints;\n"
        '    close_silently(context, *sa, diagnose(Cause::Replaced, sa->peer->name, "hint"));\n',
        cases="informational.invalid_spi_in_clear",
    ),
    Mutant(
        name="rekey-of-any-protocol",
        breaks="REKEY_SA for AH is taken for ESP (CVE-2023-38710)",
        file="ike/exchange/rekey_child.cc",
        old="  if (rekey.protocol != ProtocolId::Esp || rekey.spi.size() != 4) {",
        new="  if (rekey.spi.size() != 4) {",
        cases="create_child.rekey_protocols",
    ),
    Mutant(
        name="children-unbounded",
        breaks="a peer may ask for any number of children",
        file="ike/exchange/create_child.cc",
        old="sa.awaited_followups.size() >= most) {",
        new="sa.awaited_followups.size() >= 100 * most) {",
        cases="create_child.too_many_children",
    ),
    Mutant(
        name="zero-ike-spi-taken",
        breaks="an IKE rekey to the SPI 0 is agreed to",
        file="ike/exchange/rekey_ike.cc",
        old="  if (!choice || choice->spi.value == 0) {\n    const Diagnosis why = compared(",
        new="  if (!choice) {\n    const Diagnosis why = compared(",
        cases="create_child.ike_rekey_spis",
    ),
    Mutant(
        name="cookie-for-any-spi",
        breaks="one cookie opens any number of half-open SAs",
        file="ike/core/cookie.cc",
        old="  sender.u64(owner.initiator_spi.value);",
        new="  sender.u64(0);",
        cases="cookies.cookie_of_another",
    ),
    Mutant(
        name="cookie-never-asked-for",
        breaks="a flood of half-open SAs is served without a cookie",
        file="ike/core/admission.cc",
        old="load.total >= cookie_threshold) return Admission::Challenge;",
        new="load.total >= 1000 * cookie_threshold) return Admission::Challenge;",
        cases="cookies.challenged",
    ),
    Mutant(
        name="short-nonce-taken",
        breaks="nonces of any length are good",
        file="ike/wire/nonce_payload.cc",
        old="  return size >= kNonceSizeMin && size <= kNonceSizeMax;",
        new="  return size <= kNonceSizeMax;",
        cases="sa_init.nonce_length create_child.nonce_lengths",
    ),
]
