"""The daemon is the initiator: what a responder may answer, and what it may leave out."""

import contextlib
import time
from collections.abc import Iterator

from case import case, demand, demand_same
from ike import wire
from ike.session import Session, fresh_esp_spi
from ike.wire import Exchange, Header, Message, Note, Payload, Protocol, Transform, Type, changing

REPLY_SECONDS = 10
INFORMATIONAL = Exchange.INFORMATIONAL


def connect(scene, edit_auth=lambda payloads: payloads) -> Session:
    """A proper handshake that the daemon begins."""
    call = scene.call_up()
    session = scene.called.answer_init(scene.called.await_init_request())
    scene.called.answer_auth(session, edit_auth)
    reply = call.poll(REPLY_SECONDS)
    demand(reply is not None and "error" not in reply, f"`up` replied {reply}")
    return session


def refuse_init(scene, request: Message, *payloads: Payload) -> None:
    """An answer to IKE_SA_INIT without an SA behind it."""
    head = Header(request.header.spi_i, 0, Exchange.IKE_SA_INIT, 0x20, 0)
    scene.called.sockets.send(wire.encode_message(head, list(payloads)), 500)


@contextlib.contextmanager
def disbelieved(scene) -> Iterator[Message]:
    """Answers to IKE_SA_INIT sent meanwhile change nothing, and the real answer still counts."""
    call = scene.call_up()
    request = scene.called.await_init_request()
    yield request
    # What was answered is remembered as a hint for the operator, at most.
    repeated = [m for m in scene.called.settle(500) if m.raw != request.raw]
    demand(not repeated, f"the request was changed: {[str(m) for m in repeated]}")
    [sa] = scene.sas(scene.called)
    demand(sa.state == "InitSent" and sa.spi_r == 0, f"the SA went on: {sa.text}")
    session = scene.called.answer_init(request)
    scene.called.answer_auth(session)
    reply = call.poll(REPLY_SECONDS)
    demand(reply is not None and "error" not in reply, f"`up` replied {reply}")


def refused_auth(scene, edit) -> None:
    """The daemon tells its operator that it failed, and installs nothing."""
    call = scene.call_up()
    session = scene.called.answer_init(scene.called.await_init_request())
    scene.called.answer_auth(session, edit)
    reply = call.poll(REPLY_SECONDS)
    demand(reply is not None and "error" in reply, f"`up` replied {reply}")
    demand(not scene.established(scene.called), "the IKE SA was established")
    demand(scene.child_count(scene.called) == 0, "a child was installed")
    scene.hang_up()


# --- Childless ---

CHILDLESS = wire.notify(Note.CHILDLESS_IKEV2_SUPPORTED)


def connect_childless(scene) -> Session:
    """A handshake with a responder that announces RFC 6023."""
    request = scene.called.await_init_request()
    session = scene.called.answer_init(request, lambda payloads: [*payloads, CHILDLESS])
    request = session.await_request(Exchange.IKE_AUTH)
    scene.called.require_daemon_auth(session, request.content)
    made = [p.type for p in request.content if p.type in (Type.SA, Type.TSI, Type.TSR)]
    demand(not made, f"IKE_AUTH has {made}")
    own_id = scene.called.own_id(Type.IDR)
    session.answer(request, [own_id, scene.called.auth_payload(session, own_id)])
    return session


@case("RFC 6023 3", "Where it is announced, the first child comes by CREATE_CHILD_SA with a group")
def childless_responder(scene):
    call = scene.call_up()
    session = connect_childless(scene)
    request = session.await_request(Exchange.CREATE_CHILD_SA)
    demand(wire.find(request.content, Type.KE) is not None, "no KE")
    scene.called.answer_child(session, request)
    reply = call.poll(REPLY_SECONDS)
    demand(reply is not None and "error" not in reply, f"`up` replied {reply}")
    session.probe()
    demand(scene.child_count(scene.called) == 1, "not exactly one child")


