"""IKE_AUTH requests: identities, AUTH values, payload sets, and exchanges before and between."""

from case import case, demand, demand_error, demand_notify, demand_same, demand_silence
from case import demand_single
from ike import wire
from ike.session import Child, Sealed
from ike.wire import Exchange, Note, Payload, Type, changing, adding

UNKNOWN_TYPE = 200
REFUSED = (Note.AUTHENTICATION_FAILED, Note.INVALID_SYNTAX)


def refused(scene, edit, *kinds: Note, peer=None) -> list[Payload]:
    """An error inside the SA, no child, no established SA."""
    peer = peer or scene.hostile
    session = peer.init()
    content = peer.auth(session, edit)
    demand_error(content, *(kinds or REFUSED))
    demand_nothing_stands(scene, peer)
    return content


def demand_nothing_stands(scene, peer) -> None:
    demand(not scene.established(peer), "an IKE SA was established")
    demand(scene.child_count(peer) == 0, "a child was installed")


# --- Who is it? ---


@case("CVE-2020-16088 class", "An AUTH by another key is refused, and the refusal is repeated")
def wrong_key(scene):
    session = scene.hostile.init()

    def with_wrong_key(payloads: list[Payload]) -> list[Payload]:
        value = wire.find(payloads, Type.AUTH).body[4:]
        return wire.replace(payloads, Type.AUTH, wire.auth(bytes(len(value))))

    request = session.seal_request(
        Exchange.IKE_AUTH, with_wrong_key(scene.hostile.auth_payloads(session, bytes(4)))
    )
    session.send(request)
    answer = session.await_answer(1, Exchange.IKE_AUTH)
    demand_notify(answer.content, Note.AUTHENTICATION_FAILED)
    demand_nothing_stands(scene, scene.hostile)
    session.send(request)
    again = demand_single(scene.hostile.settle())
    demand(again.raw == answer.raw, "the repeated request got another answer")
    session.is_closed = True


@case("RFC 7296 2.15", "AUTH values that are empty, cut, lengthened or changed are refused")
def wrong_auth_values(scene):
    for change in (
        lambda value: b"",
        lambda value: value[:1],
        lambda value: value[:-1],
        lambda value: value + b"\0",
        lambda value: value * 100,
        lambda value: bytes([value[0] ^ 1]) + value[1:],
        lambda value: value[:-1] + bytes([value[-1] ^ 0x80]),
    ):
        refused(
            scene,
            lambda payloads: wire.replace(
                payloads, Type.AUTH, wire.auth(change(wire.find(payloads, Type.AUTH).body[4:]))
            ),
            Note.AUTHENTICATION_FAILED,
        )


@case("RFC 7296 3.8", "Authentication methods that are not configured are refused")
def other_auth_methods(scene):
    for method in (0, 1, 3, 9, 12, 13, 14, 128, 255):
        refused(
            scene,
            lambda payloads: wire.replace(
                payloads,
                Type.AUTH,
                wire.auth(wire.find(payloads, Type.AUTH).body[4:], method),
            ),
            Note.AUTHENTICATION_FAILED,
        )


@case("RFC 7296 3.8", "An AUTH payload without its own header is refused")
def truncated_auth(scene):
    for size in range(4):
        refused(scene, changing(Type.AUTH, Payload(Type.AUTH, bytes(size))))


@case("RFC 7619 2", "An initiator that authenticates by nothing is refused")
def no_auth(scene):
    refused(scene, changing(Type.AUTH))
    refused(scene, changing(Type.AUTH, wire.auth(b"", 13)), Note.AUTHENTICATION_FAILED)


@case("CVE-2014-2338 class", "An initiator that asks for EAP is refused")
def eap_requested(scene):
    refused(scene, changing(Type.AUTH, Payload(Type.EAP, b"\x02\x00\x00\x04")))
    refused(scene, changing(Type.AUTH, Payload(Type.EAP, b"\x03\x00\x00\x04")))


