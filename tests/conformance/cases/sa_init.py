"""IKE_SA_INIT requests that no proper initiator sends: header, payload chain, KE and nonce."""

from case import case, demand, demand_counted, demand_error, demand_notify, demand_silence
from case import demand_single, nothing_opened
from ike import crypto, wire
from ike.wire import Exchange, Flag, Note, Payload, Type, changing, adding

UNKNOWN_TYPE = 200


def ignored(scene, edit=lambda payloads: payloads, reason="malformed", **header: int) -> None:
    """No answer, no SA, and the drop is counted."""
    before = scene.control.drops()
    with nothing_opened(scene, scene.hostile):
        demand_silence(scene.hostile.try_init(edit, **header))
    demand_counted(before, scene.control.drops(), reason, 1)


def refused(peer, scene, edit, *kinds: Note) -> wire.Notice:
    with nothing_opened(scene, peer):
        answer = demand_single(peer.try_init(edit))
    demand_error(answer.payloads, *kinds)
    return wire.notices(answer.payloads)[0]


# --- Header ---


@case("RFC 7296 2.5", "A request of a higher major version is answered with INVALID_MAJOR_VERSION")
def higher_major_version(scene):
    with nothing_opened(scene, scene.hostile):
        answer = demand_single(scene.hostile.try_init(version=0x30))
    demand_notify(answer.payloads, Note.INVALID_MAJOR_VERSION)


@case("RFC 7296 2.5", "IKEv1 is not answered")
def lower_major_version(scene):
    ignored(scene, version=0x10)


@case("RFC 7296 2.5", "A higher minor version is ignored, and the AUTH covers it as sent")
def higher_minor_version(scene):
    scene.hostile.auth(scene.hostile.init(version=0x2F))
    demand(len(scene.established(scene.hostile)) == 1, "not connected")


@case("RFC 7296 3.1", "Reserved flags and the version flag are ignored")
def reserved_flags(scene):
    scene.hostile.auth(scene.hostile.init(flags=0xD7 | Flag.INITIATOR))
    demand(len(scene.established(scene.hostile)) == 1, "not connected")


@case("RFC 7296 3.1", "A length field that is not the datagram's length is dropped")
def wrong_length(scene):
    for length in (0, 1, 27, 28, 100, 0xFFFF, 0xFFFFFFFF):
        ignored(scene, length=length)


@case("RFC 7296 3.1", "A datagram shorter than a header is dropped")
def short_datagram(scene):
    before = scene.control.drops()
    for size in range(28):
        scene.hostile.sockets.send(bytes(size), 500)
    demand_silence(scene.hostile.settle(500))
    demand_counted(before, scene.control.drops(), "malformed", 20)


@case("RFC 7296 3.1", "Bytes after the end of the message are dropped with it")
def trailing_bytes(scene):
    session = scene.hostile.begin()
    head = session.header(Exchange.IKE_SA_INIT, 0, False)
    payloads = scene.hostile.init_payloads(session)
    session.send(wire.encode_message(head, payloads, trailing=bytes(7)))
    demand_silence(scene.hostile.settle(500))


@case("RFC 7296 3.1", "Exchange types that do not exist are not answered in clear")
def unknown_exchange(scene):
    with nothing_opened(scene, scene.hostile):
        for exchange in (0, 1, 33, 38, 39, 100, 240, 255):
            demand_silence(scene.hostile.try_init(exchange=exchange))


@case("RFC 7296 3.1", "An initiator's SPI of zero is not answered")
def zero_initiator_spi(scene):
    ignored(scene, reason="illegal", spi_i=0)


@case("RFC 7296 2.6", "A first request that names a responder's SPI is not answered")
def responder_spi_in_the_first_request(scene):
    ignored(scene, reason="illegal", spi_r=0x0123456789ABCDEF)


@case("RFC 7296 3.1", "An IKE_SA_INIT that says it is a response is nobody's")
def response_flag(scene):
    ignored(scene, reason="unknown_sa", flags=Flag.INITIATOR | Flag.RESPONSE)
    ignored(scene, reason="unknown_sa", flags=Flag.RESPONSE)


@case("RFC 7296 3.1", "An IKE_SA_INIT request without the initiator flag is not answered")
def initiator_flag_clear(scene):
    ignored(scene, reason="illegal", flags=0)


@case("RFC 7296 2.2", "The first request has message ID 0")
def message_id_not_zero(scene):
    for number in (1, 2, 0xFFFFFFFF):
        ignored(scene, reason="illegal", message_id=number)


# --- Payload chain ---


@case("RFC 7296 2.5", "Unknown payloads without the critical bit are skipped")
def unknown_payload(scene):
    unknown = [Payload(kind, bytes(kind % 9)) for kind in (1, 32, 49, 128, UNKNOWN_TYPE, 255)]
    scene.hostile.connect(lambda payloads: [*unknown[:3], *payloads, *unknown[3:]])


