"""CREATE_CHILD_SA: new children, rekeys of children and of the IKE SA, and what they may name."""

import struct

from case import case, demand, demand_error, demand_holds, demand_notify
from ike import crypto, wire
from ike.peer import Refused, network
from ike.session import Child, fresh_esp_spi
from ike.wire import Exchange, Note, Payload, Protocol, Transform, Type, changing

CREATE = Exchange.CREATE_CHILD_SA
CHILDREN_MAX = 255  # Above any bound of the daemon's.


def rekey_notify(protocol: int, spi: bytes) -> Payload:
    return wire.notify(Note.REKEY_SA, b"", protocol, spi)


def demand_children(scene, count: int, peer=None) -> None:
    found = scene.child_count(peer or scene.hostile)
    demand(found == count, f"{found} children and not {count}")


def refused(scene, edit, *kinds: Note, rekeys: bool = False) -> list[Payload]:
    """An error, no child more; INVALID_SYNTAX ends the IKE SA, any other does not."""
    session = scene.hostile.connect()
    old = session.children[0] if rekeys else None
    content = scene.hostile.create_child(session, old, edit)
    demand_error(content, *kinds)
    if wire.notices(content)[0].type == Note.INVALID_SYNTAX:
        session.is_closed = True
        demand_children(scene, 0)
    else:
        demand_children(scene, 1)
        session.probe()
    return content


# --- REKEY_SA ---


@case("RFC 7296 2.25", "Rekeying a child that does not exist is CHILD_SA_NOT_FOUND with its SPI")
def rekey_unknown_child(scene):
    session = scene.hostile.connect()
    for spi in (fresh_esp_spi(), bytes(4), b"\xff" * 4, session.children[0].theirs):
        content = scene.hostile.create_child(session, Child(spi, b""))
        notice = demand_notify(content, Note.CHILD_SA_NOT_FOUND)
        demand((notice.protocol, notice.spi) == (Protocol.ESP, spi), f"it says {notice}")
    demand_children(scene, 1)


@case("CVE-2023-38710 class", "REKEY_SA for protocols without such an SA is refused, not echoed")
def rekey_protocols(scene):
    for protocol in (0, Protocol.IKE, Protocol.AH, 4, 99, 255):
        # Also with the SPI of a child that stands, whose rekey it must not be taken for.
        for rekeys in (False, True):
            content = refused(
                scene,
                as_protocol(protocol),
                Note.INVALID_SYNTAX,
                Note.CHILD_SA_NOT_FOUND,
                rekeys=rekeys,
            )
            echoed = wire.notices(content)[0].protocol
            demand(echoed in (0, Protocol.ESP), "the protocol is echoed")


def as_protocol(protocol: int):
    def edit(payloads: list[Payload]) -> list[Payload]:
        named = [notice.spi for notice in wire.notices(payloads)] or [fresh_esp_spi()]
        return [rekey_notify(protocol, named[0]), *wire.replace(payloads, Type.NOTIFY)]

    return edit


@case("CVE-2023-38710 class", "REKEY_SA with an SPI that is not of 4 bytes is refused")
def rekey_spi_sizes(scene):
    for size in (0, 1, 3, 5, 8, 255):
        refused(
            scene,
            lambda p: [rekey_notify(Protocol.ESP, bytes(size)), *p],
            Note.INVALID_SYNTAX,
            Note.CHILD_SA_NOT_FOUND,
        )


@case("RFC 7296 2.8", "A rekey is answered, and the old child lives until its DELETE")
def rekey_child(scene):
    session = scene.hostile.connect()
    old = session.children[0]
    content = scene.hostile.create_child(session, old)
    demand_holds(content, Type.SA, Type.NONCE, Type.KE, Type.TSI, Type.TSR)
    demand_children(scene, 2)
    session.children.remove(old)
    [answer] = session.request(Exchange.INFORMATIONAL, [wire.delete(Protocol.ESP, [old.ours])])
    demand(wire.read_delete(answer) == (Protocol.ESP, [old.theirs]), "another SPI is named")
    demand_children(scene, 1)


@case("strongSwan 84a5208", "Rekeying the same child twice before deleting it does no harm")
def rekey_twice_before_delete(scene):
    session = scene.hostile.connect()
    old = session.children[0]
    demand_holds(scene.hostile.create_child(session, old), Type.SA)
    content = scene.hostile.create_child(session, old)
    if wire.find(content, Type.SA) is None:
        demand_error(content, Note.TEMPORARY_FAILURE, Note.CHILD_SA_NOT_FOUND)
    gone = session.children[:-1]
    session.request(Exchange.INFORMATIONAL, [wire.delete(Protocol.ESP, [c.ours for c in gone])])
    demand_children(scene, 1)
    session.probe()