@case("RFC 7296 2.15", "The right key with another identity is refused")
def wrong_identity(scene):
    for kind, value in (
        (1, b"\xc0\x00\x02\x63"),
        (1, b"\xc0\x00\x02\x47"),
        (2, b"hostile.example"),
        (3, b"a@b"),
        (5, bytes(16)),
        (9, bytes(40)),
        (11, b"x"),
        (0, b"\xc0\x00\x02\x42"),
        (255, b"\xc0\x00\x02\x42"),
    ):
        session = scene.hostile.init()
        own_id = wire.identity(kind, Type.IDI, value)
        auth = scene.hostile.auth_payload(session, own_id)
        content = scene.hostile.auth(
            session,
            lambda p: wire.replace(wire.replace(p, Type.IDI, own_id), Type.AUTH, auth),
        )
        demand_error(content, Note.AUTHENTICATION_FAILED)
        demand_nothing_stands(scene, scene.hostile)


@case("CVE-2026-47895 class", "Empty identities, and identities without a type, are refused")
def empty_identity(scene):
    for body in (b"", b"\x01", b"\x01\0\0", b"\x01\0\0\0", b"\x02\0\0\0", b"\0\0\0\0"):
        session = scene.hostile.init()
        own_id = Payload(Type.IDI, body)
        auth = scene.hostile.auth_payload(session, own_id)
        content = scene.hostile.auth(
            session,
            lambda p: wire.replace(wire.replace(p, Type.IDI, own_id), Type.AUTH, auth),
        )
        demand_error(content, *REFUSED)
        demand_nothing_stands(scene, scene.hostile)
    refused(scene, changing(Type.IDR, Payload(Type.IDR)))


@case("RFC 7296 2.15", "An identity longer than any real one is refused")
def huge_identity(scene):
    refused(scene, changing(Type.IDI, wire.identity(2, Type.IDI, b"x" * 8000)))


@case("RFC 7296 3.5", "Asking for an identity that is not ours is refused")
def wrong_responder_identity(scene):
    for body in (b"\x02\0\0\0elsewhere", b"\x01\0\0\0\xc0\0\x02\x63", b"\x01\0\0\0"):
        refused(scene, changing(Type.IDR, Payload(Type.IDR, body)))


@case("RFC 7296 1.2", "IDr is optional")
def without_responder_identity(scene):
    scene.hostile.connect(edit_auth=changing(Type.IDR))


@case("RFC 7296 2.15", "The identity of one peer does not open the connection of another")
def identity_of_another_peer(scene):
    session = scene.hostile.init()
    own_id = scene.cbc.own_id(Type.IDI)
    auth = scene.hostile.auth_payload(session, own_id)
    content = scene.hostile.auth(
        session, lambda p: wire.replace(wire.replace(p, Type.IDI, own_id), Type.AUTH, auth)
    )
    demand_error(content, Note.AUTHENTICATION_FAILED)
    demand(not scene.established(scene.cbc), "the other peer's connection was opened")


# --- Payload sets ---


@case("RFC 7296 1.2", "IKE_AUTH without identity is refused; without SA or selectors, no child")
def missing_payloads(scene):
    refused(scene, changing(Type.IDI))
    for kind in (Type.SA, Type.TSI, Type.TSR):
        session = scene.hostile.init()
        content = scene.hostile.auth(session, changing(kind))
        demand(wire.find(content, Type.SA) is None, "an SA was answered")
        demand(scene.child_count(scene.hostile) == 0, "a child was installed")
        if wire.find(content, Type.AUTH) is not None:
            session.close()


@case("RFC 7296 2.5", "An unknown critical payload in IKE_AUTH is named")
def unknown_critical_payload(scene):
    critical = Payload(UNKNOWN_TYPE, b"", critical=True)
    content = refused(scene, adding(critical), Note.UNSUPPORTED_CRITICAL_PAYLOAD)
    demand(wire.notices(content)[0].value == bytes([UNKNOWN_TYPE]), "another type is named")


@case("RFC 7296 2.5", "Unknown payloads in IKE_AUTH, and known critical ones, are no fault")
def unknown_payload(scene):
    unknown = [Payload(kind, bytes(5)) for kind in (1, 49, UNKNOWN_TYPE, 255)]
    scene.hostile.connect(edit_auth=adding(*unknown))
    scene.hostile.connect(edit_auth=lambda ps: [p.changed(critical=True) for p in ps])


@case("RFC 7296 1.2", "KE, nonce and DELETE have no place in IKE_AUTH")
def payloads_of_other_exchanges(scene):
    for payload in (wire.ke(19, bytes(64)), wire.nonce(bytes(32)), wire.delete(1)):
        refused(scene, adding(payload))