@case("RFC 6023 3", "A first child that CREATE_CHILD_SA cannot make comes with IKE_AUTH")
def childless_first_child_refused(scene):
    call = scene.call_up()
    session = connect_childless(scene)
    request = session.await_request(Exchange.CREATE_CHILD_SA)
    session.answer(request, [wire.notify(Note.NO_PROPOSAL_CHOSEN)])
    # DELETE and the next IKE_SA_INIT take different ports: either may come first.
    early = []
    session.on_stray = lambda raw: early.append(wire.decode_message(raw)) or True
    while not session.is_closed:
        session.take_request(session.receive("the DELETE of an IKE SA without a child"))
    request = early[0] if early else scene.called.await_init_request()
    session = scene.called.answer_init(request, lambda payloads: [*payloads, CHILDLESS])
    scene.called.answer_auth(session)
    reply = call.poll(REPLY_SECONDS)
    demand(reply is not None and "error" not in reply, f"`up` replied {reply}")
    session.probe()
    demand(scene.child_count(scene.called) == 1, "not exactly one child")


# --- IKE_SA_INIT ---


@case("RFC 7296 1.2", "A proper responder is connected to, and its liveness checks are answered")
def proper_responder(scene):
    session = connect(scene)
    session.probe()
    demand(scene.child_count(scene.called) == 1, "not exactly one child")


@case("RFC 7296 2.6", "A cookie that is asked for comes back first, with all else unchanged")
def forced_cookie(scene):
    call = scene.call_up()
    first = scene.called.await_init_request()
    refuse_init(scene, first, wire.notify(Note.COOKIE, b"a cookie of the responder"))
    second = scene.called.await_init_request()
    notice = wire.read_notify(second.payloads[0])
    demand(notice.type == Note.COOKIE, f"the request begins otherwise: {second}")
    demand(notice.value == b"a cookie of the responder", "another cookie")
    demand_same(first.payloads, second.payloads[1:], "the rest of the request")
    scene.called.answer_auth(scene.called.answer_init(second))
    demand("error" not in call.poll(REPLY_SECONDS), "not connected")


@case("RFC 7296 2.6", "Cookies without end, of any length, are not followed without end")
def endless_cookies(scene):
    scene.call_up()
    asked = 0
    for size in (0, 1, 64, 65, 200, 1, 2, 3, 4, 5, 6, 7):
        request = scene.called.await_init_request()
        asked += 1
        refuse_init(scene, request, wire.notify(Note.COOKIE, bytes([asked]) * size))
        if scene.called.settle(500) == [] and asked > 1:
            break
    demand(asked < 12, "each of 12 cookies was followed")
    scene.hang_up()


@case("RFC 7296 1.2", "Another group than the one that was offered is not taken up")
def invalid_ke_ping_pong(scene):
    with disbelieved(scene) as request:
        for group in (0, 1, 2, 14, 19, 1025, 65535):
            value = group.to_bytes(2, "big")
            for junk in (value, value + b"\0", b"", value[:1]):
                notify = wire.notify(Note.INVALID_KE_PAYLOAD, junk)
                if group == 19 or len(junk) != 2:
                    refuse_init(scene, request, notify)


@case(
    "RFC 7296 2.21.1",
    "Agreements that cannot be used are not the answer; the real one still counts",
)
def unusable_agreements(scene):
    with disbelieved(scene) as request:
        peer = scene.called
        good = [
            wire.sa(peer.ike_proposal()),
            wire.ke(19, wire.find(request.payloads, Type.KE).body[4:]),
            wire.nonce(b"n" * 32),
        ]
        two = wire.sa(peer.ike_proposal(), peer.ike_proposal(number=2))
        group = Transform(4, 14)
        for payloads in (
            [],
            good[1:],
            good[:1],
            [good[0], good[2]],
            [two, *good[1:]],
            [wire.sa(peer.ike_proposal().without(4)), *good[1:]],
            [wire.sa(peer.ike_proposal().without(4).with_more(group)), *good[1:]],
            [wire.sa(peer.ike_proposal().with_more(group)), *good[1:]],
            [good[0], wire.ke(19, bytes(64)), good[2]],
            [good[0], wire.ke(19, b"\xff" * 64), good[2]],
            [good[0], wire.ke(14, bytes(256)), good[2]],
            [good[0], wire.ke(19, b""), good[2]],
            good,
            [good[0], good[1], wire.nonce(bytes(15))],
        ):
            refuse_init(scene, request, *payloads)
            head = Header(request.header.spi_i, 99, Exchange.IKE_SA_INIT, 0x20, 0)
            scene.called.sockets.send(wire.encode_message(head, payloads), 500)