@case("RFC 7296 2.8", "Fifty rekeys in a row leave one child and no SPI twice")
def many_rekeys(scene):
    session = scene.hostile.connect()
    seen = set()
    for _ in range(50):
        old = session.children[0]
        demand_holds(scene.hostile.create_child(session, old), Type.SA)
        session.request(Exchange.INFORMATIONAL, [wire.delete(Protocol.ESP, [old.ours])])
        session.children.remove(old)
        demand(session.children[0].theirs not in seen, "an SPI came twice")
        seen.add(session.children[0].theirs)
    demand_children(scene, 1)


@case("RFC 7296 2.25", "Rekeying a child that was just deleted is CHILD_SA_NOT_FOUND")
def rekey_deleted_child(scene):
    session = scene.hostile.connect()
    old = session.children.pop()
    session.request(Exchange.INFORMATIONAL, [wire.delete(Protocol.ESP, [old.ours])])
    demand_notify(scene.hostile.create_child(session, old), Note.CHILD_SA_NOT_FOUND)
    demand_children(scene, 0)


@case("libreswan child-rekey-10", "A rekey with other selectors stays within the configuration")
def rekey_with_other_selectors(scene):
    peer = scene.narrow
    for wish in ("0.0.0.0/0", "10.68.7.0/24", "10.0.0.0/8"):
        session = peer.connect()
        edit = changing(Type.TSI, wire.selectors(Type.TSI, network(wish)))
        content = peer.create_child(session, session.children[0], edit)
        demand_holds(content, Type.SA)
        ours = network(peer.profile.local)
        for each in session.children[-1].local:
            demand(ours.first <= each.first <= each.last <= ours.last, f"{wish} gave {each}")
        session.close()
    session = peer.connect()
    edit = changing(Type.TSI, wire.selectors(Type.TSI, network("172.16.0.0/16")))
    content = peer.create_child(session, session.children[0], edit)
    demand_notify(content, Note.TS_UNACCEPTABLE)
    demand_children(scene, 1, peer)


@case("libreswan 3.30", "A configuration payload in a rekey is no fault")
def configuration_in_rekey(scene):
    session = scene.hostile.connect()
    request = Payload(Type.CP, b"\x01\0\0\0\0\x01\0\0")
    content = scene.hostile.create_child(session, session.children[0], lambda p: [*p, request])
    demand_holds(content, Type.SA)
    demand(wire.find(content, Type.CP) is None, "an address was given")


# --- Payload sets and values ---


@case("RFC 7296 1.3.1", "A request without SA, nonce or selectors is INVALID_SYNTAX")
def missing_payloads(scene):
    for kind in (Type.SA, Type.NONCE, Type.TSI, Type.TSR):
        refused(scene, changing(kind), Note.INVALID_SYNTAX)
        refused(scene, changing(kind), Note.INVALID_SYNTAX, rekeys=True)


@case("RFC 7296 1.3.1", "Identities, AUTH and DELETE have no place in CREATE_CHILD_SA")
def payloads_of_other_exchanges(scene):
    for payload in (scene.hostile.own_id(Type.IDI), wire.auth(bytes(32)), wire.delete(1)):
        refused(scene, lambda p: [*p, payload], Note.INVALID_SYNTAX)


@case("RFC 7296 1.3", "With PFS configured an offer without a group is refused")
def group_missing(scene):
    proposal = scene.hostile.esp_proposal(fresh_esp_spi(), with_group=False)
    for rekeys in (False, True):
        refused(
            scene,
            lambda p: wire.replace(wire.replace(p, Type.SA, wire.sa(proposal)), Type.KE),
            Note.NO_PROPOSAL_CHOSEN,
            rekeys=rekeys,
        )


@case(
    "RFC 7296 1.3", "A KE that is missing or of another group is INVALID_KE_PAYLOAD, however often"
)
def ke_ping_pong(scene):
    session = scene.hostile.connect()
    wrong = [(), *[(wire.ke(group, bytes(64)),) for group in (0, 14, 20, 31, 1025, 65535)]]
    for new in wrong * 3:
        content = scene.hostile.create_child(session, None, changing(Type.KE, *new))
        notice = demand_notify(content, Note.INVALID_KE_PAYLOAD)
        demand(notice.value == b"\0\x13", f"it wants group {notice.value.hex()}")
    demand_children(scene, 1)


@case("RFC 6989 2.3", "Public values of wrong lengths or off the curve are INVALID_SYNTAX")
def ke_values(scene):
    for public in (b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64, bytes(4096)):
        refused(scene, changing(Type.KE, wire.ke(19, public)), Note.INVALID_SYNTAX)


@case("RFC 7296 3.9", "Nonces of wrong lengths are INVALID_SYNTAX")
def nonce_lengths(scene):
    for size in (0, 1, 15, 257):
        refused(scene, changing(Type.NONCE, wire.nonce(bytes(size))), Note.INVALID_SYNTAX)