@case("RFC 7296 2.19", "A request for an internal address does not keep the SA from standing")
def configuration_request(scene):
    request = Payload(Type.CP, b"\x01\0\0\0" + b"\0\x01\0\0" + b"\0\x03\0\0")
    session = scene.hostile.init()
    content = scene.hostile.auth(session, lambda p: [*p[:4], request, *p[4:]])
    demand(wire.find(content, Type.AUTH) is not None, "refused")
    demand(wire.find(content, Type.CP) is None, "an address was given")


@case("CVE-2026-14957 class", "Certificates and requests for them that are junk are no fault")
def certificate_junk(scene):
    junk = [
        Payload(kind, body)
        for kind in (Type.CERT, Type.CERTREQ)
        for body in (b"", b"\x04", b"\x04" + bytes(19), b"\xff" * 900)
    ]
    scene.hostile.connect(edit_auth=adding(*junk))


@case("RFC 4555, 4739, 5998, 5685", "Notifies of extensions that we do not speak are ignored")
def notifies_of_extensions(scene):
    kinds = (
        Note.MOBIKE_SUPPORTED,
        Note.ADDITIONAL_IP4_ADDRESS,
        Note.ADDITIONAL_IP6_ADDRESS,
        Note.NO_ADDITIONAL_ADDRESSES,
        Note.MULTIPLE_AUTH_SUPPORTED,
        Note.ANOTHER_AUTH_FOLLOWS,
        Note.REDIRECT_SUPPORTED,
        Note.EAP_ONLY_AUTHENTICATION,
        Note.IKEV2_MESSAGE_ID_SYNC_SUPPORTED,
        Note.SET_WINDOW_SIZE,
        Note.ESP_TFC_PADDING_NOT_SUPPORTED,
        Note.NON_FIRST_FRAGMENTS_ALSO,
        Note.HTTP_CERT_LOOKUP_SUPPORTED,
        Note.ADDITIONAL_TS_POSSIBLE,
    )
    for value in (b"", b"\0\0\0\x40"):
        scene.hostile.connect(edit_auth=adding(*[wire.notify(kind, value) for kind in kinds]))


@case("RFC 7296 1.3.1", "Transport mode and IPComp are not agreed to")
def transport_mode(scene):
    wishes = [
        wire.notify(Note.USE_TRANSPORT_MODE),
        wire.notify(Note.IPCOMP_SUPPORTED, b"\0\x02\x03"),
    ]
    session = scene.hostile.init()
    content = scene.hostile.auth(session, adding(*wishes))
    agreed = {notice.type for notice in wire.notices(content)}
    demand(not agreed & {Note.USE_TRANSPORT_MODE, Note.IPCOMP_SUPPORTED}, f"agreed to {agreed}")


@case("RFC 7296 2.21.2", "Broken payloads inside a verified IKE_AUTH request end it")
def broken_inner_payloads(scene):
    for length in (0, 1, 2, 3, 0xFFFF):
        refused(scene, lambda p: [*p[:-1], p[-1].changed(length=length)])
    refused(scene, lambda p: [*p[:-1], p[-1].changed(next=int(Type.NOTIFY))])
    refused(scene, lambda p: [p[0].changed(next=0), *p[1:]])


# --- Before and between ---


@case("CVE-2026-78135 class", "CREATE_CHILD_SA before IKE_AUTH makes nothing and is not answered")
def create_child_before_auth(scene):
    session = scene.hostile.init()
    before = scene.state_of(session)
    for message_id in (0, 1, 2):
        head = session.header(Exchange.CREATE_CHILD_SA, message_id, False)
        for rekeys in (None, Child(b"\x11\x22\x33\x44", b"")):
            payloads = scene.hostile.child_payloads(b"\x11\x22\x33\x44", rekeys)
            session.send(session.seal(head, payloads))
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the half-open SA")
    demand_nothing_stands(scene, scene.hostile)
    scene.hostile.auth(session)
    demand(len(session.children) == 1, "IKE_AUTH no longer works")


