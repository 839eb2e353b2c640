"""INFORMATIONAL: DELETEs that name too much, nothing or nonsense; notifies in and out of an SA."""

import struct

from case import case, demand, demand_notify, demand_same, demand_silence
from ike import wire
from ike.session import fresh_esp_spi
from ike.wire import Exchange, Flag, Header, Note, Payload, Protocol, Type
from lab.process import wait_until

INFORMATIONAL = Exchange.INFORMATIONAL


def ask(session, *payloads: Payload) -> list[Payload]:
    return session.request(INFORMATIONAL, list(payloads))


def demand_children(scene, count: int) -> None:
    found = scene.child_count(scene.hostile)
    demand(found == count, f"{found} children and not {count}")


def refused(scene, *payloads: Payload) -> None:
    session = scene.hostile.connect()
    demand_notify(ask(session, *payloads), Note.INVALID_SYNTAX)
    demand_children(scene, 0)
    session.is_closed = True


# --- DELETE ---


@case("RFC 7296 1.4.1", "DELETE of a child is answered with the SPI of its other half")
def delete_child(scene):
    session = scene.hostile.connect()
    child = session.children.pop()
    [answer] = ask(session, wire.delete(Protocol.ESP, [child.ours]))
    demand(wire.read_delete(answer) == (Protocol.ESP, [child.theirs]), "another SPI is named")
    demand_children(scene, 0)
    demand(len(scene.established(scene.hostile)) == 1, "the IKE SA went with it")


@case("RFC 7296 1.4.1", "DELETE of SPIs that do not exist is answered empty")
def delete_unknown_child(scene):
    session = scene.hostile.connect()
    for spis in ([fresh_esp_spi()], [bytes(4)], [b"\xff" * 4], [fresh_esp_spi()] * 200, []):
        demand(ask(session, wire.delete(Protocol.ESP, spis)) == [], "an answer")
    demand_children(scene, 1)


@case("RFC 7296 1.4.1", "DELETE names the sender's SPI; ours there means nothing")
def delete_our_spi(scene):
    session = scene.hostile.connect()
    demand(ask(session, wire.delete(Protocol.ESP, [session.children[0].theirs])) == [], "an answer")
    demand_children(scene, 1)


@case("CVE-2023-38711 class", "The same SPI many times in one message, and again, is deleted once")
def delete_twice(scene):
    session = scene.hostile.connect()
    child = session.children.pop()
    both = wire.delete(Protocol.ESP, [child.ours, child.ours])
    content = ask(session, both, both, wire.delete(Protocol.ESP, [fresh_esp_spi(), child.ours]))
    demand(len(content) == 1, f"answered [{wire.describe(content)}]")
    demand(wire.read_delete(content[0])[1] == [child.theirs], "not exactly its other half")
    demand(ask(session, wire.delete(Protocol.ESP, [child.ours])) == [], "deleted again")
    demand_children(scene, 0)


@case("RFC 7296 3.11", "DELETE for AH deletes no ESP")
def delete_for_ah(scene):
    session = scene.hostile.connect()
    demand(ask(session, wire.delete(Protocol.AH, [session.children[0].ours])) == [], "an answer")
    demand_children(scene, 1)


@case("RFC 7296 3.11", "DELETE with an SPI size that its protocol does not have is INVALID_SYNTAX")
def delete_spi_sizes(scene):
    refused(scene, wire.delete(Protocol.IKE, [bytes(8)], spi_size=8))
    refused(scene, wire.delete(Protocol.IKE, [bytes(4)], spi_size=4))
    refused(scene, wire.delete(Protocol.IKE, [], count=1))
    refused(scene, wire.delete(Protocol.ESP, [bytes(8)], spi_size=8))
    refused(scene, wire.delete(Protocol.ESP, [b""], spi_size=0))


@case("RFC 7296 3.11", "DELETE for protocols that do not exist is INVALID_SYNTAX")
def delete_protocols(scene):
    for protocol in (0, 4, 99, 255):
        refused(scene, wire.delete(protocol))


@case("RFC 7296 3.11", "DELETE with a count beyond its SPIs is INVALID_SYNTAX")
def delete_counts(scene):
    spi = fresh_esp_spi()
    for count in (0, 2, 255, 0xFFFF):
        refused(scene, wire.delete(Protocol.ESP, [spi], count=count))
    for size in range(4):
        refused(scene, Payload(Type.DELETE, bytes([3, 4, 0])[:size]))


@case("RFC 7296 1.4.1", "DELETE of the IKE SA beside one of its children ends all")
def delete_everything(scene):
    session = scene.hostile.connect()
    ask(
        session,
        wire.delete(Protocol.ESP, [session.children[0].ours]),
        wire.delete(Protocol.IKE),
        wire.delete(Protocol.IKE),
    )
    session.is_closed = True
    demand_children(scene, 0)
    demand(not scene.established(scene.hostile), "the IKE SA stands")