@case("RFC 7296 2.1", "Our own request sent back to us is no answer")
def reflected_init(scene):
    with disbelieved(scene) as request:
        scene.called.sockets.send(request.raw, 500)
        head = request.header.changed(flags=0x20, spi_r=77)
        scene.called.sockets.send(wire.encode_message(head, request.payloads), 500)


@case("RFC 7296 2.21.1", "Unknown critical payloads and wrong headers are not the answer")
def wrong_answers(scene):
    with disbelieved(scene) as request:
        critical = Payload(200, b"", critical=True)
        refuse_init(scene, request, critical)
        good = Header(request.header.spi_i, 5, Exchange.IKE_SA_INIT, 0x20, 0)
        for change in (
            {"message_id": 1},
            {"spi_i": request.header.spi_i ^ 1},
            {"exchange": 35},
            {"flags": 0x28},
            {"version": 0x30},
            {"length": 28},
        ):
            raw = wire.encode_message(good.changed(**change), [wire.nonce(bytes(32))])
            scene.called.sockets.send(raw, 500)


@case("RFC 7296 2.7", "NO_PROPOSAL_CHOSEN ends the attempt, and the operator is told why")
def no_proposal_chosen(scene):
    call = scene.call_up()
    refuse_init(scene, scene.called.await_init_request(), wire.notify(Note.NO_PROPOSAL_CHOSEN))
    reply = call.poll(REPLY_SECONDS)
    demand(reply and reply["parameters"].get("cause") == "no-ike-proposal", f"replied {reply}")
    scene.hang_up()


@case("RFC 7296 2.5", "Unknown payloads and notifies in the answer are skipped")
def extensions_in_the_answer(scene):
    call = scene.call_up()
    extras = [Payload(200, b"x"), Payload(Type.VENDOR, bytes(500)), Payload(Type.CERTREQ, b"\4")]
    extras += [wire.notify(kind) for kind in (Note.REDIRECT, Note.MULTIPLE_AUTH_SUPPORTED, 40960)]
    request = scene.called.await_init_request()
    session = scene.called.answer_init(request, lambda p: [*extras, *p[::-1]])
    scene.called.answer_auth(session, lambda p: [*p[::-1], *extras[:2], *extras[3:]])
    demand("error" not in call.poll(REPLY_SECONDS), "not connected")


# --- IKE_AUTH ---


@case(
    "CVE-2015-4171 class", "A responder with another key, no key or another method is not believed"
)
def wrong_auth(scene):
    refused_auth(scene, changing(Type.AUTH, wire.auth(bytes(32))))
    refused_auth(scene, changing(Type.AUTH, wire.auth(b"")))
    refused_auth(scene, changing(Type.AUTH, wire.auth(b"", method=13)))
    refused_auth(scene, changing(Type.AUTH))


@case("RFC 7296 2.15", "Our own AUTH and identity sent back prove nothing")
def reflected_auth(scene):
    call = scene.call_up()
    session = scene.called.answer_init(scene.called.await_init_request())
    request = session.await_request(Exchange.IKE_AUTH)
    own = wire.find(request.content, Type.IDI)
    stolen = [own.changed(type=Type.IDR), wire.find(request.content, Type.AUTH)]
    session.answer(request, [*stolen, *scene.called.selectors(False)])
    reply = call.poll(REPLY_SECONDS)
    demand(reply is not None and "error" in reply, f"`up` replied {reply}")
    demand(scene.child_count(scene.called) == 0, "a child was installed")
    scene.hang_up()


@case("RFC 7296 2.15", "A responder with the right key and another identity is not the one")
def wrong_responder_identity(scene):
    call = scene.call_up()
    session = scene.called.answer_init(scene.called.await_init_request())
    request = session.await_request(Exchange.IKE_AUTH)
    other = wire.identity(2, Type.IDR, b"elsewhere.example")
    session.answer(request, [other, scene.called.auth_payload(session, other)])
    reply = call.poll(REPLY_SECONDS)
    demand(reply is not None and "error" in reply, f"`up` replied {reply}")
    demand(not scene.established(scene.called), "the IKE SA was established")
    scene.hang_up()


@case("CVE-2021-45079 class", "EAP instead of AUTH authenticates nobody")
def eap_instead_of_auth(scene):
    refused_auth(scene, lambda p: [p[0], Payload(Type.EAP, b"\x03\0\0\x04")])
    refused_auth(scene, lambda _: [Payload(Type.EAP, b"\x03\0\0\x04")])


