"""Exchanges and notifies of extensions that were not agreed on."""

import itertools

from case import case, demand, demand_error, demand_notify, demand_same, demand_silence
from ike import wire
from ike.wire import Note, Payload, Type, adding


@case("libreswan intermediate-03", "IKE_INTERMEDIATE that was not agreed on is not answered")
def unsolicited_intermediate(scene):
    session = scene.hostile.init()
    before = scene.state_of(session)
    for payloads in ([], [wire.ke(19, bytes(64))], [wire.nonce(bytes(32))]):
        head = session.header(wire.Exchange.IKE_INTERMEDIATE, 1, False)
        session.send(session.seal(head, payloads))
        session.send(wire.encode_message(head, payloads))
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the half-open SA")
    scene.hostile.auth(session)
    demand(len(session.children) == 1, "IKE_AUTH no longer works")


@case("RFC 9370 2.2.4", "IKE_FOLLOWUP_KE that follows nothing makes nothing")
def unsolicited_followup(scene):
    session = scene.hostile.connect()
    head = session.header(wire.Exchange.IKE_FOLLOWUP_KE, session.send_id, False)
    session.send(session.seal(head, [wire.ke(19, bytes(64)), wire.notify(16441, b"x" * 8)]))
    session.send_id += 1
    [answer] = scene.hostile.settle()
    demand_notify(answer.content, Note.STATE_NOT_FOUND)
    demand(scene.child_count(scene.hostile) == 1, "a child was made")
    session.probe()


@case("RFC 8784 3", "PPK notifies towards a connection without a PPK change nothing")
def ppk_without_one(scene):
    use = wire.notify(Note.USE_PPK)
    proofs = [
        wire.notify(Note.PPK_IDENTITY, b"\x02nobody's"),
        wire.notify(Note.NO_PPK_AUTH, bytes(32)),
    ]
    session = scene.hostile.connect(adding(use), adding(*proofs))
    session.probe()
    scene.hostile.connect(edit_auth=adding(*proofs)).probe()


@case("RFC 7427 4", "Hash algorithm lists that are empty, odd or endless are survived")
def signature_hash_algorithms(scene):
    for value in (b"", b"\0", b"\0\1\0", bytes(range(200)), b"\0\2\0\3\0\4" * 50):
        scene.hostile.connect(adding(wire.notify(Note.SIGNATURE_HASH_ALGORITHMS, value)))


@case("RFC 7383 2.3", "Fragmentation, announced twice or with a value, is agreed on once")
def fragmentation_announcements(scene):
    announced = [wire.notify(Note.IKEV2_FRAGMENTATION_SUPPORTED, value) for value in (b"", b"xx")]
    session = scene.hostile.connect(adding(*announced, *announced))
    session.probe()


CHILDISH = (Type.SA, Type.TSI, Type.TSR)


def without(kinds):
    return lambda payloads: [payload for payload in payloads if payload.type not in kinds]


@case("RFC 6023 3", "IKE_AUTH without a child is announced, stands alone, and installs nothing")
def childless(scene):
    session = scene.hostile.init()
    announced = wire.notices(wire.decode_message(session.init_response).payloads)
    demand(
        [n.value for n in announced if n.type == Note.CHILDLESS_IKEV2_SUPPORTED] == [b""],
        "not announced once and without a value",
    )
    content = scene.hostile.auth(session, without(CHILDISH))
    demand(scene.child_count(scene.hostile) == 0, "a child was installed")
    demand(wire.find(content, Type.AUTH) is not None, "refused")
    demand(not [p for p in content if p.type in CHILDISH], "answered with a child")
    session.probe()
    content = scene.hostile.create_child(session)
    demand(wire.find(content, Type.SA) is not None, "no child afterwards")


@case("RFC 6023 3", "Of SA, TSi and TSr, IKE_AUTH has all or none: a part of them is refused")
def part_of_a_child(scene):
    for count in (1, 2):
        for missing in itertools.combinations(CHILDISH, count):
            session = scene.hostile.init()
            content = scene.hostile.auth(session, without(missing))
            demand_error(content, Note.AUTHENTICATION_FAILED, Note.INVALID_SYNTAX)
            demand(scene.child_count(scene.hostile) == 0, f"installed without {missing}")


@case("RFC 5723, 6290, 5685", "Tickets, crash tokens and redirects are nothing to us")
def tickets_and_tokens(scene):
    kinds = [16406, 16407, 16408, 16409, 16410, 16411, 16412, 16413, 16414, 16415, 16419]
    more = [wire.notify(kind, bytes(40)) for kind in kinds]
    scene.hostile.connect(adding(*more), adding(*more)).probe()
    session = scene.hostile.connect()
    for exchange in (38, 39, 40):
        head = session.header(exchange, session.send_id, False)
        session.send(session.seal(head, [Payload(Type.SA)]))
    demand_silence(scene.hostile.settle())
    session.probe()


@case(
    "RFC 9370 2.2.1", "An offer with additional key exchanges that we lack falls back or is refused"
)
def additional_key_exchanges(scene):
    for kind in range(6, 13):
        more = wire.Transform(kind, 35)
        proposal = scene.hostile.ike_proposal().with_more(more)
        plain = scene.hostile.ike_proposal(number=2)
        session = scene.hostile.init(lambda p: wire.replace(p, Type.SA, wire.sa(proposal, plain)))
        scene.hostile.auth(session)
        demand(session.children, "the plain proposal was not taken")
        session.close()
