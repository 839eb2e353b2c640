"""RFC 7383: fragments that are numbered wrongly, repeated, contradictory, or never complete."""

from case import case, demand, demand_notify, demand_same, demand_silence
from ike import wire
from ike.session import Sealed, Session
from ike.wire import Exchange, Note, Payload, Protocol, Type

INFORMATIONAL = Exchange.INFORMATIONAL
SUPPORTED = wire.notify(Note.IKEV2_FRAGMENTATION_SUPPORTED)


def connect(scene) -> Session:
    """An SA on which both have said that they know fragments."""
    return scene.hostile.connect(lambda payloads: [*payloads, SUPPORTED])


def cut(session: Session, exchange: int, payloads: list[Payload], size: int) -> list[bytes]:
    """One request as proper fragments of `size` bytes of content."""
    first, plain = wire.encode_chain(payloads)
    parts = [plain[at : at + size] for at in range(0, len(plain), size)]
    return [
        piece(session, exchange, part, (i + 1, len(parts)), first=first if i == 0 else 0)
        for i, part in enumerate(parts)
    ]


def piece(
    session: Session, exchange: int, part: bytes, place: tuple[int, int], first: int = 0
) -> bytes:
    how = Sealed(plain=part, first=first, fragment=place)
    return session.seal_request(exchange, [], how)


def delete_request() -> list[Payload]:
    return [wire.delete(Protocol.IKE), Payload(Type.VENDOR, bytes(100))]


def unheard(scene, session: Session, raws: list[bytes]) -> None:
    """No answer, nothing of the SA but its bin of fragments changes, and it goes on."""
    for raw in raws:
        session.send(raw)
    demand_silence(scene.hostile.settle())
    demand(len(scene.established(scene.hostile)) == 1, "the SA is gone")
    session.probe()


def ask_in_fragments(session: Session, raws: list[bytes], exchange: int) -> list[Payload]:
    for raw in raws:
        session.send(raw)
    content = session.await_answer(session.send_id, exchange).content
    session.send_id += 1
    return content


@case("RFC 7383 2.6", "Fragments in any order make one message, and one answer")
def any_order(scene):
    session = connect(scene)
    for order in (1, -1):
        raws = cut(session, INFORMATIONAL, [Payload(Type.VENDOR, bytes(200))], 50)
        demand(ask_in_fragments(session, raws[::order], INFORMATIONAL) == [], "an answer")


@case("RFC 7383 2.6", "A child that is asked for in fragments of one byte, as far as allowed")
def tiny_fragments(scene):
    session = connect(scene)
    raws = cut(session, INFORMATIONAL, [wire.notify(40960)], 1)
    demand(ask_in_fragments(session, raws, INFORMATIONAL) == [], "an answer")


@case("RFC 7383 2.3", "IKE_AUTH may come in fragments")
def auth_in_fragments(scene):
    session = scene.hostile.init(lambda payloads: [*payloads, SUPPORTED])
    payloads = scene.hostile.auth_payloads(session, b"\x11\x22\x33\x44")
    raws = cut(session, Exchange.IKE_AUTH, payloads, 64)
    content = ask_in_fragments(session, raws, Exchange.IKE_AUTH)
    demand(wire.find(content, Type.AUTH) is not None, f"refused: {wire.describe(content)}")
    session.probe()


@case("libreswan frag-06-unsolicited", "Fragments that were not agreed on are dropped")
def unsolicited(scene):
    session = scene.hostile.connect()
    before = scene.state_of(session)
    for raw in cut(session, INFORMATIONAL, delete_request(), 40):
        session.send(raw)
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 7383 2.5", "Number 0, and numbers above the total, are dropped")
def impossible_numbers(scene):
    session = connect(scene)
    first, plain = wire.encode_chain(delete_request())
    places = [(0, 0), (0, 1), (0, 3), (1, 0), (2, 1), (4, 3), (65535, 1), (0, 65535)]
    unheard(scene, session, [piece(session, INFORMATIONAL, plain, p, first) for p in places])


@case("CVE-2026-12413 class", "A total of 65535 reserves nothing and completes nothing")
def huge_total(scene):
    session = connect(scene)
    before = scene.state_of(session)
    for number in (1, 2, 3, 65534, 65535):
        first = 41 if number == 1 else 0
        session.send(piece(session, INFORMATIONAL, bytes(1000), (number, 65535), first))
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 7383 2.5", "Only the first fragment names the first inner payload")
def wrong_next_payload(scene):
    session = connect(scene)
    first, plain = wire.encode_chain(delete_request())
    raws = [
        piece(session, INFORMATIONAL, plain[:50], (1, 2), first),
        piece(session, INFORMATIONAL, plain[50:], (2, 2), first),
    ]
    unheard(scene, session, raws)