@case("RFC 7296 2.21.2", "AUTHENTICATION_FAILED in clear does not end the attempt")
def auth_failed_in_clear(scene):
    call = scene.call_up()
    session = scene.called.answer_init(scene.called.await_init_request())
    request = session.await_request(Exchange.IKE_AUTH)
    head = session.header(Exchange.IKE_AUTH, 1, True)
    for kind in (Note.AUTHENTICATION_FAILED, Note.INVALID_SYNTAX, Note.NO_PROPOSAL_CHOSEN):
        session.send(wire.encode_message(head, [wire.notify(kind)]))
    scene.called.settle()
    session.inbox.append(request)
    scene.called.answer_auth(session)
    demand("error" not in call.poll(REPLY_SECONDS), "not connected")


@case("RFC 7296 1.2", "A child that we did not offer is deleted again, or never installed")
def unoffered_child(scene):
    peer = scene.called
    good = peer.esp_proposal(fresh_esp_spi(), False)
    for proposal in (
        good.without(1).with_more(Transform(1, 11)),
        good.changed(spi=bytes(4)),
        good.changed(spi=bytes(8)),
        good.changed(protocol=Protocol.AH),
        good.with_more(Transform(5, 1)),
    ):
        call = scene.call_up()
        session = peer.answer_init(peer.await_init_request())
        peer.answer_auth(session, changing(Type.SA, wire.sa(proposal)))
        reply = call.poll(REPLY_SECONDS)
        demand(reply is not None and "error" in reply, f"`up` replied {reply}")
        demand(scene.child_count(peer) == 0, "the child was installed")
        scene.hang_up()
        peer.sessions.clear()


# --- Afterwards ---


def rekey_request(scene, session: Session) -> tuple[object, Message]:
    call = scene.control.begin("Rekey", connection="called")
    return call, session.await_request(Exchange.CREATE_CHILD_SA)


@case(
    "RFC 7296 2.8", "A rekey names the SPI that the daemon receives on, and is followed by DELETE"
)
def rekey_by_the_daemon(scene):
    session = connect(scene)
    [old] = session.children
    call, request = rekey_request(scene, session)
    notice = wire.notices(request.content)[0]
    demand((notice.type, notice.spi) == (Note.REKEY_SA, old.theirs), f"it names {notice}")
    scene.called.answer_child(session, request)
    while len(session.children) == 2:
        session.take_request(session.receive("DELETE of the old child"))
    demand("error" not in call.poll(REPLY_SECONDS), "the rekey failed")
    demand(scene.child_count(scene.called) == 1, "not exactly one child")


@case("RFC 7296 2.1", "A request that is not answered comes again, bit for bit")
def unanswered_rekey(scene):
    session = connect(scene)
    _, request = rekey_request(scene, session)
    again = session.receive("the repeated request")
    demand(again.raw == request.raw, "the repetition differs")
    scene.called.answer_child(session, request)


@case("RFC 7296 2.2", "The answer to a rekey counts once, however often it comes")
def repeated_answers(scene):
    session = connect(scene)
    call, request = rekey_request(scene, session)
    scene.called.answer_child(session, request)
    answer = session.last_answer[1]
    for _ in range(10):
        session.send(answer)
    while len(session.children) == 2:
        session.take_request(session.receive("DELETE of the old child"))
    call.poll(REPLY_SECONDS)
    for _ in range(10):
        session.send(answer)
    scene.called.settle()
    demand(scene.child_count(scene.called) == 1, "not exactly one child")
    session.probe()


@case("RFC 7296 2.8", "A rekey answered with another suite or wider selectors keeps the old child")
def unusable_rekey_answers(scene):
    strange = scene.called.esp_proposal(fresh_esp_spi(), True).without(1)
    wrong = wire.sa(strange.with_more(Transform(1, 11)))
    reserved = wire.sa(scene.called.esp_proposal(b"\0\0\0\1", True))
    for edit in (
        changing(Type.SA, wrong),
        changing(Type.SA, reserved),
        changing(Type.NONCE),
        changing(Type.KE),
        changing(Type.KE, wire.ke(19, bytes(64))),
        changing(Type.TSI, wire.selectors(Type.TSI)),
    ):
        session = connect(scene)
        old = session.children[0]
        call, request = rekey_request(scene, session)
        scene.called.answer_child(session, request, edit)
        while (reply := call.poll(0.01)) is None:
            arrival = scene.called.sockets.receive(0.1)
            if arrival is not None:
                scene.called.route(arrival.raw)
        demand("error" in reply, f"the rekey replied {reply}")
        [sa] = scene.established(scene.called)
        demand(old.ours.hex() in sa.children[0], f"the old child is gone: {sa.children}")
        scene.hang_up()
        scene.called.sessions.clear()


