"""What is inside and around the Encrypted payload of an established SA."""

from case import case, demand, demand_counted, demand_error, demand_notify, demand_same
from case import demand_silence
from ike import wire
from ike.session import Sealed
from ike.wire import Exchange, Flag, Note, Payload, Type

UNKNOWN_TYPE = 200
INFORMATIONAL = Exchange.INFORMATIONAL


def unheard(scene, session, peer, raws, reason: str) -> None:
    """Nothing is answered, the SA stays byte-identical, and each is counted."""
    before, drops = scene.state_of(session), scene.control.drops()
    for raw in raws:
        session.send(raw)
    demand_silence(peer.settle())
    demand_same(before, scene.state_of(session), "the SA")
    demand_counted(drops, scene.control.drops(), reason, len(raws))
    session.probe()


def fatal(scene, how: Sealed | None = None, payloads: list[Payload] = ()) -> None:
    """Broken syntax in an authenticated request is told and ends the SA (RFC 7296 2.21.3)."""
    session = scene.hostile.connect()
    content = session.request(INFORMATIONAL, payloads, how or Sealed())
    demand_notify(content, Note.INVALID_SYNTAX)
    demand(scene.child_count(scene.hostile) == 0, "the child is still there")
    demand(not scene.established(scene.hostile), "the IKE SA is still there")
    session.is_closed = True


@case("RFC 7296 2.5", "An unknown critical payload costs its exchange and not the SA")
def unknown_critical_payload(scene):
    session = scene.hostile.connect()
    for kind in (1, 32, 49, 127, UNKNOWN_TYPE, 255):
        critical = Payload(kind, bytes(3), critical=True)
        for exchange in (INFORMATIONAL, Exchange.CREATE_CHILD_SA):
            notice = demand_notify(
                session.request(exchange, [critical]), Note.UNSUPPORTED_CRITICAL_PAYLOAD
            )
            demand(notice.value == bytes([kind]), f"it names {notice.value.hex()}")
    demand(scene.child_count(scene.hostile) == 1, "the child is gone")
    session.probe()


@case(
    "RFC 7296 2.5",
    "Unknown payloads without the critical bit, and known critical ones, are skipped",
)
def unknown_payload(scene):
    session = scene.hostile.connect()
    for kind in (1, 32, 49, 127, UNKNOWN_TYPE, 255):
        demand(session.request(INFORMATIONAL, [Payload(kind, bytes(3))]) == [], "an answer")
    known = wire.notify(40960, b"x").changed(critical=True)
    demand(session.request(INFORMATIONAL, [known]) == [], "an answer")


@case("RFC 7296 3.14", "Padding of any length and content is stripped")
def padding(scene):
    session = scene.hostile.connect()
    for pad in (b"", b"\x01", bytes(15), b"\xff" * 255, bytes(range(255))):
        demand(session.request(INFORMATIONAL, [], Sealed(pad=pad)) == [], "an answer")
    session = scene.cbc.connect()
    for size in (15, 31, 255):
        demand(session.request(INFORMATIONAL, [], Sealed(pad=b"\xee" * size)) == [], "an answer")


@case("RFC 7296 3.14", "A pad length beyond the plaintext is no message, and does no harm")
def pad_length_too_long(scene):
    for peer in (scene.hostile, scene.cbc):
        session = peer.connect()
        pad = bytes(15)
        for length in (16, 17, 200, 255):
            how = Sealed(pad=pad, pad_length=length)
            session.send(session.seal_request(INFORMATIONAL, [], how))
            for message in peer.settle():
                demand_error(message.content, Note.INVALID_SYNTAX)
        session.is_closed = True


@case("RFC 7296 3.2", "Inner payload lengths that cannot be end the SA with INVALID_SYNTAX")
def inner_lengths(scene):
    vendor = Payload(Type.VENDOR, b"four")
    for length in (0, 3, 7, 9, 0xFFFF):
        fatal(scene, payloads=[vendor.changed(length=length)])


@case("RFC 7296 3.14", "An inner chain that ends too early or too late is INVALID_SYNTAX")
def inner_chain(scene):
    fatal(scene, Sealed(first=int(Type.NOTIFY)))
    fatal(scene, Sealed(first=0), [Payload(Type.VENDOR, b"x")])
    fatal(scene, Sealed(plain=b"\0", first=int(Type.VENDOR)))
    fatal(scene, Sealed(plain=b"\0\0\0\4\0", first=int(Type.VENDOR)))


@case("RFC 7296 3.14", "An Encrypted payload inside an Encrypted payload is INVALID_SYNTAX")
def nested_encrypted_payload(scene):
    fatal(scene, payloads=[Payload(Type.SK, bytes(64))])
    fatal(scene, payloads=[Payload(Type.SKF, b"\0\1\0\1" + bytes(64))])


@case("CVE-2026-12413 class", "Thousands of inner payloads are refused, not stored")
def inner_payload_bomb(scene):
    fatal(scene, payloads=[Payload(Type.VENDOR)] * 3000)