@case("RFC 7296 1.4.1", "Requests after DELETE of the IKE SA get nothing new")
def request_after_delete(scene):
    session = scene.hostile.connect()
    session.close()
    head = session.header(Exchange.CREATE_CHILD_SA, session.send_id, False)
    session.send(session.seal(head, scene.hostile.child_payloads(fresh_esp_spi())))
    head = session.header(INFORMATIONAL, session.send_id, False)
    session.send(session.seal(head, []))
    for message in scene.hostile.settle():
        demand_notify(message.content, Note.INVALID_IKE_SPI)
    demand_children(scene, 0)


@case("RFC 7296 2.4", "A repeated DELETE of the IKE SA gets the same answer")
def repeated_delete(scene):
    session = scene.hostile.connect()
    request = session.seal_request(INFORMATIONAL, [wire.delete(Protocol.IKE)])
    answers = set()
    for _ in range(3):
        session.send(request)
        answers.add(session.await_answer(session.send_id, INFORMATIONAL).raw)
    demand(len(answers) == 1, "the answers differ")
    session.is_closed = True


# --- Notifies inside the SA ---


@case("RFC 7296 2.21.2", "AUTHENTICATION_FAILED inside an SA ends it without an answering error")
def authentication_failed(scene):
    session = scene.hostile.connect()
    demand(ask(session, wire.notify(Note.AUTHENTICATION_FAILED)) == [], "an answer")
    session.is_closed = True
    demand_children(scene, 0)
    demand(not scene.established(scene.hostile), "the IKE SA stands")


@case(
    "RFC 7296 3.10.1", "Error and status notifies that ask for nothing are acknowledged and ignored"
)
def ignored_notifies(scene):
    session = scene.hostile.connect()
    kinds = [1, 4, 5, 9, 11, 14, 17, 34, 35, 36, 37, 38, 39, 43, 44, 100, 8191, 16383]
    kinds += [16384, 16385, 16388, 16390, 16393, 16396, 16404, 16407, 16430, 16435, 40960, 65535]
    for kind in kinds:
        for spi in (b"", session.children[0].ours, bytes(8), bytes(255)):
            content = ask(session, wire.notify(kind, b"\0\x13", 3 if spi else 0, spi))
            demand(content == [], f"notify {kind} was answered [{wire.describe(content)}]")
    demand_children(scene, 1)


# --- INVALID_SPI inside the SA ---


def say_lost(session, *spis: bytes) -> None:
    content = ask(session, *[wire.notify(Note.INVALID_SPI, spi) for spi in spis])
    demand(content == [], f"INVALID_SPI was answered [{wire.describe(content)}]")


def lost_children(scene) -> int:
    return scene.control.drops()["children_lost"]


@case("RFC 7296 1.5", "INVALID_SPI of a wrong size, or of an SPI that is not ours, does nothing")
def invalid_spi_nonsense(scene):
    session = scene.hostile.connect()
    child, before = session.children[0], lost_children(scene)
    for spi in (b"", child.ours[:3], child.ours + b"\0", bytes(255), bytes(4), b"\xff" * 4):
        say_lost(session, spi)
    say_lost(session, child.theirs)
    say_lost(session, *[fresh_esp_spi() for _ in range(60)])
    demand(lost_children(scene) == before, "a child was taken for lost")
    demand_children(scene, 1)


@case("RFC 7296 1.5", "A flood of INVALID_SPI has the child made anew once, and not at once")
def invalid_spi_flood(scene):
    session = scene.hostile.connect()
    before = lost_children(scene)

    def is_made_anew() -> bool:
        say_lost(session, *[session.children[0].ours] * 20)
        return bool(session.inbox)

    wait_until(is_made_anew, 20, "the daemon makes the child anew")
    [request] = session.inbox
    demand(request.header.exchange == Exchange.CREATE_CHILD_SA, f"it asks {request}")
    rekeyed = [n for n in wire.notices(request.content) if n.type == Note.REKEY_SA]
    demand(not rekeyed, "it names a child that we do not have")
    fresh = scene.hostile.answer_child(session, request)
    for _ in range(20):
        say_lost(session, session.children[0].ours, fresh.ours)
    demand(lost_children(scene) == before + 1, "a child was taken for lost twice")
    demand(not session.inbox, f"it asks again: {session.inbox}")


