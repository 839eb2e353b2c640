"""Message IDs: replays, gaps, wraps, and answers that nobody asked for."""

from case import case, demand, demand_same, demand_silence
from ike import wire
from ike.session import Sealed, fresh_esp_spi
from ike.wire import Exchange, Note, Protocol, Type

INFORMATIONAL = Exchange.INFORMATIONAL


def unheard(scene, session, raws) -> None:
    before = scene.state_of(session)
    for raw in raws:
        session.send(raw)
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


def numbered(session, message_id: int, *payloads, response: bool = False) -> bytes:
    return session.seal(session.header(INFORMATIONAL, message_id, response), list(payloads))


@case("RFC 7296 2.1", "A repeated request gets the same answer, bit for bit, and acts once")
def repeated_request(scene):
    session = scene.hostile.connect()
    request = session.seal_request(
        Exchange.CREATE_CHILD_SA, scene.hostile.child_payloads(fresh_esp_spi())
    )
    answers = set()
    for _ in range(5):
        session.send(request)
        answers.add(session.await_answer(session.send_id, Exchange.CREATE_CHILD_SA).raw)
    demand(len(answers) == 1, "the answers differ")
    demand(scene.child_count(scene.hostile) == 2, "not exactly one child more")
    session.send_id += 1
    session.probe()


@case("RFC 7296 2.3", "The last message ID with other bytes is no repetition and not answered")
def repeated_number_other_bytes(scene):
    session = scene.hostile.connect()
    session.probe()
    last = session.send_id - 1
    unheard(
        scene,
        session,
        [
            numbered(session, last),
            numbered(session, last, wire.delete(Protocol.IKE)),
            numbered(session, last, wire.notify(40960)),
        ],
    )


@case("libreswan impair replay-duplicates", "Requests from before the last one are not answered")
def old_requests(scene):
    session = scene.hostile.connect()
    old = []
    for _ in range(4):
        old.append(session.seal_request(INFORMATIONAL, []))
        session.exchange_raw(old[-1], INFORMATIONAL)
    unheard(scene, session, old[:-1] * 3)


@case("libreswan impair replay-forward", "Requests ahead of the window are not answered nor kept")
def requests_ahead(scene):
    session = scene.hostile.connect()
    ahead = [session.send_id + gap for gap in (1, 2, 3, 100, 2**16, 2**31)]
    unheard(
        scene,
        session,
        [numbered(session, number, wire.delete(Protocol.IKE)) for number in ahead],
    )


@case("RFC 7296 2.2", "Message IDs at the wrap are not taken for the next one")
def numbers_at_the_wrap(scene):
    session = scene.hostile.connect()
    numbers = (0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
    unheard(
        scene,
        session,
        [numbered(session, number, wire.delete(Protocol.IKE)) for number in numbers],
    )


@case("RFC 7296 2.3", "A window that the peer asks for does not widen ours")
def window_abuse(scene):
    session = scene.hostile.connect()
    window = wire.notify(Note.SET_WINDOW_SIZE, b"\xff\xff\xff\xff")
    demand(session.request(INFORMATIONAL, [window]) == [], "an answer")
    first = session.send_id
    unheard(scene, session, [numbered(session, first + i) for i in range(100, 0, -1)])
    demand(session.send_id == first + 1, "the window moved")


@case("RFC 7296 2.1", "Answers that nobody asked for are dropped")
def unsolicited_answers(scene):
    session = scene.hostile.connect()
    raws = [
        numbered(session, number, *payloads, response=True)
        for number in (0, 1, 2, 3, 0xFFFFFFFF)
        for payloads in (
            (),
            (wire.delete(Protocol.IKE),),
            (wire.notify(Note.AUTHENTICATION_FAILED),),
            (wire.notify(Note.INVALID_SYNTAX),),
        )
    ]
    for exchange in (34, 35, 36, 38, 255):
        raws.append(session.seal(session.header(exchange, 0, True), []))
    unheard(scene, session, raws)


@case("RFC 7296 3.1", "Exchange types that do not exist, inside a good SK, change nothing")
def unknown_exchanges(scene):
    session = scene.hostile.connect()
    before = scene.state_of(session)
    for exchange in (0, 33, 34, 39, 42, 100, 255):
        session.send(session.seal(session.header(exchange, session.send_id, False), []))
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 7296 2.1", "Other bytes under a number that waits for its turn are as good as the first")
def number_is_not_burnt(scene):
    session = scene.hostile.connect()
    forged = bytearray(session.seal_request(INFORMATIONAL, []))
    forged[-1] ^= 1
    session.send(bytes(forged))
    session.probe()


@case("RFC 7296 2.23", "A replayed request from another address does not move the SA")
def replay_from_elsewhere(scene):
    session = scene.hostile.connect()
    old = session.seal_request(INFORMATIONAL, [])
    session.exchange_raw(old, INFORMATIONAL)
    last = session.seal_request(INFORMATIONAL, [])
    session.exchange_raw(last, INFORMATIONAL)
    before = scene.state_of(session)
    for raw in (old, last, last):
        session.sockets.send_from_elsewhere(raw, scene.cbc.profile.address, session.port)
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("iked 2021-2025 class", "A forged message from another address does not move the SA")
def forgery_from_elsewhere(scene):
    session = scene.hostile.connect()
    before = scene.state_of(session)
    forged = bytearray(session.seal_request(INFORMATIONAL, []))
    forged[-1] ^= 1
    session.sockets.send_from_elsewhere(bytes(forged), scene.cbc.profile.address, session.port)
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 7296 2.4", "A hundred liveness checks are answered, each once, and cost nothing")
def liveness_flood(scene):
    session = scene.hostile.connect()
    for _ in range(100):
        session.probe()
    demand(scene.child_count(scene.hostile) == 1, "children changed")


@case("RFC 7296 2.2", "An answer's header says who made the SA, and repeats the request's number")
def header_of_answers(scene):
    session = scene.hostile.connect()
    session.send(session.seal_request(INFORMATIONAL, [], Sealed()))
    answer = session.await_answer(session.send_id, INFORMATIONAL)
    session.send_id += 1
    demand(answer.header.flags == 0x20, f"flags {answer.header.flags:#x}")
    demand(answer.payloads[-1].type == Type.SK, "not encrypted")