@case("RFC 7296 2.5", "An unknown critical payload is answered with its type")
def unknown_critical_payload(scene):
    critical = Payload(UNKNOWN_TYPE, b"x", critical=True)
    notice = refused(scene.hostile, scene, adding(critical), Note.UNSUPPORTED_CRITICAL_PAYLOAD)
    demand(notice.value == bytes([UNKNOWN_TYPE]), f"it names {notice.value.hex()}")


@case("RFC 7296 2.5", "The critical bit of known payloads and the reserved bits are ignored")
def critical_bit_on_known_payloads(scene):
    scene.hostile.connect(
        lambda payloads: [p.changed(critical=True, reserved=0x7F) for p in payloads]
    )


@case("RFC 7296 2.5", "Payloads may come in any order")
def unsorted_payloads(scene):
    scene.hostile.connect(lambda payloads: payloads[::-1], lambda payloads: payloads[::-1])


@case("RFC 7296 3.2", "Payload lengths of 0 to 3, and such that leave the message, are dropped")
def payload_lengths(scene):
    for index in range(3):
        for length in (0, 1, 2, 3, 0xFFFF):
            ignored(
                scene,
                lambda p: [
                    each.changed(length=length) if i == index else each for i, each in enumerate(p)
                ],
            )


@case("RFC 7296 3.2", "A chain that announces more payloads than there are is dropped")
def chain_beyond_the_end(scene):
    for kind in (Type.NOTIFY, Type.SA, Type.SK, UNKNOWN_TYPE):
        ignored(scene, lambda p: [*p[:-1], p[-1].changed(next=int(kind))])


@case("RFC 7296 3.2", "A chain that ends before the message does is dropped")
def chain_before_the_end(scene):
    ignored(scene, lambda p: [p[0].changed(next=0), *p[1:]])
    ignored(scene, next=0)


@case("CVE-2026-12413 class", "A thousand payloads in one message are dropped, not stored")
def payload_bomb(scene):
    ignored(scene, adding(*[Payload(Type.VENDOR)] * 1000))


@case("RFC 7296 3.10", "Sixty-odd notifies of unknown status types are ignored")
def status_notify_flood(scene):
    flood = [wire.notify(40960 + i, bytes(i)) for i in range(40)]
    scene.hostile.connect(lambda payloads: [*payloads, *flood])


@case("RFC 7296 1.2", "A request without SA, KE or nonce is not answered")
def missing_payloads(scene):
    for kind in (Type.SA, Type.KE, Type.NONCE):
        ignored(scene, changing(kind), reason="illegal")
    ignored(scene, lambda _: [], reason="illegal")


@case("RFC 7296 1.2", "A second SA, KE or nonce makes the request illegal")
def duplicate_payloads(scene):
    for second in (
        wire.sa(scene.hostile.ike_proposal().without(4)),
        wire.ke(19, bytes(64)),
        wire.nonce(bytes(256)),
    ):
        ignored(scene, adding(second), reason="illegal")


@case("RFC 7296 1.2", "AUTH, identities, selectors and DELETE have no place in IKE_SA_INIT")
def payloads_of_other_exchanges(scene):
    for payload in (
        wire.auth(bytes(32)),
        scene.hostile.own_id(Type.IDI),
        *scene.hostile.selectors(),
        wire.delete(wire.Protocol.IKE),
    ):
        ignored(scene, adding(payload), reason="illegal")


@case("RFC 7296 3.14", "Nothing in IKE_SA_INIT is encrypted yet")
def encrypted_payload(scene):
    with nothing_opened(scene, scene.hostile):
        demand_silence(scene.hostile.try_init(lambda _: [Payload(Type.SK, bytes(64))]))
        demand_silence(scene.hostile.try_init(adding(Payload(Type.SK, bytes(64)))))


@case("CVE-2026-47895 class", "Zero-length payloads of every type are survived")
def empty_payloads(scene):
    for kind in range(33, 54):
        scene.hostile.try_init(adding(Payload(kind)))
        scene.hostile.try_init(changing(kind, Payload(kind)))
    scene.hostile.try_init(lambda payloads: [Payload(p.type) for p in payloads])


@case("RFC 7296 3.12", "A vendor ID may be empty or long")
def vendor_ids(scene):
    vendors = [Payload(Type.VENDOR), Payload(Type.VENDOR, bytes(9000))]
    scene.hostile.connect(lambda payloads: [*vendors, *payloads])


@case("RFC 7296 2", "A datagram far above any real message is dropped unread")
def oversized_datagram(scene):
    ignored(scene, adding(Payload(Type.VENDOR, bytes(50000))), reason="oversized")


# --- KE and nonce ---


@case("CVE-2023-41913 class", "A public value of any wrong length is refused")
def ke_length(scene):
    for size in (0, 1, 32, 63, 65, 66, 96, 128, 255, 256, 257, 4096):
        edit = changing(Type.KE, wire.ke(19, bytes([2]) * size))
        refused(scene.hostile, scene, edit, Note.INVALID_SYNTAX)