@case(
    "RFC 7383 2.6", "A repeated fragment is not counted twice, nor is a second content of it taken"
)
def duplicates_and_overlaps(scene):
    session = connect(scene)
    raws = cut(session, INFORMATIONAL, [Payload(Type.VENDOR, bytes(100))], 60)
    other = piece(session, INFORMATIONAL, b"\xff" * 60, (1, 2), int(Type.DELETE))
    content = ask_in_fragments(session, [raws[0]] * 5 + [other, raws[1]], INFORMATIONAL)
    demand(content == [], f"answered [{wire.describe(content)}]")


@case("RFC 7383 2.6", "A smaller total than that of what is here does not complete it")
def changing_totals(scene):
    session = connect(scene)
    first, plain = wire.encode_chain(delete_request())
    raws = [
        piece(session, INFORMATIONAL, plain[:50], (1, 3), first),
        piece(session, INFORMATIONAL, plain[50:], (2, 2)),
        piece(session, INFORMATIONAL, plain[50:80], (2, 4)),
        piece(session, INFORMATIONAL, plain[50:], (3, 3)),
    ]
    unheard(scene, session, raws)


@case("RFC 7383 2.6", "A peer that cuts smaller than before is understood")
def cut_again_smaller(scene):
    session = connect(scene)
    payloads = [Payload(Type.VENDOR, bytes(200))]
    large = cut(session, INFORMATIONAL, payloads, 150)
    small = cut(session, INFORMATIONAL, payloads, 60)
    content = ask_in_fragments(session, [large[0], *small], INFORMATIONAL)
    demand(content == [], f"answered [{wire.describe(content)}]")


@case("CVE-2026-12413", "Fragments with payloads in clear beside them are dropped")
def outer_payloads(scene):
    session = connect(scene)
    first, plain = wire.encode_chain(delete_request())
    outer = [Payload(Type.VENDOR, bytes(8)), wire.notify(Note.COOKIE, bytes(8))]
    for count in (1, 2, 30):
        beside = (outer * count)[:count]
        how = Sealed(plain=plain, first=first, fragment=(1, 1), outer=beside)
        unheard(scene, session, [session.seal_request(INFORMATIONAL, [], how)])


@case("RFC 7383 2.6", "Fragments of two exchanges under one number never make one message")
def mixed_exchanges(scene):
    session = connect(scene)
    first, plain = wire.encode_chain(delete_request())
    raws = [
        piece(session, INFORMATIONAL, plain[:50], (1, 2), first),
        piece(session, Exchange.CREATE_CHILD_SA, plain[50:], (2, 2)),
    ]
    unheard(scene, session, raws)


@case("RFC 7383 2.6", "Fragments of other message IDs are not kept")
def mixed_message_ids(scene):
    session = connect(scene)
    number = session.send_id
    for other in (number + 1, number - 1, number + 1000):
        session.send_id = other
        for raw in cut(session, INFORMATIONAL, delete_request(), 50):
            session.send(raw)
    session.send_id = number
    unheard(scene, session, [])


@case("RFC 7383 5", "A forged fragment is not kept, and its place stays free")
def forged_fragments(scene):
    session = connect(scene)
    raws = cut(session, INFORMATIONAL, [Payload(Type.VENDOR, bytes(100))], 60)
    before = scene.state_of(session)
    for raw in raws:
        for at in (33, 35, 40, len(raw) - 1):
            session.send(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    demand(ask_in_fragments(session, raws, INFORMATIONAL) == [], "an answer")


@case("CVE-2026-12413 class", "Messages that are begun and never completed do not add up")
def never_finished(scene):
    session = connect(scene)
    for number in range(500):
        place = (1 + number % 63, 64)
        first = int(Type.VENDOR) if place[0] == 1 else 0
        session.send(piece(session, INFORMATIONAL, bytes(1000), place, first))
    unheard(scene, session, [])


@case("RFC 7383 2.6", "A whole message takes the place of its unfinished fragments")
def whole_after_fragments(scene):
    session = connect(scene)
    session.send(cut(session, INFORMATIONAL, delete_request(), 50)[0])
    session.probe()
    demand(len(scene.established(scene.hostile)) == 1, "the SA is gone")
    session.probe()


@case("RFC 7383 2.6.1", "Of a repeated request only the first fragment asks for the answer again")
def repeated_request(scene):
    session = connect(scene)
    raws = cut(session, INFORMATIONAL, [Payload(Type.VENDOR, bytes(200))], 50)
    ask_in_fragments(session, raws, INFORMATIONAL)
    for _ in range(3):
        for raw in raws:
            session.send(raw)
    answers = scene.hostile.settle()
    demand(len(answers) == 3, f"{len(answers)} answers to three repetitions")
    demand(len({answer.raw for answer in answers}) == 1, "the answers differ")
    session.probe()


@case("RFC 7296 2.21.3", "A message that is broken once it is whole is INVALID_SYNTAX")
def broken_when_whole(scene):
    session = connect(scene)
    broken = Payload(Type.VENDOR, bytes(100), length=3)
    raws = cut(session, INFORMATIONAL, [broken], 50)
    demand_notify(ask_in_fragments(session, raws, INFORMATIONAL), Note.INVALID_SYNTAX)
    demand(scene.child_count(scene.hostile) == 0, "the child is still there")
    session.is_closed = True