@case("RFC 7296 2.25", "TEMPORARY_FAILURE is tried again after a pause, not at once")
def temporary_failure(scene):
    session = connect(scene)
    _, request = rekey_request(scene, session)
    for _ in range(2):
        session.answer(request, [wire.notify(Note.TEMPORARY_FAILURE)])
        refused_at = time.monotonic()
        request = session.await_request(Exchange.CREATE_CHILD_SA, seconds=10)
        demand(time.monotonic() - refused_at > 0.3, "tried again at once")
    scene.called.answer_child(session, request)


@case("RFC 7296 2.25", "CHILD_SA_NOT_FOUND removes the child that the peer has lost")
def child_not_found(scene):
    session = connect(scene)
    old = session.children.pop()
    call, request = rekey_request(scene, session)
    notify = wire.notify(Note.CHILD_SA_NOT_FOUND, b"", Protocol.ESP, old.theirs)
    session.answer(request, [notify])
    demand("error" in call.poll(REPLY_SECONDS), "the rekey is said to have worked")
    text = "".join(child for sa in scene.sas(scene.called) for child in sa.children)
    demand(old.ours.hex() not in text, "the lost child is still there")


@case("RFC 7296 2.8.1", "Rekeys that cross end with one child on both sides")
def crossing_rekeys(scene):
    for _ in range(4):  # The nonces are random: both outcomes come up.
        session = connect(scene)
        [old] = session.children
        call, request = rekey_request(scene, session)
        number, session.inbox = session.send_id, []
        spi = fresh_esp_spi()
        payloads = scene.called.child_payloads(spi, old)[:-2]
        ours = session.seal_request(
            Exchange.CREATE_CHILD_SA, [*payloads, *scene.called.selectors()]
        )
        session.send(ours)
        answer = session.await_answer(number, Exchange.CREATE_CHILD_SA)
        session.send_id += 1
        agreed = wire.find(answer.content, Type.SA) is not None
        session.inbox = []
        child = scene.called.answer_child(session, request)
        if agreed:
            scene.called.keep_child(session, spi, answer.content)
        demand(child in session.children, "our answer is not kept")
        demand("error" not in call.poll(REPLY_SECONDS), "the rekey failed")
        scene.hang_up()
        scene.called.sessions.clear()


@case("RFC 7296 2.4", "A peer that ignores liveness checks is declared dead")
def liveness_ignored(scene):
    session = connect(scene)
    session.on_request = lambda message: True  # Heard, and not answered.
    deadline = time.monotonic() + 30
    while scene.established(scene.called):
        scene.called.sockets.receive(0.5)
        demand(time.monotonic() < deadline, "still believed alive after 30 s")
    demand(scene.child_count(scene.called) == 0, "its child is still installed")
    scene.called.sessions.clear()
    scene.hang_up()


@case("RFC 7296 2.21.4", "INVALID_IKE_SPI in clear does not end an SA that answers")
def invalid_ike_spi_in_clear(scene):
    session = connect(scene)
    before = scene.established(scene.called)[0].children
    head = Header(session.spi_i, session.spi_r, INFORMATIONAL, 0x20, 2)
    for _ in range(5):
        session.send(wire.encode_message(head, [wire.notify(Note.INVALID_IKE_SPI)]))
    scene.called.settle()
    demand_same(before, scene.established(scene.called)[0].children, "the child")
    session.probe()


@case("RFC 7296 1.4.1", "The peer's DELETE of the IKE SA is answered, and the daemon comes again")
def deleted_by_the_peer(scene):
    connect(scene).close()
    scene.called.sessions.clear()
    session = scene.called.answer_init(scene.called.await_init_request(seconds=20))
    scene.called.answer_auth(session)
    session.probe()
