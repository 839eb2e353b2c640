"""Additional key exchanges: the scripted peer's own calculation, and what breaks the rules."""

import os

from case import case, demand, demand_error, demand_notify, demand_same, demand_silence
from ike import additional, crypto, wire
from ike.peer import Refused
from ike.wire import Exchange, Note, Type


@case("RFC 9370 2.2.2, RFC 9242 3.3.2", "Two exchanges before IKE_AUTH, and AUTH covers both")
def handshake(scene):
    session = additional.connect(scene.hybrid)
    session.probe()
    demand(scene.child_count(scene.hybrid) == 1, "not exactly one child")
    session.close()


@case("RFC 9242 3.3.2", "A payload more in IKE_INTERMEDIATE is covered by AUTH as well")
def more_payloads(scene):
    session = additional.init(scene.hybrid)
    exchanges = additional.Intermediate(session)
    exchanges.exchange(31, [wire.notify(40960, os.urandom(99))])
    exchanges.exchange(14)
    scene.hybrid.auth(session)
    session.probe()
    session.close()


@case("RFC 9242 3.3.2", "Another IntAuth than that of the messages fails IKE_AUTH")
def changed_int_auth(scene):
    for change in (lambda text: text[:-1] + b"\x09", lambda text: b"\0" + text[1:], lambda _: b""):
        session = additional.init(scene.hybrid)
        exchanges = additional.Intermediate(session)
        for method in additional.METHODS:
            exchanges.exchange(method)
        session.int_auth = change(session.int_auth)
        demand_notify(scene.hybrid.auth(session), Note.AUTHENTICATION_FAILED)
        demand(scene.child_count(scene.hybrid) == 0, "a child was made")


@case("RFC 9370 2.2.2", "IKE_AUTH before the last IKE_INTERMEDIATE is not looked at")
def auth_too_early(scene):
    session = additional.init(scene.hybrid)
    exchanges = additional.Intermediate(session)
    for method in additional.METHODS:
        before = scene.state_of(session)
        spi = os.urandom(4)
        payloads = scene.hybrid.auth_payloads(session, spi)
        session.send(session.seal_request(Exchange.IKE_AUTH, payloads))
        demand_silence(scene.hybrid.settle())
        demand_same(before, scene.state_of(session), "the half-open SA")
        exchanges.exchange(method)
    scene.hybrid.auth(session)
    demand(len(session.children) == 1, "IKE_AUTH no longer works")
    session.close()


@case("RFC 9370 2.2.2", "More IKE_INTERMEDIATE than were agreed are not looked at")
def one_too_many(scene):
    session = additional.init(scene.hybrid)
    exchanges = additional.Intermediate(session)
    for method in additional.METHODS:
        exchanges.exchange(method)
    before = scene.state_of(session)
    public = crypto.DiffieHellman(31).public
    session.send(session.seal_request(Exchange.IKE_INTERMEDIATE, [wire.ke(31, public)]))
    demand_silence(scene.hybrid.settle())
    demand_same(before, scene.state_of(session), "the half-open SA")


@case("RFC 9370 2.2.2", "Another method, or a wrong value, ends the half-open SA")
def wrong_method(scene):
    for method, public in ((14, bytes(256)), (19, bytes(64)), (31, bytes(32)), (31, b"")):
        session = additional.init(scene.hybrid)
        content = session.request(Exchange.IKE_INTERMEDIATE, [wire.ke(method, public)])
        demand_notify(content, Note.INVALID_SYNTAX)
        state = scene.state_of(session)
        demand(state is None or " Lingering " in state, f"the SA goes on: {state}")


@case("RFC 9370 2.2.1", "An offer of them without INTERMEDIATE_EXCHANGE_SUPPORTED is not taken")
def unsupported(scene):
    proposal = additional.offering(scene.hybrid.ike_proposal(), additional.METHODS)
    try:
        scene.hybrid.init(lambda p: wire.replace(p, Type.SA, wire.sa(proposal)))
    except Refused as refusal:
        demand_notify(refusal.payloads, Note.NO_PROPOSAL_CHOSEN)
    else:
        demand(False, "the offer was taken")


