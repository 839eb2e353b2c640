"""The child that IKE_AUTH asks for: ESP proposals and traffic selectors. A refused child leaves the
IKE SA standing (RFC 7296 1.2)."""

from case import case, demand, demand_error
from ike import wire
from ike.peer import network
from ike.wire import Note, Payload, Proposal, Protocol, Selector, Transform, Type, changing

GCM = Transform(1, 20, wire.key_length(256))
GOOD_SPI = b"\x12\x34\x56\x78"


def no_child(scene, edit, *kinds: Note, peer=None) -> None:
    """AUTH is answered, the child is refused with one of these errors, the SA is usable."""
    peer = peer or scene.hostile
    session = peer.init()
    content = peer.auth(session, edit)
    demand(wire.find(content, Type.AUTH) is not None, f"answered [{wire.describe(content)}]")
    demand(wire.find(content, Type.SA) is None, "a child was agreed on")
    found = [notice.type for notice in wire.notices(content)]
    demand(any(kind in found for kind in kinds), f"the notifies are {found}")
    demand(scene.child_count(peer) == 0, "a child was installed")
    session.probe()
    session.close()


def no_agreement(scene, edit, peer=None) -> None:
    """What does not parse is refused in whole or in the child; nothing is installed."""
    peer = peer or scene.hostile
    session = peer.init()
    content = peer.auth(session, edit)
    demand(wire.find(content, Type.SA) is None, "a child was agreed on")
    demand(scene.child_count(peer) == 0, "a child was installed")
    if wire.find(content, Type.AUTH) is None:
        demand_error(content, Note.AUTHENTICATION_FAILED, Note.INVALID_SYNTAX)
    else:
        session.close()


def offering(*proposals: Proposal):
    return changing(Type.SA, wire.sa(*proposals))


@case("libreswan impair SPI=0", "ESP SPIs of 0 to 255 are not agreed to")
def reserved_esp_spi(scene):
    for spi in (0, 1, 255):
        proposal = scene.hostile.esp_proposal(spi.to_bytes(4, "big"), False)
        no_child(scene, offering(proposal), Note.NO_PROPOSAL_CHOSEN)


@case("RFC 7296 3.3.1", "ESP SPIs that are not of 4 bytes are not agreed to")
def esp_spi_size(scene):
    for size in (0, 1, 2, 3, 5, 8, 16, 255):
        proposal = scene.hostile.esp_proposal(b"\x11" * size, False)
        no_child(scene, offering(proposal), Note.NO_PROPOSAL_CHOSEN)


@case("RFC 7296 3.3", "AH, IKE and unknown protocols are no child of ours")
def protocols(scene):
    for protocol in (0, Protocol.IKE, Protocol.AH, 4, 255):
        proposal = scene.hostile.esp_proposal(GOOD_SPI, False).changed(protocol=protocol)
        no_child(scene, offering(proposal), Note.NO_PROPOSAL_CHOSEN)


@case("CVE-2024-3652 class", "NULL encryption, GMAC and a cipher without a key length are refused")
def weak_esp_suites(scene):
    rest = scene.hostile.esp_proposal(GOOD_SPI, False).without(1)
    for transforms in (
        (Transform(1, 11),),
        (Transform(1, 11), Transform(3, 12)),
        (Transform(1, 21, wire.key_length(256)),),
        (Transform(1, 20),),
        (Transform(1, 20, wire.key_length(0)),),
        (Transform(1, 20, wire.key_length(1)),),
        (Transform(1, 3), Transform(3, 2)),
        (Transform(3, 12),),
        (),
    ):
        no_child(scene, offering(rest.with_more(*transforms)), Note.NO_PROPOSAL_CHOSEN)


@case("vpp issue 3146", "A group in the offer of IKE_AUTH is not answered with one")
def group_in_the_first_offer(scene):
    proposal = scene.hostile.esp_proposal(GOOD_SPI, with_group=True)
    session = scene.hostile.init()
    content = scene.hostile.auth(session, offering(proposal))
    sa = wire.find(content, Type.SA)
    if sa is not None:
        [chosen] = wire.read_sa(sa)
        demand(all(t.type != 4 for t in chosen.transforms), "a group was chosen in IKE_AUTH")


@case("RFC 7296 3.3.3", "ESN is chosen only when offered and configured, and exactly one of both")
def esn_choices(scene):
    rest = scene.hostile.esp_proposal(GOOD_SPI, False).without(5)
    no_child(scene, offering(rest.with_more(Transform(5, 1))), Note.NO_PROPOSAL_CHOSEN)
    no_child(scene, offering(rest.with_more(Transform(5, 2))), Note.NO_PROPOSAL_CHOSEN)
    session = scene.hostile.connect(
        edit_auth=offering(rest.with_more(Transform(5, 1), Transform(5, 0)))
    )
    chosen = [t.id for t in session.children[0].proposal.transforms if t.type == 5]
    demand(chosen == [0], f"ESN {chosen} was chosen")


@case("RFC 7296 3.3.6", "The second of two proposals is chosen when the first does not fit")
def second_proposal(scene):
    good = scene.hostile.esp_proposal(GOOD_SPI, False, number=2)
    strange = good.without(1).with_more(Transform(1, 9999)).changed(number=1)
    session = scene.hostile.connect(edit_auth=offering(strange, good))
    demand(session.children[0].proposal.number == 2, "another number was answered")


