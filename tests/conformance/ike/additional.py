"""Additional key exchanges (RFC 9370) of the scripted peer: IKE_INTERMEDIATE with its IntAuth (RFC
9242), and IKE_FOLLOWUP_KE."""

import struct
from collections.abc import Sequence

from ike import crypto, wire
from ike.peer import Edit, Peer, unchanged
from ike.session import SK_PREFIX, Child, Failure, Session
from ike.wire import Exchange, Note, Payload, Transform, Type

METHODS = (31, 14)


def offering(proposal: wire.Proposal, methods: Sequence[int]) -> wire.Proposal:
    return proposal.with_more(*(Transform(6 + i, method) for i, method in enumerate(methods)))


def init(peer: Peer, methods: Sequence[int] = METHODS, edit: Edit = unchanged) -> Session:
    """IKE_SA_INIT that ends in an agreement on all of them."""
    support = wire.notify(Note.INTERMEDIATE_EXCHANGE_SUPPORTED)
    sa = wire.sa(offering(peer.ike_proposal(), methods))
    session = peer.init(lambda payloads: edit([*wire.replace(payloads, Type.SA, sa), support]))
    answer = wire.decode_message(session.init_response).payloads
    kinds = [notice.type for notice in wire.notices(answer)]
    agreed = [t.id for t in wire.read_sa(wire.find(answer, Type.SA))[0].transforms if t.type > 5]
    if agreed != list(methods) or Note.INTERMEDIATE_EXCHANGE_SUPPORTED not in kinds:
        raise Failure(f"the daemon agreed on {agreed}, and says {kinds}")
    return session


class Intermediate:
    """The IKE_INTERMEDIATE exchanges of one session, and IntAuth over them."""

    def __init__(self, session: Session):
        self.session, self.chains = session, [b"", b""]

    def octets(self, raw: bytes, plain: bytes) -> bytes:
        """RFC 9242 3.3.2: the headers with adjusted lengths, then the inner payloads."""
        adjusted = struct.pack("!I", SK_PREFIX + len(plain))
        inner = struct.pack("!H", wire.GENERIC.size + len(plain))
        return raw[:24] + adjusted + raw[28:30] + inner + plain

    def count(self, side: int, key: bytes, raw: bytes, plain: bytes) -> None:
        self.chains[side] = crypto.prf(
            self.session.suite.prf, key, self.chains[side], self.octets(raw, plain)
        )

    def exchange(self, method: int, more: Sequence[Payload] = ()) -> None:
        session, keys = self.session, self.session.keys
        dh = crypto.DiffieHellman(method)
        payloads = [wire.ke(method, dh.public), *more]
        raw = session.seal_request(Exchange.IKE_INTERMEDIATE, payloads)
        session.send(raw)
        answer = session.await_answer(session.send_id, Exchange.IKE_INTERMEDIATE)
        session.send_id += 1
        group, public = wire.read_ke(wire.find(answer.content, Type.KE))
        if group != method:
            raise Failure(f"asked with method {method}, answered with {group}")
        self.count(0, keys.pi, raw, wire.encode_chain(payloads)[1])
        self.count(1, keys.pr, answer.raw, wire.encode_chain(answer.content)[1])
        seed = crypto.prf(session.suite.prf, keys.d, dh.compute(public), *session.nonces)
        session.use_keys(seed)
        session.int_auth = b"".join(self.chains) + struct.pack("!I", session.send_id)


def connect(peer: Peer, methods: Sequence[int] = METHODS) -> Session:
    session = init(peer, methods)
    exchanges = Intermediate(session)
    for method in methods:
        exchanges.exchange(method)
    peer.auth(session)
    if not session.children:
        raise Failure("no child came with IKE_AUTH")
    return session


# --- After CREATE_CHILD_SA ---


def link_of(content: list[Payload]) -> bytes | None:
    links = [n.value for n in wire.notices(content) if n.type == Note.ADDITIONAL_KEY_EXCHANGE]
    return links[0] if links else None


def ask(session: Session, method: int, link: bytes) -> tuple[list[Payload], bytes]:
    """One IKE_FOLLOWUP_KE: the answer, and the secret if there is one."""
    dh = crypto.DiffieHellman(method)
    payloads = [wire.ke(method, dh.public), wire.notify(Note.ADDITIONAL_KEY_EXCHANGE, link)]
    content = session.request(Exchange.IKE_FOLLOWUP_KE, payloads)
    ke = wire.find(content, Type.KE)
    return content, b"" if ke is None else dh.compute(wire.read_ke(ke)[1])


def follow_up(session: Session, content: list[Payload], methods: Sequence[int] = METHODS) -> bytes:
    """All that `content`, an answer to CREATE_CHILD_SA, asks for; the secrets in their order."""
    secrets, link = b"", link_of(content)
    for method in methods:
        if link is None:
            raise Failure(f"no link before method {method}")
        content, secret = ask(session, method, link)
        if not secret:
            raise Failure(f"method {method} was answered with [{wire.describe(content)}]")
        secrets, link = secrets + secret, link_of(content)
    if link is not None:
        raise Failure("a link after the last method")
    return secrets


def begin_child(
    peer: Peer, session: Session, rekeys: Child | None = None, methods: Sequence[int] = METHODS
) -> list[Payload]:
    """The answer to a CREATE_CHILD_SA that offers additional key exchanges."""

    def extend(payloads: list[Payload]) -> list[Payload]:
        [proposal] = wire.read_sa(wire.find(payloads, Type.SA))
        return wire.replace(payloads, Type.SA, wire.sa(offering(proposal, methods)))

    return peer.create_child(session, rekeys, extend)


def rekey_ike(peer: Peer, session: Session, methods: Sequence[int] = METHODS) -> Session:
    """A new session with keys of all exchanges (RFC 9370 2.2.4); the old one needs its DELETE."""
    fresh = peer.begin()
    spi = struct.pack("!Q", fresh.spi_i)
    payloads = [
        wire.sa(offering(peer.ike_proposal(spi), methods)),
        wire.nonce(fresh.nonces[0]),
        wire.ke(fresh.suite.group, fresh.dh.public),
    ]
    content = session.request(Exchange.CREATE_CHILD_SA, payloads)
    secrets = follow_up(session, content, methods)
    peer.finish_rekey_ike(session, fresh, content)
    shared = fresh.dh.compute(wire.read_ke(wire.find(content, Type.KE))[1])
    suite, old = session.suite, session.keys.d
    fresh.use_keys(crypto.prf(suite.prf, old, shared, *fresh.nonces, secrets))
    return fresh