@case("libreswan impair SPI=0", "ESP SPIs below 256 or of other sizes are refused in a rekey too")
def esp_spis(scene):
    for spi in (b"", bytes(3), bytes(4), b"\0\0\0\xff", bytes(5), bytes(8)):
        proposal = scene.hostile.esp_proposal(spi, with_group=True)
        for rekeys in (False, True):
            refused(
                scene,
                changing(Type.SA, wire.sa(proposal)),
                Note.NO_PROPOSAL_CHOSEN,
                rekeys=rekeys,
            )


@case("CVE-2018-10811 class", "Unknown transforms are never chosen for a child")
def unknown_transforms(scene):
    good = scene.hostile.esp_proposal(fresh_esp_spi(), with_group=True)
    for kind, identity in ((1, 9999), (1, 21), (1, 11), (4, 1025), (4, 14), (5, 1), (5, 77)):
        attributes = wire.key_length(256) if kind == 1 else b""
        proposal = good.without(kind).with_more(Transform(kind, identity, attributes))
        refused(scene, changing(Type.SA, wire.sa(proposal)), Note.NO_PROPOSAL_CHOSEN)
    strange = good.with_more(Transform(200, 1))
    refused(scene, changing(Type.SA, wire.sa(strange)), Note.NO_PROPOSAL_CHOSEN)


@case("RFC 7296 3.3", "An SA payload that does not add up is INVALID_SYNTAX")
def miscounted_proposals(scene):
    good = scene.hostile.esp_proposal(fresh_esp_spi(), with_group=True)
    for wrong in (
        good.changed(count=0),
        good.changed(count=9),
        good.changed(length=0),
        good.changed(length=0xFFFF),
        good.changed(spi_size=200),
    ):
        refused(scene, changing(Type.SA, wire.sa(wrong)), Note.INVALID_SYNTAX)
    refused(scene, changing(Type.SA, Payload(Type.SA)), Note.INVALID_SYNTAX)


@case("RFC 7296 2.9", "Selectors that nobody can use are refused")
def selectors(scene):
    entry = network("10.66.0.0/16")
    reversed_entry = wire.Selector(entry.last, entry.first)
    for wrong in (
        wire.selectors(Type.TSI),
        wire.selectors(Type.TSI, reversed_entry),
        wire.selectors(Type.TSI, entry, count=2),
        wire.selectors(Type.TSI, entry, count=255),
        wire.selectors(Type.TSI, wire.Selector(entry.first, entry.last, type=99)),
    ):
        refused(scene, changing(Type.TSI, wrong), Note.INVALID_SYNTAX, Note.TS_UNACCEPTABLE)


# --- Many children ---


@case("RFC 7296 1.3.1", "Children are bounded: one more is NO_ADDITIONAL_SAS, the SA stands")
def too_many_children(scene):
    session = scene.hostile.connect()
    content: list[Payload] = []
    for number in range(CHILDREN_MAX):
        entry = network(f"10.66.{number}.0/24")
        edit = changing(Type.TSI, wire.selectors(Type.TSI, entry))
        content = scene.hostile.create_child(session, None, edit)
        if wire.find(content, Type.SA) is None:
            break
    demand_notify(content, Note.NO_ADDITIONAL_SAS)
    session.probe()


@case("RFC 7296 2.17", "A child that asks for the SPI of another one does not confuse the two")
def same_esp_spi_twice(scene):
    session = scene.hostile.connect()
    first = session.children[0]
    proposal = scene.hostile.esp_proposal(first.ours, with_group=True)
    edit = changing(Type.SA, wire.sa(proposal))
    content = scene.hostile.create_child(session, None, edit)
    if wire.find(content, Type.SA) is not None:
        demand(session.children[1].theirs != first.theirs, "one inbound SPI for two children")
    for _ in range(2):
        session.request(Exchange.INFORMATIONAL, [wire.delete(Protocol.ESP, [first.ours])])
    demand_children(scene, 0)
    session.probe()


@case("RFC 7296 2.8", "The answer to a new child has fresh SPI and nonce each time")
def fresh_values(scene):
    session = scene.hostile.connect()
    nonces, spis = set(), {session.children[0].theirs}
    for _ in range(4):
        content = scene.hostile.create_child(session)
        nonces.add(wire.find(content, Type.NONCE).body)
        spis.add(session.children[-1].theirs)
    demand(len(nonces) == 4 and len(spis) == 5, "a value came twice")


# --- Rekeying the IKE SA ---


def refused_ike_rekey(scene, edit, *kinds: Note) -> None:
    session = scene.hostile.connect()
    try:
        scene.hostile.rekey_ike(session, edit)
    except Refused as refusal:
        demand_error(refusal.payloads, *kinds)
        if wire.notices(refusal.payloads)[0].type == Note.INVALID_SYNTAX:
            session.is_closed = True
            return
        demand_children(scene, 1)
        session.probe()
        session.close()
        return
    demand(False, "the rekey was agreed to")