@case("CVE-2019-12312 class", "INFORMATIONAL before IKE_AUTH does nothing and is not answered")
def informational_before_auth(scene):
    session = scene.hostile.init()
    before = scene.state_of(session)
    head = session.header(Exchange.INFORMATIONAL, 1, False)
    for payloads in (
        [],
        [wire.delete(wire.Protocol.IKE)],
        [wire.notify(Note.AUTHENTICATION_FAILED)],
        [wire.notify(Note.INVALID_SYNTAX)],
    ):
        session.send(session.seal(head, payloads))
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the half-open SA")
    scene.hostile.auth(session)
    demand(len(session.children) == 1, "IKE_AUTH no longer works")


@case("RFC 7296 2.2", "IKE_AUTH with a message ID that is not 1 is not answered")
def auth_with_another_message_id(scene):
    session = scene.hostile.init()
    payloads = scene.hostile.auth_payloads(session, b"\x11\x22\x33\x44")
    for message_id in (0, 2, 3, 0xFFFFFFFF):
        head = session.header(Exchange.IKE_AUTH, message_id, False)
        session.send(session.seal(head, payloads))
    demand_silence(scene.hostile.settle())
    demand_nothing_stands(scene, scene.hostile)
    scene.hostile.auth(session)
    demand(len(session.children) == 1, "IKE_AUTH no longer works")


@case("RFC 7296 2.1", "A repeated IKE_AUTH gets the same answer, bit for bit, and one child")
def repeated_auth(scene):
    session = scene.hostile.init()
    payloads = scene.hostile.auth_payloads(session, b"\x11\x22\x33\x44")
    request = session.seal_request(Exchange.IKE_AUTH, payloads)
    answers = []
    for _ in range(4):
        session.send(request)
        answers.append(session.await_answer(1, Exchange.IKE_AUTH).raw)
    demand(len(set(answers)) == 1, "the answers differ")
    demand(scene.child_count(scene.hostile) == 1, "more than one child")
    session.send_id = 2
    session.probe()


@case("RFC 7296 1.2", "A second IKE_AUTH on an established SA changes nothing")
def second_auth(scene):
    session = scene.hostile.connect()
    before = scene.state_of(session)
    payloads = scene.hostile.auth_payloads(session, b"\x55\x66\x77\x88")
    for message_id in (1, 2):
        head = session.header(Exchange.IKE_AUTH, message_id, False)
        session.send(session.seal(head, payloads))
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 7296 1.2", "IKE_AUTH in clear is nothing")
def auth_in_clear(scene):
    session = scene.hostile.init()
    before = scene.state_of(session)
    payloads = scene.hostile.auth_payloads(session, b"\x11\x22\x33\x44")
    head = session.header(Exchange.IKE_AUTH, 1, False)
    session.send(wire.encode_message(head, payloads))
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the half-open SA")
    scene.hostile.auth(session)
    demand(len(session.children) == 1, "IKE_AUTH no longer works")


@case("iked 2021-2025 class", "A forged IKE_AUTH leaves the half-open SA byte-identical")
def forged_auth(scene):
    for peer in (scene.hostile, scene.cbc):
        session = peer.init()
        before = scene.state_of(session)
        payloads = peer.auth_payloads(session, b"\x11\x22\x33\x44")
        request = session.seal_request(Exchange.IKE_AUTH, payloads)
        for at in range(32, len(request), 7):
            session.send(request[:at] + bytes([request[at] ^ 4]) + request[at + 1 :])
        demand_silence(peer.settle())
        demand_same(before, scene.state_of(session), "the half-open SA")
        peer.auth(session)
        demand(len(session.children) == 1, "IKE_AUTH no longer works")


@case("RFC 7296 2.4", "INITIAL_CONTACT replaces the older SAs, its absence leaves one in the end")
def initial_contact(scene):
    first = scene.hostile.connect()
    second = scene.hostile.connect()
    demand(scene.state_of(first) is None or "Closed" in scene.state_of(first), "two SAs stand")
    third = scene.hostile.connect(
        edit_auth=lambda p: [each for each in p if each.type != Type.NOTIFY]
    )
    for session in (first, second):
        session.is_closed = True
    third.probe()


@case("RFC 7296 3.14", "An SK payload whose first inner type lies is refused")
def first_inner_type_lies(scene):
    for first in (0, int(Type.SK), int(Type.SKF), int(Type.AUTH)):
        session = scene.hostile.init()
        content = scene.hostile.auth(session, how=Sealed(first=first))
        demand_error(content, *REFUSED)
        demand_nothing_stands(scene, scene.hostile)