@case("RFC 6989 2.3", "Points that are not on the curve are refused")
def ke_invalid_point(scene):
    good = crypto.DiffieHellman(19).public
    for public in (bytes(64), b"\xff" * 64, good[:63] + bytes([good[63] ^ 1]), good[::-1]):
        edit = changing(Type.KE, wire.ke(19, public))
        refused(scene.hostile, scene, edit, Note.INVALID_SYNTAX)


@case("RFC 6989 2.1", "The MODP values 0, 1, p - 1, p and above are refused")
def ke_weak_modp(scene):
    p = crypto.MODP_2048
    for value in (0, 1, p - 1, p, p + 1, (1 << 2048) - 1):
        edit = changing(Type.KE, wire.ke(14, value.to_bytes(256, "big")))
        refused(scene.cbc, scene, edit, Note.INVALID_SYNTAX)


@case("RFC 8031 3.2", "Curve25519 values that give an all-zero secret are refused")
def ke_zero_secret(scene):
    for public in (bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"):
        edit = changing(Type.KE, wire.ke(31, public))
        refused(scene.curve, scene, edit, Note.INVALID_SYNTAX)


@case("RFC 7296 1.3", "A KE of another group is answered with the wanted one, however often")
def ke_group_ping_pong(scene):
    for group in [0, 2, 14, 20, 21, 31, 1024, 1025, 65535] * 3:
        edit = changing(Type.KE, wire.ke(group, bytes(64)))
        notice = refused(scene.hostile, scene, edit, Note.INVALID_KE_PAYLOAD)
        demand(notice.value == b"\x00\x13", f"it wants group {notice.value.hex()}")


@case("RFC 7296 3.9", "Nonces of fewer than 16 or more than 256 bytes are dropped")
def nonce_length(scene):
    for size in (0, 1, 15, 257, 1024):
        ignored(scene, changing(Type.NONCE, wire.nonce(bytes(size))))


@case("RFC 7296 3.9", "Nonces of 16 and of 256 bytes are good")
def nonce_limits(scene):
    for size in (16, 256):
        session = scene.hostile.begin()
        session.nonces = (bytes(range(size % 256)) or bytes(256), b"")
        session.nonces = ((session.nonces[0] + bytes(size))[:size], b"")
        scene.hostile.send_init(session)
        scene.hostile.finish_init(session, scene.hostile.await_init(session))
        scene.hostile.auth(session)
        demand(session.children, f"no child with a nonce of {size} bytes")


# --- Cookies and repetitions ---


@case("RFC 7296 2.6", "A cookie that nobody asked for is ignored")
def unsolicited_cookie(scene):
    for size in (0, 1, 8, 64, 65, 500):
        cookie = wire.notify(Note.COOKIE, bytes(size))
        scene.hostile.connect(lambda payloads: [cookie, *payloads])


@case("RFC 7296 2.1", "A repeated request gets the same answer, bit for bit, and one SA")
def repeated_request(scene):
    session = scene.hostile.init()
    for _ in range(5):
        session.sockets.send(session.init_request, 500)
    for answer in scene.hostile.settle(500):
        demand(answer.raw == session.init_response, "another answer")
    same = [sa for sa in scene.sas(scene.hostile) if sa.spi_i == session.spi_i]
    demand(len(same) == 1, "more than one SA")
    scene.hostile.auth(session)
    session.sockets.send(session.init_request, 500)
    demand_silence(m for m in scene.hostile.settle(500) if m.raw != session.init_response)
    session.probe()


@case("RFC 7296 2.6", "Another request with the SPI of a half-open SA does not disturb that one")
def same_spi_other_request(scene):
    session = scene.hostile.init()
    intruder = scene.hostile.begin()
    intruder.spi_i = session.spi_i
    scene.hostile.send_init(intruder)
    scene.hostile.settle(500)
    scene.hostile.auth(session)
    demand(session.children, "the first SA was lost")


@case(
    "RFC 7296 2.23", "NAT detection notifies of wrong sizes and numbers are no agreement on a NAT"
)
def nat_detection_junk(scene):
    junk = [
        wire.notify(kind, bytes(size))
        for kind in (Note.NAT_DETECTION_SOURCE_IP, Note.NAT_DETECTION_DESTINATION_IP)
        for size in (0, 1, 19, 20, 21, 255)
    ]
    scene.hostile.connect(lambda payloads: [*payloads, *junk])


@case("RFC 7296 2.23", "IKE_SA_INIT may come to port 4500 as well")
def init_on_the_nat_port(scene):
    session = scene.hostile.begin()
    session.port = 4500
    scene.hostile.send_init(session)
    scene.hostile.finish_init(session, scene.hostile.await_init(session))
    scene.hostile.auth(session)
    demand(session.children, "no child")