def ike_offer(scene, spi: bytes):
    return changing(Type.SA, wire.sa(scene.hostile.ike_proposal(spi)))


@case("RFC 7296 2.18", "A rekeyed IKE SA has the children, and the old one only awaits its DELETE")
def rekey_ike(scene):
    old = scene.hostile.connect()
    fresh = scene.hostile.rekey_ike(old)
    fresh.probe()
    demand_children(scene, 1)
    demand_notify(scene.hostile.create_child(old), Note.TEMPORARY_FAILURE)
    old.close()
    [child] = fresh.children
    demand_holds(scene.hostile.create_child(fresh, child), Type.SA)
    fresh.close()
    demand_children(scene, 0)


@case("RFC 7296 2.25.2", "A second rekey of the same IKE SA is TEMPORARY_FAILURE")
def rekey_ike_twice(scene):
    old = scene.hostile.connect()
    fresh = scene.hostile.rekey_ike(old)
    try:
        scene.hostile.rekey_ike(old)
        demand(False, "the second rekey was agreed to")
    except Refused as refusal:
        demand_notify(refusal.payloads, Note.TEMPORARY_FAILURE)
    old.close()
    fresh.probe()


@case("RFC 7296 2.18", "Ten IKE rekeys in a row keep the child and leave no SA behind")
def many_ike_rekeys(scene):
    session = scene.hostile.connect()
    for _ in range(10):
        fresh = scene.hostile.rekey_ike(session)
        session.close()
        session = fresh
    session.probe()
    demand_children(scene, 1)


@case("RFC 7296 3.3.1", "An IKE rekey with an SPI of zero or not of 8 bytes is refused")
def ike_rekey_spis(scene):
    for spi in (b"", bytes(4), bytes(7), bytes(8), b"\x11" * 9, b"\x11" * 255):
        refused_ike_rekey(
            scene, ike_offer(scene, spi), Note.NO_PROPOSAL_CHOSEN, Note.INVALID_SYNTAX
        )


@case("RFC 7296 2.18", "An IKE rekey without KE, or with one of another group, wants the right one")
def ike_rekey_ke(scene):
    for new in ((), (wire.ke(14, bytes(256)),), (wire.ke(1025, bytes(64)),)):
        refused_ike_rekey(scene, changing(Type.KE, *new), Note.INVALID_KE_PAYLOAD)
    refused_ike_rekey(scene, changing(Type.KE, wire.ke(19, bytes(64))), Note.INVALID_SYNTAX)


@case("RFC 7296 2.18", "An IKE rekey to what is not configured is refused")
def ike_rekey_offers(scene):
    good = scene.hostile.ike_proposal(b"\x22" * 8)
    for wrong in (good.without(1), good.without(2), good.without(4)):
        refused_ike_rekey(scene, changing(Type.SA, wire.sa(wrong)), Note.NO_PROPOSAL_CHOSEN)
    for transform in (Transform(1, 20), Transform(2, 9999), Transform(4, 1025)):
        wrong = good.without(transform.type).with_more(transform)
        refused_ike_rekey(scene, changing(Type.SA, wire.sa(wrong)), Note.NO_PROPOSAL_CHOSEN)


@case("RFC 7296 2.6", "An IKE rekey that names the SPIs of the SA itself does not confuse them")
def ike_rekey_to_its_own_spis(scene):
    for name in ("spi_i", "spi_r"):
        session = scene.hostile.connect()
        spi = struct.pack("!Q", getattr(session, name))
        content = session.request(
            CREATE,
            [
                wire.sa(scene.hostile.ike_proposal(spi)),
                wire.nonce(bytes(range(32))),
                wire.ke(19, crypto.DiffieHellman(19).public),
            ],
        )
        if wire.find(content, Type.SA) is not None:
            answered = wire.read_sa(wire.find(content, Type.SA))[0].spi
            demand(answered != spi, "the daemon took the same SPI")
        session.probe()
        session.close()


@case("RFC 7296 1.3.2", "IKE and ESP proposals in one offer make at most one of both")
def mixed_offer(scene):
    session = scene.hostile.connect()
    proposals = (
        scene.hostile.ike_proposal(b"\x33" * 8),
        scene.hostile.esp_proposal(fresh_esp_spi(), with_group=True, number=2),
    )
    before = len(scene.sas(scene.hostile)) + scene.child_count(scene.hostile)
    payloads = wire.replace(scene.hostile.child_payloads(bytes(4)), Type.SA, wire.sa(*proposals))
    session.request(CREATE, payloads)
    after = len(scene.sas(scene.hostile)) + scene.child_count(scene.hostile)
    demand(after - before <= 1, "more than one SA came of it")
    session.probe()
