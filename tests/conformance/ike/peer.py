"""A scripted IKEv2 peer at one address: it can complete a handshake in either role, and lets its
caller change every payload on the way."""

import dataclasses
import ipaddress
import os
import struct
from collections.abc import Callable

from ike import crypto, wire
from ike.session import ANSWER_SECONDS, PROPER, Child, Failure, Sealed, Session
from ike.session import fresh_esp_spi, fresh_spi
from ike.socket_pair import IKE_PORT, NAT_PORT, SocketPair
from ike.wire import Exchange, Flag, Header, Message, Note, Payload, Protocol, Transform, Type

Edit = Callable[[list[Payload]], list[Payload]]
IPV4_ID = 1
QUESTIONS_MAX = 3  # As often a question without an answer is asked.


def unchanged(payloads: list[Payload]) -> list[Payload]:
    return payloads


def network(text: str) -> wire.Selector:
    block = ipaddress.ip_network(text)
    return wire.Selector(block.network_address.packed, block.broadcast_address.packed)


@dataclasses.dataclass(frozen=True)
class Profile:
    """What the daemon's configuration says of this peer."""

    name: str  # Of the connection.
    address: str
    psk: bytes
    local: str  # What is behind us.
    remote: str = "10.1.0.0/16"
    suite: crypto.Suite = crypto.Suite()
    esp_bits: int = 256
    pfs: int = 19  # 0: none.


class Refused(Failure):
    """The handshake ended with an error of the daemon's; `payloads` is its answer."""

    def __init__(self, what: str, payloads: list[Payload]):
        super().__init__(f"{what} was refused: [{wire.describe(payloads)}]")
        self.payloads = payloads