@case("RFC 7296 1.5", "ESP of an unknown SPI is told inside the SA, once for all of a flood")
def unknown_esp(scene):
    session = scene.hostile.connect()
    session.on_request = lambda message: False
    spi = fresh_esp_spi()

    def send_esp() -> bool:
        for _ in range(20):
            scene.hostile.sockets.send_bare(spi + bytes(60), 4500)
        session.probe()
        return bool(session.inbox)

    wait_until(send_esp, 20, "the daemon tells of the SPI")
    [request] = session.inbox
    [notice] = wire.notices(request.content)
    demand((notice.type, notice.value) == (Note.INVALID_SPI, spi), f"told {notice}")
    session.answer(request)
    send_esp()
    demand(not session.inbox, "told again at once")
    demand_children(scene, 1)


@case("RFC 4555 3.5", "Addresses are not updated for a peer with which MOBIKE was not agreed")
def mobike_without_agreement(scene):
    session = scene.hostile.connect()
    content = ask(
        session,
        wire.notify(Note.UPDATE_SA_ADDRESSES),
        wire.notify(Note.ADDITIONAL_IP4_ADDRESS, b"\xc0\0\x02\x63"),
        wire.notify(Note.COOKIE2, bytes(16)),
        *scene.hostile.nat_notifies(session.spi_i, session.spi_r),
    )
    demand(not any(n.type == Note.UPDATE_SA_ADDRESSES for n in wire.notices(content)), "agreed")
    text = scene.state_of(session)
    demand(scene.hostile.profile.address in text, f"the SA moved: {text}")


@case("RFC 7296 3.10", "Sixty notifies in one message are acknowledged once")
def notify_flood(scene):
    session = scene.hostile.connect()
    demand(ask(session, *[wire.notify(40000 + i, bytes(i)) for i in range(60)]) == [], "an answer")


@case("RFC 7296 2.19", "A configuration request outside of IKE_AUTH gives nothing")
def configuration_request(scene):
    session = scene.hostile.connect()
    content = ask(session, Payload(Type.CP, b"\x01\0\0\0\0\x01\0\0"))
    demand(wire.find(content, Type.CP) is None, "an address was given")


@case("CVE-2021-45079 class", "EAP and AUTH after the SA stands are nothing")
def eap_afterwards(scene):
    session = scene.hostile.connect()
    demand(ask(session, Payload(Type.EAP, b"\x03\0\0\x04")) == [], "an answer")
    demand_children(scene, 1)


# --- Notifies in clear ---


def in_clear(scene, session, flags: int, message_id: int, *payloads: Payload) -> None:
    for exchange in (Exchange.IKE_SA_INIT, INFORMATIONAL, Exchange.IKE_AUTH, 36):
        head = Header(session.spi_i, session.spi_r, exchange, flags, message_id)
        session.send(wire.encode_message(head, list(payloads)))


@case("RFC 7296 2.21.4", "Errors in clear do nothing to an established SA")
def errors_in_clear(scene):
    session = scene.hostile.connect()
    before = scene.state_of(session)
    for kind in (4, 7, 9, 11, 14, 17, 24, 35, 38, 43, 44):
        for flags in (0, Flag.RESPONSE, Flag.INITIATOR, Flag.INITIATOR | Flag.RESPONSE):
            for message_id in (0, session.send_id):
                value = session.children[0].ours
                in_clear(scene, session, int(flags), message_id, wire.notify(kind, value))
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 7296 1.5", "INVALID_SPI in clear does not end the SA that it names")
def invalid_spi_in_clear(scene):
    session = scene.hostile.connect()
    before = scene.state_of(session)
    for spi in (session.children[0].ours, session.children[0].theirs, bytes(4), b"", bytes(9)):
        notify = wire.notify(Note.INVALID_SPI, spi)
        head = Header(77, 0, INFORMATIONAL, int(Flag.INITIATOR), 0)
        session.send(wire.encode_message(head, [notify]))
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 7296 1.4.1", "DELETE in clear does nothing")
def delete_in_clear(scene):
    session = scene.hostile.connect()
    before = scene.state_of(session)
    spis = [session.children[0].ours, session.children[0].theirs]
    for flags in (0, Flag.INITIATOR):
        for payload in (wire.delete(Protocol.IKE), wire.delete(Protocol.ESP, spis)):
            in_clear(scene, session, int(flags), session.send_id, payload)
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 7296 2.21.4", "A protected request of an SA that we do not have is told so, sparingly")
def unknown_sa(scene):
    spi = struct.unpack("!Q", b"unknown!")[0]
    before = scene.control.dump().count("\nike ")
    for number in range(50):
        head = Header(spi, spi ^ 1, INFORMATIONAL, int(Flag.INITIATOR), number)
        payload = Payload(Type.SK, bytes(60), next=0)
        scene.hostile.sockets.send(wire.encode_message(head, [payload]), 4500)
    answers = scene.hostile.settle()
    demand(len(answers) <= 2, f"{len(answers)} answers to 50 messages of a stranger")
    for message in answers:
        demand_notify(message.payloads, Note.INVALID_IKE_SPI)
    demand(scene.control.dump().count("\nike ") == before, "an SA was opened")