@case("RFC 9370 2.2.1", "Types with gaps and NONE are answered type by type")
def gaps(scene):
    kinds = ((7, 31), (7, 19), (9, 14), (9, 0), (12, 21), (12, 0))
    proposal = scene.hybrid.ike_proposal().with_more(*(wire.Transform(*pair) for pair in kinds))
    support = wire.notify(Note.INTERMEDIATE_EXCHANGE_SUPPORTED)
    session = scene.hybrid.init(
        lambda p: [*wire.replace(p, Type.SA, wire.sa(proposal)), support]
    )
    answer = wire.decode_message(session.init_response).payloads
    [chosen] = wire.read_sa(wire.find(answer, Type.SA))
    more = [(t.type, t.id) for t in chosen.transforms if t.type > 5]
    demand(more == [(7, 31), (9, 14), (12, 0)], f"the daemon chose {more}")
    exchanges = additional.Intermediate(session)
    for method in additional.METHODS:
        exchanges.exchange(method)
    scene.hybrid.auth(session)
    session.probe()
    session.close()


@case("RFC 9370 2.2.4", "The keys of a rekeyed IKE SA come from every exchange")
def rekeyed_ike(scene):
    session = additional.connect(scene.hybrid)
    fresh = additional.rekey_ike(scene.hybrid, session)
    fresh.probe()
    session.close()
    again = additional.rekey_ike(scene.hybrid, fresh)
    again.probe()
    fresh.close()
    again.close()


@case("RFC 9370 2.2.4", "A child is made and replaced only after its last exchange")
def children(scene):
    session = additional.connect(scene.hybrid)
    before = {child for sa in scene.sas(scene.hybrid) for child in sa.children}
    content = additional.begin_child(scene.hybrid, session, session.children[0])
    demand(scene.child_count(scene.hybrid) == len(before), "made before its key exchanges")
    additional.follow_up(session, content)
    demand(scene.child_count(scene.hybrid) == len(before) + 1, "not made after them")
    session.close()


@case("RFC 9370 2.2.4", "A link that is unknown, empty, used up or forgotten: STATE_NOT_FOUND")
def unknown_links(scene):
    session = additional.connect(scene.hybrid)
    child = session.children[0]
    first = additional.link_of(additional.begin_child(scene.hybrid, session, child))
    second = additional.link_of(additional.begin_child(scene.hybrid, session, child))
    for link in (b"", b"x" * 8, b"y" * 2000, first):
        content, _ = additional.ask(session, 31, link)
        demand_notify(content, Note.STATE_NOT_FOUND)
    content, secret = additional.ask(session, 31, second)
    demand(secret, "the link that counts was not taken")
    content, _ = additional.ask(session, 31, second)
    demand_notify(content, Note.STATE_NOT_FOUND)
    session.probe()
    session.close()


@case("RFC 9370 2.2.4", "Series that are begun and not ended are bounded")
def endless_beginnings(scene):
    session = additional.connect(scene.hybrid)
    for _ in range(40):
        content = additional.begin_child(scene.hybrid, session)
        if additional.link_of(content) is None:
            demand_error(content, Note.TEMPORARY_FAILURE, Note.NO_ADDITIONAL_SAS)
    awaited = scene.state_of(session).count("awaits 0 of 2")
    demand(awaited <= 8, f"{awaited} series are awaited")
    session.probe()
    session.close()


@case("RFC 9370 2.2.4", "IKE_FOLLOWUP_KE before IKE_AUTH is not answered")
def followup_before_auth(scene):
    session = additional.init(scene.hybrid)
    before = scene.state_of(session)
    link = wire.notify(Note.ADDITIONAL_KEY_EXCHANGE, b"x" * 8)
    public = crypto.DiffieHellman(31).public
    session.send(session.seal_request(Exchange.IKE_FOLLOWUP_KE, [wire.ke(31, public), link]))
    demand_silence(scene.hybrid.settle())
    demand_same(before, scene.state_of(session), "the half-open SA")
