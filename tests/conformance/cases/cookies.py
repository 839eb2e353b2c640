"""Cookies of the daemon's: past 32 half-open SAs nothing is computed or kept without one."""

from case import case, demand, demand_notify, demand_single, nothing_opened
from ike import wire
from ike.peer import Peer
from ike.session import Session
from ike.wire import Note, Payload, Type

THRESHOLD = 32  # `--cookie-threshold`, unless set.


def crowd(scene) -> None:
    """So many half-open SAs that the next one needs a cookie."""
    for _ in range(THRESHOLD):
        scene.hostile.init()


def challenge(peer: Peer, session: Session, edit=lambda payloads: payloads) -> bytes:
    peer.send_init(session, edit)
    message = peer.await_init(session)
    demand(message.header.spi_r == 0, "an SPI was chosen already")
    return demand_notify(message.payloads, Note.COOKIE).value


def returning(cookie: bytes):
    return lambda payloads: [wire.notify(Note.COOKIE, cookie), *payloads]


def demand_challenge(scene, peer: Peer, session: Session, cookie: bytes) -> None:
    with nothing_opened(scene, peer):
        demand(challenge(peer, session, returning(cookie)), "no cookie")


@case(
    "RFC 7296 2.6", "Past the threshold a request is answered by a cookie and forgotten", fresh=True
)
def challenged(scene):
    crowd(scene)
    with nothing_opened(scene, scene.hostile):
        cookie = challenge(scene.hostile, scene.hostile.begin())
    demand(1 <= len(cookie) <= 64, f"a cookie of {len(cookie)} bytes")


@case("RFC 7296 2.6", "No public value is looked at before the cookie came back", fresh=True)
def no_work_without_a_cookie(scene):
    crowd(scene)
    for public in (b"", bytes(64), b"\xff" * 64, bytes(5000)):
        bad = wire.ke(19, public)
        [answer] = scene.hostile.try_init(lambda p: wire.replace(p, Type.KE, bad))
        demand_notify(answer.payloads, Note.COOKIE)


@case("RFC 7296 2.6", "Whoever brings the cookie back is served, and AUTH covers it", fresh=True)
def right_cookie(scene):
    crowd(scene)
    for peer in (scene.hostile, scene.cbc, scene.curve):
        session = peer.connect()
        session.probe()


@case("libreswan ddos-cookie-02", "A mangled cookie is answered by a new one", fresh=True)
def mangled_cookie(scene):
    crowd(scene)
    session = scene.hostile.begin()
    cookie = challenge(scene.hostile, session)
    for wrong in (
        b"",
        cookie[:1],
        cookie[:4],
        cookie[:-1],
        cookie + b"\0",
        bytes(len(cookie)),
        bytes([cookie[0] ^ 1]) + cookie[1:],
        cookie[:-1] + bytes([cookie[-1] ^ 1]),
        cookie * 10,
    ):
        demand_challenge(scene, scene.hostile, session, wrong)
    scene.hostile.send_init(session, returning(cookie))
    scene.hostile.finish_init(session, scene.hostile.await_init(session))


@case("RFC 7296 2.6", "A cookie is good for its address, SPI and nonce only", fresh=True)
def cookie_of_another(scene):
    crowd(scene)
    first = scene.hostile.begin()
    cookie = challenge(scene.hostile, first)
    other_spi = scene.hostile.begin()
    other_spi.nonces = first.nonces
    other_nonce = scene.hostile.begin()
    other_nonce.spi_i = first.spi_i
    elsewhere = scene.narrow.begin()
    elsewhere.spi_i, elsewhere.nonces = first.spi_i, first.nonces
    demand_challenge(scene, scene.hostile, other_spi, cookie)
    demand_challenge(scene, scene.hostile, other_nonce, cookie)
    demand_challenge(scene, scene.narrow, elsewhere, cookie)


@case("RFC 7296 2.6", "A cookie that is returned twice opens one SA", fresh=True)
def cookie_twice(scene):
    crowd(scene)
    session = scene.hostile.begin()
    cookie = challenge(scene.hostile, session)
    for _ in range(3):
        session.send(scene.hostile.send_init(session, returning(cookie)))
    answers = {message.raw for message in scene.hostile.settle(500)}
    demand(len(answers) == 1, f"{len(answers)} different answers")
    same = [sa for sa in scene.sas(scene.hostile) if sa.spi_i == session.spi_i]
    demand(len(same) == 1, f"{len(same)} SAs")


@case("RFC 7296 2.6", "A crowd of half-open SAs costs an established one nothing", fresh=True)
def established_in_the_crowd(scene):
    session = scene.cbc.connect()
    crowd(scene)
    session.probe()
    demand(wire.find(scene.cbc.create_child(session), Type.SA) is not None, "no new child")


@case("RFC 7296 2.6", "What is broken is not challenged but dropped", fresh=True)
def broken_requests_in_the_crowd(scene):
    crowd(scene)
    for edit in (
        lambda p: wire.replace(p, Type.NONCE),
        lambda p: wire.replace(p, Type.KE),
        lambda p: wire.replace(p, Type.SA, Payload(Type.SA)),
    ):
        demand(scene.hostile.try_init(edit) == [], "an answer")
    demand_single(scene.hostile.try_init())
