"""SA payloads of IKE_SA_INIT: offers that are unknown, incomplete, contradictory or miscounted."""

import random

from case import case, demand, demand_error, demand_silence, demand_single, nothing_opened
from ike import wire
from ike.wire import Note, Proposal, Protocol, Transform, Type

KEY_256 = wire.key_length(256)
GCM = Transform(1, 20, KEY_256)


def offering(*proposals: Proposal):
    return lambda payloads: wire.replace(payloads, Type.SA, wire.sa(*proposals))


def refused(scene, *proposals: Proposal, peer=None) -> None:
    """NO_PROPOSAL_CHOSEN, and nothing is opened."""
    peer = peer or scene.hostile
    with nothing_opened(scene, peer):
        answer = demand_single(peer.try_init(offering(*proposals)))
    demand_error(answer.payloads, Note.NO_PROPOSAL_CHOSEN)


def dropped(scene, *proposals: Proposal) -> None:
    with nothing_opened(scene, scene.hostile):
        demand_silence(scene.hostile.try_init(offering(*proposals)))


@case("CVE-2016-3071 class", "Proposals without encryption, PRF, integrity or group are refused")
def missing_transform_type(scene):
    for kind in (1, 2, 4):
        refused(scene, scene.hostile.ike_proposal().without(kind))
    for kind in (1, 2, 3, 4):
        refused(scene, scene.cbc.ike_proposal().without(kind), peer=scene.cbc)


@case("RFC 7296 3.3.6", "The same transform twice is no fault")
def duplicate_transforms(scene):
    proposal = scene.hostile.ike_proposal()
    scene.hostile.connect(offering(proposal.with_more(*proposal.transforms)))


@case("CVE-2018-10811 class", "Unknown identifiers of every transform type are never chosen")
def unknown_identifiers(scene):
    numbers = random.Random(2018)
    good = scene.hostile.ike_proposal()
    for kind in (1, 2, 4):
        for low in range(0, 65536, 16384):
            some = [numbers.randrange(max(low, 64), low + 16384) for _ in range(50)]
            attributes = KEY_256 if kind == 1 else b""
            unknown = [Transform(kind, identity, attributes) for identity in some]
            refused(scene, good.without(kind).with_more(*unknown))


@case("CVE-2014-9221 class", "The private group 1025 and its neighbours are never chosen")
def private_groups(scene):
    good = scene.hostile.ike_proposal().without(4)
    for group in (1024, 1025, 1026, 32768, 65535):
        refused(scene, good.with_more(Transform(4, group)))


@case("RFC 7296 3.3.2", "Known algorithms that are not configured are never chosen")
def unconfigured_algorithms(scene):
    good = scene.hostile.ike_proposal()
    others = {1: [2, 3, 11, 12, 13, 14, 18, 19, 28], 2: [1, 2, 3, 4, 6, 7, 8], 4: [1, 2, 5, 14, 20]}
    for kind, identities in others.items():
        attributes = KEY_256 if kind == 1 else b""
        more = [Transform(kind, identity, attributes) for identity in identities]
        refused(scene, good.without(kind).with_more(*more))


@case("RFC 7296 3.3.6", "A proposal with an unknown transform type is not chosen, another one is")
def unknown_transform_type(scene):
    strange = scene.hostile.ike_proposal().with_more(Transform(200, 1))
    refused(scene, strange)
    scene.hostile.connect(offering(strange, scene.hostile.ike_proposal(number=2)))


@case("RFC 7296 3.3.6", "An unknown transform among known ones is passed over")
def unknown_transform_beside_a_known_one(scene):
    good = scene.hostile.ike_proposal()
    more = [Transform(1, 9999, KEY_256), Transform(2, 9999), Transform(4, 9999)]
    scene.hostile.connect(offering(good.changed(transforms=(*more, *good.transforms))))


@case("RFC 7296 3.3.5", "AES without a key length, or with one that does not exist, is refused")
def key_lengths(scene):
    rest = scene.hostile.ike_proposal().without(1)
    attributes = [b"", KEY_256 * 2, wire.attribute(15, 256), b"\x00\x0e\x00\x02\x01\x00"]
    attributes += [wire.key_length(bits) for bits in (0, 1, 64, 127, 191, 255, 257, 512, 65535)]
    for each in attributes:
        refused(scene, rest.with_more(Transform(1, 20, each)))