# --- Traffic selectors ---


@case("RFC 7296 3.13", "Selector counts that do not match what follows are refused")
def selector_counts(scene):
    entry = network("10.66.0.0/16")
    for kind in (Type.TSI, Type.TSR):
        for count in (0, 2, 255):
            no_agreement(scene, changing(kind, wire.selectors(kind, entry, count=count)))
        for body in (b"", b"\x01", b"\x01\0\0\0"):
            no_agreement(scene, changing(kind, Payload(kind, body)))


@case("RFC 7296 3.13", "No selector at all agrees to nothing")
def no_selectors(scene):
    for kind in (Type.TSI, Type.TSR):
        no_agreement(scene, changing(kind, wire.selectors(kind)))


@case("RFC 7296 3.13.1", "A range that ends before it begins is refused")
def reversed_range(scene):
    entry = network("10.66.0.0/16")
    wrong = Selector(entry.last, entry.first)
    no_agreement(scene, changing(Type.TSI, wire.selectors(Type.TSI, wrong)))
    no_agreement(scene, changing(Type.TSR, wire.selectors(Type.TSR, network("10.1.0.0/16"), wrong)))


@case("CVE-2023-23009 class", "Selectors of wrong lengths are refused")
def selector_lengths(scene):
    entry = network("10.66.0.0/16")
    for length in (0, 3, 4, 15, 17, 40, 0xFFFF):
        wrong = Selector(entry.first, entry.last, length=length)
        no_agreement(scene, changing(Type.TSI, wire.selectors(Type.TSI, wrong)))
    six = Selector(bytes(16), b"\xff" * 16, type=7)
    no_agreement(scene, changing(Type.TSI, wire.selectors(Type.TSI, six)))
    four = Selector(entry.first, entry.last, type=8)
    no_agreement(scene, changing(Type.TSI, wire.selectors(Type.TSI, four)))


@case("RFC 7296 2.9", "Selectors of unknown types only are TS_UNACCEPTABLE")
def unknown_selector_type(scene):
    entry = network("10.66.0.0/16")
    for kind in (0, 1, 6, 9, 10, 255):
        strange = Selector(entry.first, entry.last, type=kind)
        edit = changing(Type.TSI, wire.selectors(Type.TSI, strange))
        no_child(scene, edit, Note.TS_UNACCEPTABLE)


@case("RFC 7296 2.9", "Of mixed selector types those are taken that fit")
def mixed_selector_types(scene):
    entry = network("10.66.0.0/16")
    six = Selector(bytes(16), b"\xff" * 16)
    strange = Selector(entry.first, entry.last, type=99)
    session = scene.hostile.connect(
        edit_auth=changing(Type.TSI, wire.selectors(Type.TSI, strange, six, entry))
    )
    demand(entry in session.children[0].local, f"agreed on {session.children[0].local}")
    demand(all(s.type in (None, 7, 8) for s in session.children[0].local), "an unknown type")


@case(
    "RFC 7296 2.9", "Two hundred and fifty-five selectors are answered within the offer, or refused"
)
def many_selectors(scene):
    entries = [network(f"10.66.{i}.0/24") for i in range(255)]
    session = scene.hostile.init()
    content = scene.hostile.auth(session, changing(Type.TSI, wire.selectors(Type.TSI, *entries)))
    if session.children:
        demand(all(s in entries for s in session.children[0].local), "wider than the offer")
    else:
        demand(Note.TS_UNACCEPTABLE in [n.type for n in wire.notices(content)], "no reason given")


@case("RFC 7296 2.9", "Selectors that have nothing in common with ours are TS_UNACCEPTABLE")
def foreign_selectors(scene):
    for kind in (Type.TSI, Type.TSR):
        foreign = wire.selectors(kind, network("172.16.0.0/16"))
        no_child(scene, changing(kind, foreign), Note.TS_UNACCEPTABLE, peer=scene.narrow)


@case("RFC 7296 2.9", "An offer wider than ours is narrowed, never widened")
def wide_selectors(scene):
    everything = Selector(bytes(4), b"\xff" * 4)
    session = scene.narrow.connect(
        edit_auth=lambda p: [
            *[each for each in p if each.type not in (Type.TSI, Type.TSR)],
            wire.selectors(Type.TSI, everything),
            wire.selectors(Type.TSR, everything),
        ]
    )
    child = session.children[0]
    demand(child.local == [network("10.68.0.0/16")], f"ours became {child.local}")
    demand(child.remote == [network("10.1.0.0/16")], f"theirs became {child.remote}")


@case("RFC 7296 2.9", "An offer inside ours is taken as it is")
def small_selectors(scene):
    one = Selector(b"\x0a\x44\x07\x07", b"\x0a\x44\x07\x07", 17, (5000, 5000))
    session = scene.narrow.connect(edit_auth=changing(Type.TSI, wire.selectors(Type.TSI, one)))
    demand(session.children[0].local == [one], f"agreed on {session.children[0].local}")


@case("RFC 7296 3.13.1", "The OPAQUE port range is no reason to fall over")
def opaque_ports(scene):
    entry = network("10.66.0.0/16")
    opaque = Selector(entry.first, entry.last, 17, (65535, 0))
    session = scene.hostile.init()
    scene.hostile.auth(session, changing(Type.TSI, wire.selectors(Type.TSI, opaque)))
    session.probe()