class Peer:
    def __init__(self, namespace: str, daemon: str, profile: Profile):
        self.profile, self.daemon = profile, daemon
        self.sockets = SocketPair(namespace, profile.address, daemon)
        self.sessions: list[Session] = []
        self.fences: set[int] = set()  # SPIs of the questions of settle().

    def close(self) -> None:
        self.sockets.close()

    # --- Offers ---

    def ike_proposal(self, spi: bytes = b"", number: int = 1) -> wire.Proposal:
        suite = self.profile.suite
        transforms = [Transform(1, suite.encryption, wire.key_length(suite.key_bits))]
        transforms.append(Transform(2, suite.prf))
        if suite.integrity:
            transforms.append(Transform(3, suite.integrity))
        transforms.append(Transform(4, suite.group))
        return wire.Proposal(number, Protocol.IKE, spi, tuple(transforms))

    def esp_proposal(self, spi: bytes, with_group: bool, number: int = 1) -> wire.Proposal:
        transforms = [Transform(1, crypto.AES_GCM_16, wire.key_length(self.profile.esp_bits))]
        if with_group and self.profile.pfs:
            transforms.append(Transform(4, self.profile.pfs))
        transforms.append(Transform(5, 0))
        return wire.Proposal(number, Protocol.ESP, spi, tuple(transforms))

    def selectors(self, initiator: bool = True) -> list[Payload]:
        ours, theirs = network(self.profile.local), network(self.profile.remote)
        first, second = (ours, theirs) if initiator else (theirs, ours)
        return [wire.selectors(Type.TSI, first), wire.selectors(Type.TSR, second)]

    def own_id(self, kind: int) -> Payload:
        return wire.identity(IPV4_ID, kind, ipaddress.ip_address(self.profile.address).packed)

    def daemon_id(self, kind: int) -> Payload:
        return wire.identity(IPV4_ID, kind, ipaddress.ip_address(self.daemon).packed)

    def nat_notifies(self, spi_i: int, spi_r: int) -> list[Payload]:
        ours = ipaddress.ip_address(self.profile.address).packed
        theirs = ipaddress.ip_address(self.daemon).packed
        return [
            wire.notify(
                Note.NAT_DETECTION_SOURCE_IP, crypto.nat_hash(spi_i, spi_r, ours, IKE_PORT)
            ),
            wire.notify(
                Note.NAT_DETECTION_DESTINATION_IP, crypto.nat_hash(spi_i, spi_r, theirs, IKE_PORT)
            ),
        ]

    # --- IKE_SA_INIT as initiator ---

    def init_payloads(self, session: Session) -> list[Payload]:
        return [
            wire.sa(self.ike_proposal()),
            wire.ke(session.suite.group, session.dh.public),
            wire.nonce(session.nonces[0]),
            *self.nat_notifies(session.spi_i, 0),
        ]

    def begin(self, suite: crypto.Suite | None = None) -> Session:
        session = Session(self.sockets, suite or self.profile.suite, True, fresh_spi())
        session.dh = crypto.DiffieHellman(session.suite.group)
        session.nonces = (os.urandom(32), b"")
        return self._adopt(session)

    def _adopt(self, session: Session) -> Session:
        session.on_stray = self.route
        self.sessions.append(session)
        return session

    def route(self, raw: bytes) -> bool:
        """A request on another of our SAs is served there; a late answer to one is dropped."""
        message = wire.decode_message(raw)
        owner = next((s for s in self.sessions if s.keys and s.owns(message)), None)
        if owner is not None and not message.header.is_response:
            owner.take_request(owner.decode(raw))
        return owner is not None

    def send_init(self, session: Session, edit: Edit = unchanged, **header: int) -> bytes:
        head = session.header(Exchange.IKE_SA_INIT, 0, False, **header)
        session.init_request = wire.encode_message(head, edit(self.init_payloads(session)))
        return session.send(session.init_request)

    def init(self, edit: Edit = unchanged, **header: int) -> Session:
        """A half-open SA with keys, or Refused. A COOKIE is returned as asked (RFC 7296 2.6)."""
        session = self.begin()
        self.send_init(session, edit, **header)
        message = self.await_init(session)
        cookie = next((n for n in wire.notices(message.payloads) if n.type == Note.COOKIE), None)
        if cookie is not None:
            returned = wire.notify(Note.COOKIE, cookie.value)
            self.send_init(session, lambda payloads: [returned, *edit(payloads)], **header)
            message = self.await_init(session)
        return self.finish_init(session, message)

    def await_init(self, session: Session) -> Message:
        while True:
            arrival = self.sockets.receive(ANSWER_SECONDS)
            if arrival is None:
                raise Failure("IKE_SA_INIT was not answered")
            message = wire.decode_message(arrival.raw)
            if message.header.spi_i == session.spi_i and message.header.is_response:
                return message

    def finish_init(self, session: Session, message: Message) -> Session:
        ke, nonce = wire.find(message.payloads, Type.KE), wire.find(message.payloads, Type.NONCE)
        if ke is None or nonce is None:
            raise Refused("IKE_SA_INIT", message.payloads)
        session.spi_r = message.header.spi_r
        session.init_response = message.raw
        session.nonces = (session.nonces[0], nonce.body)
        shared = session.dh.compute(wire.read_ke(ke)[1])
        session.use_keys(crypto.first_seed(session.suite, session.nonces, shared))
        session.send_id = 1
        session.port = NAT_PORT
        return session

    def try_init(self, edit: Edit = unchanged, **header: int) -> list[Message]:
        """Everything that one IKE_SA_INIT provokes, whatever it is."""
        session = self.begin()
        self.send_init(session, edit, **header)
        return self.settle(session.port)

    # --- A fence: what came before its answer is all that came ---

    def settle(self, port: int = NAT_PORT) -> list[Message]:
        """All messages that the daemon sent until it answered a later question on this port."""
        spi = fresh_spi()
        group = 14 if self.profile.suite.group != 14 else 19
        payloads = [
            wire.sa(self.ike_proposal()),
            wire.ke(group, crypto.DiffieHellman(group).public),
            wire.nonce(os.urandom(32)),
        ]
        header = Header(spi, 0, Exchange.IKE_SA_INIT, int(Flag.INITIATOR), 0)
        question = wire.encode_message(header, payloads)
        self.fences.add(spi)
        found: list[Message] = []
        # What came before may have filled the daemon's socket: a peer would ask again, too.
        for _ in range(QUESTIONS_MAX):
            self.sockets.send(question, port)
            while (arrival := self.sockets.receive(ANSWER_SECONDS)) is not None:
                message = wire.decode_message(arrival.raw)
                if message.header.spi_i == spi:
                    return found
                self.add_unless_fence(message, arrival.raw, found)
        raise Failure("the daemon no longer answers IKE_SA_INIT")

    def add_unless_fence(self, message: Message, raw: bytes, found: list[Message]) -> None:
        """A question that was asked twice may be answered twice."""
        if message.header.spi_i in self.fences:
            return
        owner = next((s for s in self.sessions if s.keys and s.owns(message)), None)
        found.append(message if owner is None else owner.decode(raw))

    # --- IKE_AUTH as initiator ---

    def auth_payload(self, session: Session, own_id: Payload) -> Payload:
        """Our AUTH over our own IKE_SA_INIT message, in either role (RFC 7296 2.15)."""
        first = session.is_initiator
        octets = crypto.signed_octets(
            session.suite,
            session.init_request if first else session.init_response,
            session.nonces[1] if first else session.nonces[0],
            session.keys.pi if first else session.keys.pr,
            own_id.body,
        )
        octets += session.int_auth
        return wire.auth(crypto.psk_auth(session.suite, self.profile.psk, octets))

    def require_daemon_auth(self, session: Session, content: list[Payload]) -> None:
        first = session.is_initiator
        daemon_id = wire.find(content, Type.IDR if first else Type.IDI)
        octets = crypto.signed_octets(
            session.suite,
            session.init_response if first else session.init_request,
            session.nonces[0] if first else session.nonces[1],
            session.keys.pr if first else session.keys.pi,
            daemon_id.body,
        )
        octets += session.int_auth
        expected = wire.auth(crypto.psk_auth(session.suite, self.profile.psk, octets))
        if wire.find(content, Type.AUTH).body != expected.body:
            raise Failure("the daemon's AUTH does not verify")

    def auth_payloads(self, session: Session, spi: bytes) -> list[Payload]:
        own_id = self.own_id(Type.IDI)
        return [
            own_id,
            wire.notify(Note.INITIAL_CONTACT),
            self.daemon_id(Type.IDR),
            self.auth_payload(session, own_id),
            wire.sa(self.esp_proposal(spi, with_group=False)),
            *self.selectors(),
        ]

    def auth(self, session: Session, edit: Edit = unchanged, how: Sealed = PROPER) -> list[Payload]:
        """The answer to IKE_AUTH; a child that it agrees on is kept in the session."""
        spi = fresh_esp_spi()
        content = session.request(Exchange.IKE_AUTH, edit(self.auth_payloads(session, spi)), how)
        if wire.find(content, Type.AUTH) is None:
            session.is_closed = True
        else:
            self.require_daemon_auth(session, content)
        self.keep_child(session, spi, content)
        return content

    def connect(self, edit_init: Edit = unchanged, edit_auth: Edit = unchanged) -> Session:
        session = self.init(edit_init)
        content = self.auth(session, edit_auth)
        if session.is_closed or not session.children:
            raise Refused("IKE_AUTH", content)
        return session

    def keep_child(self, session: Session, spi: bytes, content: list[Payload]) -> Child | None:
        sa = wire.find(content, Type.SA)
        if sa is None:
            return None
        [proposal] = wire.read_sa(sa)
        own, other = (Type.TSI, Type.TSR) if session.is_initiator else (Type.TSR, Type.TSI)
        child = Child(
            spi,
            proposal.spi,
            proposal,
            wire.read_selectors(wire.find(content, own)),
            wire.read_selectors(wire.find(content, other)),
        )
        session.children.append(child)
        return child

    # --- CREATE_CHILD_SA as requester ---

    def child_payloads(self, spi: bytes, rekeys: Child | None = None) -> list[Payload]:
        leading = []
        if rekeys is not None:
            leading.append(wire.notify(Note.REKEY_SA, b"", Protocol.ESP, rekeys.ours))
        payloads = [
            *leading,
            wire.sa(self.esp_proposal(spi, with_group=True)),
            wire.nonce(os.urandom(32)),
        ]
        if self.profile.pfs:
            group = crypto.DiffieHellman(self.profile.pfs)
            payloads.append(wire.ke(self.profile.pfs, group.public))
        return payloads + self.selectors()

    def create_child(
        self, session: Session, rekeys: Child | None = None, edit: Edit = unchanged
    ) -> list[Payload]:
        """The answer to a CREATE_CHILD_SA; a child that it agrees on is the session's last one."""
        spi = fresh_esp_spi()
        payloads = edit(self.child_payloads(spi, rekeys))
        content = session.request(Exchange.CREATE_CHILD_SA, payloads)
        if wire.find(content, Type.SA) is not None:
            child = self.keep_child(session, spi, content)
            child.ours = wire.read_sa(wire.find(payloads, Type.SA))[0].spi
        return content

    def rekey_ike(self, session: Session, edit: Edit = unchanged) -> Session:
        """A new session that has the children of the old one, which still needs its DELETE."""
        fresh = self.begin()
        spi = struct.pack("!Q", fresh.spi_i)
        payloads = [
            wire.sa(self.ike_proposal(spi)),
            wire.nonce(fresh.nonces[0]),
            wire.ke(fresh.suite.group, fresh.dh.public),
        ]
        content = session.request(Exchange.CREATE_CHILD_SA, edit(payloads))
        return self.finish_rekey_ike(session, fresh, content)

    def finish_rekey_ike(self, session: Session, fresh: Session, content: list[Payload]) -> Session:
        sa = wire.find(content, Type.SA)
        if sa is None:
            self.sessions.remove(fresh)
            raise Refused("the IKE rekey", content)
        fresh.spi_r = int.from_bytes(wire.read_sa(sa)[0].spi, "big")
        fresh.nonces = (fresh.nonces[0], wire.find(content, Type.NONCE).body)
        shared = fresh.dh.compute(wire.read_ke(wire.find(content, Type.KE))[1])
        seed = crypto.rekey_seed(session.suite, session.keys.d, fresh.nonces, shared)
        fresh.use_keys(seed)
        fresh.port = session.port
        fresh.children, session.children = session.children, []
        return fresh

    # --- The responder's half ---

    def await_init_request(self, seconds: float = 10) -> Message:
        arrival = self.sockets.receive(seconds)
        if arrival is None:
            raise Failure("the daemon sent no IKE_SA_INIT")
        message = wire.decode_message(arrival.raw)
        if message.header.exchange != Exchange.IKE_SA_INIT or message.header.is_response:
            raise Failure(f"awaiting IKE_SA_INIT, got {message}")
        return message

    def answer_init(self, request: Message, edit: Edit = unchanged, **header: int) -> Session:
        session = Session(self.sockets, self.profile.suite, False, fresh_spi())
        session.spi_i = request.header.spi_i
        session.dh = crypto.DiffieHellman(session.suite.group)
        nonce = wire.find(request.payloads, Type.NONCE).body
        session.nonces = (nonce, os.urandom(32))
        session.init_request = request.raw
        payloads = [
            wire.sa(self.ike_proposal()),
            wire.ke(session.suite.group, session.dh.public),
            wire.nonce(session.nonces[1]),
            *self.nat_notifies(session.spi_i, session.spi_r),
        ]
        head = session.header(Exchange.IKE_SA_INIT, 0, True, **header)
        session.init_response = wire.encode_message(head, edit(payloads))
        session.send(session.init_response)
        shared = session.dh.compute(wire.read_ke(wire.find(request.payloads, Type.KE))[1])
        session.use_keys(crypto.first_seed(session.suite, session.nonces, shared))
        session.receive_id = 1
        session.port = NAT_PORT
        return self._adopt(session)

    def answer_auth(
        self, session: Session, edit: Edit = unchanged, how: Sealed = PROPER
    ) -> Message:
        """Answers the daemon's IKE_AUTH; returns its request."""
        request = session.await_request(Exchange.IKE_AUTH)
        self.require_daemon_auth(session, request.content)
        [proposal, *_] = wire.read_sa(wire.find(request.content, Type.SA))
        own_id = self.own_id(Type.IDR)
        child = Child(fresh_esp_spi(), proposal.spi)
        payloads = [
            own_id,
            self.auth_payload(session, own_id),
            wire.sa(self.esp_proposal(child.ours, with_group=False)),
            *self.selectors(initiator=False),
        ]
        session.answer(request, edit(payloads), how)
        session.children.append(child)
        return request

    def answer_child(self, session: Session, request: Message, edit: Edit = unchanged) -> Child:
        """Agrees to the daemon's CREATE_CHILD_SA."""
        [proposal, *_] = wire.read_sa(wire.find(request.content, Type.SA))
        child = Child(fresh_esp_spi(), proposal.spi)
        payloads = [
            wire.sa(self.esp_proposal(child.ours, with_group=True)),
            wire.nonce(os.urandom(32)),
        ]
        if self.profile.pfs:
            group = crypto.DiffieHellman(self.profile.pfs)
            payloads.append(wire.ke(self.profile.pfs, group.public))
        payloads += [wire.find(request.content, kind) for kind in (Type.TSI, Type.TSR)]
        session.answer(request, edit(payloads))
        session.children.append(child)
        return child