@case("RFC 7296 3.10", "A notify whose SPI leaves it is INVALID_SYNTAX")
def notify_spi_size(scene):
    fatal(scene, payloads=[wire.notify(40960, b"", 3, b"", spi_size=4)])
    fatal(scene, payloads=[wire.notify(40960, b"x" * 10, 3, b"", spi_size=255)])
    for size in range(4):
        fatal(scene, payloads=[Payload(Type.NOTIFY, bytes(size))])


@case("RFC 7296 3.14", "A changed bit anywhere leaves the SA byte-identical")
def changed_bits(scene):
    for peer in (scene.hostile, scene.cbc):
        session = peer.connect()
        request = session.seal_request(INFORMATIONAL, [wire.delete(wire.Protocol.IKE)])
        forged = [
            request[:at] + bytes([request[at] ^ 1]) + request[at + 1 :]
            for at in range(32, len(request))
        ]
        unheard(scene, session, peer, forged, "bad_integrity")


@case("RFC 7296 3.14", "A cut ICV, and an SK too short for IV and ICV, are dropped")
def short_encrypted_payload(scene):
    for peer in (scene.hostile, scene.cbc):
        session = peer.connect()
        raws = []
        for size in range(0, 40, 3):
            head = session.header(INFORMATIONAL, session.send_id, False)
            raws.append(wire.encode_message(head, [Payload(Type.SK, bytes(size), next=0)]))
        unheard(scene, session, peer, raws, "bad_integrity")
        cut = session.seal_request(INFORMATIONAL, [], Sealed(cut=1))
        unheard(scene, session, peer, [cut], "malformed")


@case("RFC 5282 3.1", "An initialization vector that repeats is the sender's own harm")
def repeated_iv(scene):
    session = scene.hostile.connect()
    for _ in range(3):
        how = Sealed(iv=b"same iv!")
        demand(session.request(INFORMATIONAL, [], how) == [], "an answer")


@case("CVE-2026-12413 class", "Payloads in clear beside the Encrypted one have no effect")
def outer_payloads(scene):
    session = scene.hostile.connect()
    outer = [wire.delete(wire.Protocol.IKE), wire.notify(Note.AUTHENTICATION_FAILED)]
    outer += [Payload(Type.VENDOR, bytes(9))] * 20
    session.send(session.seal_request(INFORMATIONAL, [], Sealed(outer=outer)))
    for message in scene.hostile.settle():
        demand(message.content == [], f"answered {message}")
        session.send_id += 1
    demand(len(scene.established(scene.hostile)) == 1, "the SA is gone")
    session.probe()


@case("RFC 7296 3.14", "The Encrypted payload is the last one, or the message is dropped")
def payload_after_the_encrypted_one(scene):
    session = scene.hostile.connect()
    request = session.seal_request(INFORMATIONAL, [])
    longer = len(request) + 8
    raw = request[:24] + longer.to_bytes(4, "big") + request[28:] + b"\0\0\0\x08" + b"tail"
    unheard(scene, session, scene.hostile, [raw], "malformed")


@case("RFC 7296 3.1", "A message with the flags of the other direction is not of this SA")
def flags_of_the_other_side(scene):
    session = scene.hostile.connect()
    raws = [
        session.seal_request(INFORMATIONAL, [], Sealed(header={"flags": int(flags)}))
        for flags in (Flag(0), Flag.RESPONSE)
    ]
    unheard_by_sa(scene, session, raws)


@case("libreswan impair SPIs", "A message with one wrong IKE SPI is not of this SA")
def wrong_ike_spis(scene):
    session = scene.hostile.connect()
    raws = [
        session.seal_request(INFORMATIONAL, [], Sealed(header={name: value}))
        for name in ("spi_i", "spi_r")
        for value in (0, 1, session.spi_i ^ session.spi_r)
    ]
    unheard_by_sa(scene, session, raws)


def unheard_by_sa(scene, session, raws) -> None:
    """At most a hint that the SPIs are unknown is answered, in clear."""
    before = scene.state_of(session)
    for raw in raws:
        session.send(raw)
    for message in scene.hostile.settle():
        demand_notify(message.payloads, Note.INVALID_IKE_SPI)
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 7296 3.14", "An established SA does not listen to an exchange in clear")
def exchange_in_clear(scene):
    session = scene.hostile.connect()
    raws = [
        wire.encode_message(session.header(exchange, session.send_id, False), payloads)
        for exchange in (INFORMATIONAL, Exchange.CREATE_CHILD_SA)
        for payloads in (
            [wire.delete(wire.Protocol.IKE)],
            [wire.delete(wire.Protocol.ESP, [session.children[0].ours])],
            scene.hostile.child_payloads(b"\x11\x22\x33\x44"),
        )
    ]
    unheard(scene, session, scene.hostile, raws, "illegal")


@case("RFC 7296 1.4", "SA, KE, nonce, selectors and identities have no place in INFORMATIONAL")
def agreement_in_informational(scene):
    for payload in scene.hostile.child_payloads(b"\x11\x22\x33\x44"):
        fatal(scene, payloads=[payload])
    fatal(scene, payloads=[scene.hostile.own_id(Type.IDI), wire.auth(bytes(32))])
