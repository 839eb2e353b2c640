"""One IKE SA as the scripted peer sees it: its keys, its message IDs, its children. It seals, sends
and receives, politely unless told otherwise; nothing is ever retransmitted by itself."""

import dataclasses
import os
import struct
from collections.abc import Callable, Sequence

from ike import crypto, wire
from ike.socket_pair import IKE_PORT, SocketPair
from ike.wire import Exchange, Flag, Header, Message, Payload, Type

ANSWER_SECONDS = 3.0
SK_PREFIX = wire.HEADER.size + wire.GENERIC.size


class Failure(Exception):
    """The daemon did not do what the case demands."""


class Silence(Failure):
    """No answer within the bound."""


@dataclasses.dataclass
class Child:
    """One pair of ESP SAs. `ours` is the SPI that this peer receives on."""

    ours: bytes
    theirs: bytes
    proposal: wire.Proposal | None = None
    local: list[wire.Selector] = dataclasses.field(default_factory=list)
    remote: list[wire.Selector] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Sealed:
    """How a message is to differ from a proper one."""

    header: dict[str, int] = dataclasses.field(default_factory=dict)
    plain: bytes | None = None  # Instead of the encoded payloads.
    first: int | None = None  # The type of the first inner payload, whatever is inside.
    pad: bytes | None = None
    pad_length: int | None = None
    iv: bytes | None = None
    outer: Sequence[Payload] = ()  # In clear, before the Encrypted payload.
    fragment: tuple[int, int] | None = None  # Number and total: an SKF instead of an SK.
    cut: int = 0  # So many bytes of the ICV are left out, and no length says so.


PROPER = Sealed()