@case(
    "RFC 7296 3.3.5", "An attribute that nobody knows makes its transform unusable, not the offer"
)
def unknown_attribute(scene):
    rest = scene.hostile.ike_proposal().without(1)
    strange = Transform(1, 20, KEY_256 + wire.attribute(30000, 1))
    refused(scene, rest.with_more(strange))
    scene.hostile.connect(offering(rest.with_more(strange, GCM)))


@case("RFC 7296 3.3.5", "Attributes that are cut off are dropped with their message")
def truncated_attributes(scene):
    rest = scene.hostile.ike_proposal().without(1)
    for size in (1, 2, 3):
        dropped(scene, rest.with_more(Transform(1, 20, KEY_256[:size])))
    dropped(scene, rest.with_more(Transform(1, 20, b"\x00\x0e\xff\xff")))


@case("RFC 7296 3.3", "The answer repeats the number of the proposal that it chose")
def proposal_numbers(scene):
    strange = scene.hostile.ike_proposal().with_more(Transform(200, 1))
    for number in (0, 2, 7, 255):
        answer = demand_single(
            scene.hostile.try_init(offering(strange, scene.hostile.ike_proposal(number=number)))
        )
        sa = wire.find(answer.payloads, Type.SA)
        if sa is not None:
            [chosen] = wire.read_sa(sa)
            demand(chosen.number == number, f"chose {chosen.number} and not {number}")


@case("RFC 7296 3.3", "An SA payload without a proposal is dropped, one without transforms refused")
def nothing_offered(scene):
    dropped(scene)
    refused(scene, Proposal(1, Protocol.IKE, b"", ()))


@case(
    "RFC 7296 3.3.1", "An SPI in the first offer is refused or ignored, and never answered by one"
)
def spi_in_the_first_offer(scene):
    for size in (1, 4, 8, 255):
        proposal = scene.hostile.ike_proposal(spi=bytes(size))
        answer = demand_single(scene.hostile.try_init(offering(proposal)))
        sa = wire.find(answer.payloads, Type.SA)
        if sa is None:
            demand_error(answer.payloads, Note.NO_PROPOSAL_CHOSEN)
        else:
            demand(not wire.read_sa(sa)[0].spi, "an SPI was answered")


@case("RFC 7296 3.3.1", "Lengths, counts and SPI sizes that do not add up are dropped")
def miscounted(scene):
    good = scene.hostile.ike_proposal()
    for wrong in (
        good.changed(count=0),
        good.changed(count=2),
        good.changed(count=4),
        good.changed(count=255),
        good.changed(spi_size=8),
        good.changed(spi_size=255),
        good.changed(length=0),
        good.changed(length=7),
        good.changed(length=9),
        good.changed(length=0xFFFF),
    ):
        dropped(scene, wrong)


@case("RFC 7296 3.3", "Two hundred proposals are dropped, not stored")
def proposal_bomb(scene):
    dropped(scene, *[scene.hostile.ike_proposal(number=i & 0xFF) for i in range(200)])


@case("RFC 7296 3.3.1", "ESP and AH proposals are no IKE SA")
def proposals_of_other_protocols(scene):
    good = scene.hostile.ike_proposal()
    for protocol in (0, Protocol.AH, Protocol.ESP, 4, 255):
        refused(scene, good.changed(protocol=protocol))


@case("RFC 7296 3.3.2", "NO_ESN in an IKE offer means nothing and is not answered")
def esn_in_an_ike_offer(scene):
    proposal = scene.hostile.ike_proposal().with_more(Transform(5, 0))
    answer = demand_single(scene.hostile.try_init(offering(proposal)))
    sa = wire.find(answer.payloads, Type.SA)
    if sa is not None:
        [chosen] = wire.read_sa(sa)
        demand(all(t.type != 5 for t in chosen.transforms), "ESN in an IKE SA was answered")


@case("RFC 7296 3.3.6", "Exactly one transform of each type is chosen")
def single_choice(scene):
    good = scene.hostile.ike_proposal()
    more = [Transform(1, 20, wire.key_length(128)), Transform(2, 7), Transform(4, 20)]
    answer = demand_single(scene.hostile.try_init(offering(good.with_more(*more))))
    [chosen] = wire.read_sa(wire.find(answer.payloads, Type.SA))
    demand(set(chosen.transforms) == set(good.transforms), f"chose {chosen}")