class Session:
    def __init__(self, sockets: SocketPair, suite: crypto.Suite, is_initiator: bool, spi: int):
        self.sockets, self.suite, self.is_initiator = sockets, suite, is_initiator
        self.spi_i, self.spi_r = (spi, 0) if is_initiator else (0, spi)
        self.port = IKE_PORT
        self.keys: crypto.Keys | None = None
        self.send_id = 0
        self.receive_id = 0
        self.children: list[Child] = []
        self.nonces = (b"", b"")
        self.dh: crypto.DiffieHellman | None = None
        self.init_request = self.init_response = b""
        self.int_auth = b""  # Of RFC 9242 3.3.2; empty without IKE_INTERMEDIATE.
        self.is_closed = False
        self.inbox: list[Message] = []  # Requests of the daemon that nobody has answered yet.
        self.last_answer: tuple[int, bytes] | None = None
        self.on_request: Callable[[Message], bool] = self.serve
        # Takes messages of other SAs of the same peer; false: nobody's.
        self.on_stray: Callable[[bytes], bool] = lambda raw: False
        self._out: crypto.Sealing | None = None
        self._in: crypto.Sealing | None = None

    # --- Keys ---

    def use_keys(self, seed: bytes) -> None:
        self.keys = crypto.derive_keys(self.suite, seed, self.nonces, (self.spi_i, self.spi_r))
        first = crypto.Sealing(self.suite, self.keys.ei, self.keys.ai)
        second = crypto.Sealing(self.suite, self.keys.er, self.keys.ar)
        self._out, self._in = (first, second) if self.is_initiator else (second, first)

    # --- Writing ---

    def header(self, exchange: int, message_id: int, response: bool, /, **changes: int) -> Header:
        flags = (Flag.INITIATOR if self.is_initiator else 0) | (Flag.RESPONSE if response else 0)
        return Header(self.spi_i, self.spi_r, exchange, int(flags), message_id).changed(**changes)

    def seal(self, header: Header, payloads: Sequence[Payload], how: Sealed = PROPER) -> bytes:
        first, plain = wire.encode_chain(payloads)
        if how.plain is not None:
            plain = how.plain
        if how.first is not None:
            first = how.first
        header = header.changed(**how.header)
        outer_first, outer = wire.encode_chain(how.outer)
        kind = Type.SK if how.fragment is None else Type.SKF
        extra = b"" if how.fragment is None else struct.pack("!HH", *how.fragment)
        body_size = len(extra) + self._out.overhead(len(plain), how.pad)
        if how.outer:
            outer = wire.encode_chain([*how.outer[:-1], how.outer[-1].changed(next=int(kind))])[1]
        sk_header = wire.GENERIC.pack(first, 0, (wire.GENERIC.size + body_size) & 0xFFFF)
        size = wire.HEADER.size + len(outer) + wire.GENERIC.size + body_size
        head = header.encode(outer_first if how.outer else int(kind), size)
        prefix = head + outer + sk_header + extra
        body = self._out.seal(prefix, plain, how.pad, how.pad_length, how.iv)
        return prefix + (body[: -how.cut] if how.cut else body)

    def send(self, raw: bytes) -> bytes:
        self.sockets.send(raw, self.port)
        return raw

    def seal_request(
        self, exchange: int, payloads: Sequence[Payload], how: Sealed = PROPER
    ) -> bytes:
        """With the next message ID, which stays the next one until the request was answered."""
        return self.seal(self.header(exchange, self.send_id, False), payloads, how)

    # --- Asking ---

    def request(
        self, exchange: int, payloads: Sequence[Payload] = (), how: Sealed = PROPER
    ) -> list[Payload]:
        """Sends a request and returns the payloads of its answer."""
        return self.exchange_raw(self.seal_request(exchange, payloads, how), exchange)

    def exchange_raw(self, raw: bytes, exchange: int) -> list[Payload]:
        self.send(raw)
        answer = self.await_answer(self.send_id, exchange)
        self.send_id += 1
        return answer.content

    def await_answer(self, message_id: int, exchange: int) -> Message:
        while True:
            message = self.receive(f"the answer to request {message_id}")
            if message.header.is_response:
                if (message.header.message_id, message.header.exchange) != (message_id, exchange):
                    raise Failure(f"awaiting answer {message_id}, got {message}")
                return message
            self.take_request(message)

    def receive(self, what: str, seconds: float = ANSWER_SECONDS) -> Message:
        """The next message of this SA; a message of nobody's SA is a fault."""
        while True:
            arrival = self.sockets.receive(seconds)
            if arrival is None:
                raise Silence(f"{what} did not come within {seconds:g} s")
            message = self.decode(arrival.raw)
            if self.owns(message):
                return message
            if not self.on_stray(arrival.raw):
                raise Failure(f"waiting for {what}, a message of no SA came: {message}")

    def owns(self, message: Message) -> bool:
        return (message.header.spi_i, message.header.spi_r) == (self.spi_i, self.spi_r)

    def decode(self, raw: bytes) -> Message:
        message = wire.decode_message(raw)
        if not self.owns(message) or not message.payloads or message.payloads[-1].type != Type.SK:
            return message
        sk = message.payloads[-1]
        try:
            plain = self._in.open(raw[: len(raw) - len(sk.body)], sk.body)
        except crypto.BadIntegrity as error:
            raise Failure(f"the daemon's {message} does not verify") from error
        return dataclasses.replace(message, inner=wire.decode_chain(sk.next, plain))

    # --- Being asked ---

    def take_request(self, message: Message) -> None:
        """Retransmissions get the same answer again; new ones are served or kept in the inbox."""
        number = message.header.message_id
        if self.last_answer and self.last_answer[0] == number:
            self.send(self.last_answer[1])
        elif number == self.receive_id and not self.on_request(message):
            if not any(kept.header.message_id == number for kept in self.inbox):
                self.inbox.append(message)

    def serve(self, message: Message) -> bool:
        """What a well-behaved peer answers without being told: liveness and DELETE."""
        if message.header.exchange != Exchange.INFORMATIONAL:
            return False
        answer = []
        for payload in message.content:
            if payload.type == Type.DELETE:
                protocol, spis = wire.read_delete(payload)
                if protocol == wire.Protocol.IKE:
                    self.is_closed = True
                else:
                    gone = [child for child in self.children if child.theirs in spis]
                    self.children = [child for child in self.children if child not in gone]
                    if gone:
                        answer.append(wire.delete(protocol, [child.ours for child in gone]))
        self.answer(message, answer)
        return True

    def answer(
        self, request: Message, payloads: Sequence[Payload] = (), how: Sealed = PROPER
    ) -> bytes:
        header = self.header(request.header.exchange, request.header.message_id, True)
        raw = self.seal(header, payloads, how)
        self.receive_id = request.header.message_id + 1
        self.last_answer = (request.header.message_id, raw)
        self.inbox = [kept for kept in self.inbox if kept is not request]
        return self.send(raw)

    def await_request(self, exchange: int, seconds: float = ANSWER_SECONDS) -> Message:
        """The daemon's next request of this kind; what else it asks meanwhile is served."""
        while True:
            for message in self.inbox:
                if message.header.exchange == exchange:
                    return message
            message = self.receive(f"a request of exchange {exchange}", seconds)
            if message.header.is_response:
                raise Failure(f"an answer to nothing: {message}")
            self.take_request(message)

    # --- Polite things ---

    def probe(self) -> None:
        """A liveness check (RFC 7296 2.4)."""
        content = self.request(Exchange.INFORMATIONAL)
        if content:
            raise Failure(f"a liveness check was answered with [{wire.describe(content)}]")

    def close(self) -> None:
        if not self.is_closed:
            self.request(Exchange.INFORMATIONAL, [wire.delete(wire.Protocol.IKE)])
            self.is_closed = True


def fresh_spi() -> int:
    return int.from_bytes(os.urandom(8), "big") | 1


def fresh_esp_spi() -> bytes:
    return struct.pack("!I", int.from_bytes(os.urandom(4), "big") | 0x10000000)
