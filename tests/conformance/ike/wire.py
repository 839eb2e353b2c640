"""A small IKEv2 codec that can write any wrong message: every length, count, flag and link can be
overridden. Reading is strict: what the daemon sends must be well-formed (RFC 7296 3)."""

import dataclasses
import enum
import struct
from collections.abc import Callable, Iterable, Sequence

HEADER = struct.Struct("!QQBBBBII")
GENERIC = struct.Struct("!BBH")
VERSION = 0x20
NON_ESP_MARKER = bytes(4)


class WireError(Exception):
    """The daemon sent something that is not a well-formed message."""


class Exchange(enum.IntEnum):
    IKE_SA_INIT = 34
    IKE_AUTH = 35
    CREATE_CHILD_SA = 36
    INFORMATIONAL = 37
    IKE_INTERMEDIATE = 43
    IKE_FOLLOWUP_KE = 44


class Flag(enum.IntFlag):
    INITIATOR = 0x08
    VERSION = 0x10
    RESPONSE = 0x20


class Type(enum.IntEnum):
    NONE = 0
    SA = 33
    KE = 34
    IDI = 35
    IDR = 36
    CERT = 37
    CERTREQ = 38
    AUTH = 39
    NONCE = 40
    NOTIFY = 41
    DELETE = 42
    VENDOR = 43
    TSI = 44
    TSR = 45
    SK = 46
    CP = 47
    EAP = 48
    SKF = 53


class Note(enum.IntEnum):
    UNSUPPORTED_CRITICAL_PAYLOAD = 1
    INVALID_IKE_SPI = 4
    INVALID_MAJOR_VERSION = 5
    INVALID_SYNTAX = 7
    INVALID_MESSAGE_ID = 9
    INVALID_SPI = 11
    NO_PROPOSAL_CHOSEN = 14
    INVALID_KE_PAYLOAD = 17
    AUTHENTICATION_FAILED = 24
    SINGLE_PAIR_REQUIRED = 34
    NO_ADDITIONAL_SAS = 35
    INTERNAL_ADDRESS_FAILURE = 36
    FAILED_CP_REQUIRED = 37
    TS_UNACCEPTABLE = 38
    INVALID_SELECTORS = 39
    TEMPORARY_FAILURE = 43
    CHILD_SA_NOT_FOUND = 44
    STATE_NOT_FOUND = 47
    TS_MAX_QUEUE = 48
    INITIAL_CONTACT = 16384
    SET_WINDOW_SIZE = 16385
    ADDITIONAL_TS_POSSIBLE = 16386
    IPCOMP_SUPPORTED = 16387
    NAT_DETECTION_SOURCE_IP = 16388
    NAT_DETECTION_DESTINATION_IP = 16389
    COOKIE = 16390
    USE_TRANSPORT_MODE = 16391
    HTTP_CERT_LOOKUP_SUPPORTED = 16392
    REKEY_SA = 16393
    ESP_TFC_PADDING_NOT_SUPPORTED = 16394
    NON_FIRST_FRAGMENTS_ALSO = 16395
    MOBIKE_SUPPORTED = 16396
    ADDITIONAL_IP4_ADDRESS = 16397
    ADDITIONAL_IP6_ADDRESS = 16398
    NO_ADDITIONAL_ADDRESSES = 16399
    UPDATE_SA_ADDRESSES = 16400
    COOKIE2 = 16401
    MULTIPLE_AUTH_SUPPORTED = 16404
    ANOTHER_AUTH_FOLLOWS = 16405
    REDIRECT_SUPPORTED = 16406
    REDIRECT = 16407
    EAP_ONLY_AUTHENTICATION = 16417
    CHILDLESS_IKEV2_SUPPORTED = 16418
    IKEV2_MESSAGE_ID_SYNC_SUPPORTED = 16420
    IKEV2_FRAGMENTATION_SUPPORTED = 16430
    SIGNATURE_HASH_ALGORITHMS = 16431
    USE_PPK = 16435
    PPK_IDENTITY = 16436
    NO_PPK_AUTH = 16437
    INTERMEDIATE_EXCHANGE_SUPPORTED = 16438
    ADDITIONAL_KEY_EXCHANGE = 16441
    USE_AGGFRAG = 16442
    SA_RESOURCE_INFO = 16444


class Protocol(enum.IntEnum):
    NONE = 0
    IKE = 1
    AH = 2
    ESP = 3


@dataclasses.dataclass(frozen=True)
class Payload:
    """One payload. `length` and `next` lie about the real ones when they are given."""

    type: int
    body: bytes = b""
    critical: bool = False
    reserved: int = 0
    length: int | None = None
    next: int | None = None

    def changed(self, **changes: object) -> "Payload":
        return dataclasses.replace(self, **changes)

    def encode(self, following: int) -> bytes:
        length = GENERIC.size + len(self.body) if self.length is None else self.length
        link = following if self.next is None else self.next
        flags = (0x80 if self.critical else 0) | self.reserved
        return GENERIC.pack(link, flags, length & 0xFFFF) + self.body


def encode_chain(payloads: Sequence[Payload]) -> tuple[int, bytes]:
    """The type of the first payload, and all of them, each naming its follower."""
    types = [int(payload.type) for payload in payloads] + [Type.NONE]
    encoded = [payload.encode(types[i + 1]) for i, payload in enumerate(payloads)]
    return int(types[0]), b"".join(encoded)


def decode_chain(first: int, chain: bytes) -> list[Payload]:
    payloads = []
    while first != Type.NONE:
        if len(chain) < GENERIC.size:
            raise WireError(f"a payload of type {first} is announced, {len(chain)} bytes are left")
        following, flags, length = GENERIC.unpack_from(chain)
        if not GENERIC.size <= length <= len(chain):
            raise WireError(f"payload {first} says length {length} of {len(chain)}")
        if flags:
            raise WireError(f"payload {first} has flags {flags:#x}; all of ours are clear")
        payloads.append(Payload(first, chain[GENERIC.size : length]))
        if first in (Type.SK, Type.SKF):
            payloads[-1] = payloads[-1].changed(next=following)
            following = Type.NONE
        first, chain = following, chain[length:]
    if chain:
        raise WireError(f"{len(chain)} bytes after the last payload")
    return payloads


@dataclasses.dataclass(frozen=True)
class Header:
    spi_i: int
    spi_r: int
    exchange: int
    flags: int
    message_id: int
    version: int = VERSION
    length: int | None = None
    next: int | None = None

    def changed(self, **changes: object) -> "Header":
        return dataclasses.replace(self, **changes)

    def encode(self, first: int, size: int) -> bytes:
        return HEADER.pack(
            self.spi_i,
            self.spi_r,
            first if self.next is None else self.next,
            self.version,
            self.exchange,
            self.flags,
            self.message_id & 0xFFFFFFFF,
            size if self.length is None else self.length,
        )

    @property
    def is_response(self) -> bool:
        return bool(self.flags & Flag.RESPONSE)


def encode_message(header: Header, payloads: Sequence[Payload], trailing: bytes = b"") -> bytes:
    first, chain = encode_chain(payloads)
    return header.encode(first, HEADER.size + len(chain)) + chain + trailing


@dataclasses.dataclass(frozen=True)
class Message:
    header: Header
    payloads: list[Payload]
    raw: bytes
    # Of the Encrypted payload's plaintext, once it was opened.
    inner: list[Payload] | None = None

    @property
    def content(self) -> list[Payload]:
        return self.payloads if self.inner is None else self.inner

    def __str__(self) -> str:
        name = _name(Exchange, self.header.exchange)
        kind = "response" if self.header.is_response else "request"
        return f"{name} {kind} {self.header.message_id} [{describe(self.content)}]"


def decode_message(raw: bytes) -> Message:
    if len(raw) < HEADER.size:
        raise WireError(f"a message of {len(raw)} bytes")
    spi_i, spi_r, first, version, exchange, flags, message_id, length = HEADER.unpack_from(raw)
    if version != VERSION or length != len(raw) or flags & ~0x28:
        raise WireError(f"header: version {version:#x}, length {length}/{len(raw)}, {flags:#x}")
    header = Header(spi_i, spi_r, exchange, flags, message_id)
    return Message(header, decode_chain(first, raw[HEADER.size :]), raw)


def _name(kind: type[enum.IntEnum], value: int) -> str:
    try:
        return kind(value).name
    except ValueError:
        return str(value)


def describe(payloads: Iterable[Payload]) -> str:
    words = []
    for payload in payloads:
        word = _name(Type, payload.type)
        if payload.type == Type.NOTIFY and len(payload.body) >= 4:
            word = f"N({_name(Note, struct.unpack_from('!H', payload.body, 2)[0])})"
        words.append(word)
    return ", ".join(words)


# --- Payload bodies ---


def attribute(kind: int, value: int) -> bytes:
    return struct.pack("!HH", 0x8000 | kind, value)


def key_length(bits: int) -> bytes:
    return attribute(14, bits)


@dataclasses.dataclass(frozen=True)
class Transform:
    type: int  # 1 encryption, 2 PRF, 3 integrity, 4 group, 5 ESN.
    id: int
    attributes: bytes = b""

    def encode(self, marker: int) -> bytes:
        content = struct.pack("!BBH", self.type, 0, self.id) + self.attributes
        return struct.pack("!BBH", marker, 0, 4 + len(content)) + content


@dataclasses.dataclass(frozen=True)
class Proposal:
    number: int
    protocol: int
    spi: bytes
    transforms: tuple[Transform, ...]
    spi_size: int | None = None
    count: int | None = None
    length: int | None = None

    def changed(self, **changes: object) -> "Proposal":
        return dataclasses.replace(self, **changes)

    def without(self, *types: int) -> "Proposal":
        return self.changed(transforms=tuple(t for t in self.transforms if t.type not in types))

    def with_more(self, *more: Transform) -> "Proposal":
        return self.changed(transforms=self.transforms + more)

    def encode(self, marker: int) -> bytes:
        last = len(self.transforms) - 1
        inner = b"".join(t.encode(0 if i == last else 3) for i, t in enumerate(self.transforms))
        spi_size = len(self.spi) if self.spi_size is None else self.spi_size
        count = len(self.transforms) if self.count is None else self.count
        content = struct.pack("!BBBB", self.number, self.protocol, spi_size, count)
        content += self.spi + inner
        length = 4 + len(content) if self.length is None else self.length
        return struct.pack("!BBH", marker, 0, length) + content


def sa(*proposals: Proposal) -> Payload:
    last = len(proposals) - 1
    return Payload(
        Type.SA, b"".join(p.encode(0 if i == last else 2) for i, p in enumerate(proposals))
    )


def read_sa(payload: Payload) -> list[Proposal]:
    body, proposals = payload.body, []
    while body:
        marker, _, length = struct.unpack_from("!BBH", body)
        number, protocol, spi_size, count = struct.unpack_from("!BBBB", body, 4)
        spi, rest = body[8 : 8 + spi_size], body[8 + spi_size : length]
        transforms = []
        for _ in range(count):
            _, _, size, kind, _, identity = struct.unpack_from("!BBHBBH", rest)
            transforms.append(Transform(kind, identity, rest[8:size]))
            rest = rest[size:]
        if rest or (marker == 0) != (length == len(body)):
            raise WireError("the SA payload does not add up")
        proposals.append(Proposal(number, protocol, spi, tuple(transforms)))
        body = body[length:]
    return proposals


def ke(group: int, public: bytes) -> Payload:
    return Payload(Type.KE, struct.pack("!HH", group, 0) + public)


def read_ke(payload: Payload) -> tuple[int, bytes]:
    return struct.unpack_from("!H", payload.body)[0], payload.body[4:]


def nonce(value: bytes) -> Payload:
    return Payload(Type.NONCE, value)


def notify(
    kind: int, value: bytes = b"", protocol: int = 0, spi: bytes = b"", spi_size: int | None = None
) -> Payload:
    size = len(spi) if spi_size is None else spi_size
    return Payload(Type.NOTIFY, struct.pack("!BBH", protocol, size, kind) + spi + value)


@dataclasses.dataclass(frozen=True)
class Notice:
    type: int
    protocol: int
    spi: bytes
    value: bytes


def read_notify(payload: Payload) -> Notice:
    protocol, size, kind = struct.unpack_from("!BBH", payload.body)
    return Notice(kind, protocol, payload.body[4 : 4 + size], payload.body[4 + size :])


def notices(payloads: Iterable[Payload]) -> list[Notice]:
    return [read_notify(payload) for payload in payloads if payload.type == Type.NOTIFY]


def identity(kind: int, payload_type: int, value: bytes) -> Payload:
    return Payload(payload_type, struct.pack("!BBBB", kind, 0, 0, 0) + value)


def auth(value: bytes, method: int = 2) -> Payload:
    return Payload(Type.AUTH, struct.pack("!BBBB", method, 0, 0, 0) + value)


def delete(protocol: int, spis: Sequence[bytes] = (), **lies: int) -> Payload:
    size = lies.get("spi_size", 4 if protocol in (Protocol.AH, Protocol.ESP) else 0)
    count = lies.get("count", len(spis))
    return Payload(Type.DELETE, struct.pack("!BBH", protocol, size, count) + b"".join(spis))


def read_delete(payload: Payload) -> tuple[int, list[bytes]]:
    protocol, size, count = struct.unpack_from("!BBH", payload.body)
    spis = [payload.body[4 + i * size : 4 + (i + 1) * size] for i in range(count)]
    return protocol, spis


@dataclasses.dataclass(frozen=True)
class Selector:
    first: bytes
    last: bytes
    protocol: int = 0
    ports: tuple[int, int] = (0, 65535)
    type: int | None = None
    length: int | None = None

    def encode(self) -> bytes:
        kind = (7 if len(self.first) == 4 else 8) if self.type is None else self.type
        content = struct.pack("!HH", *self.ports) + self.first + self.last
        length = 4 + len(content) if self.length is None else self.length
        return struct.pack("!BBH", kind, self.protocol, length) + content


def selectors(kind: int, *entries: Selector, count: int | None = None) -> Payload:
    number = len(entries) if count is None else count
    return Payload(kind, struct.pack("!B3x", number) + b"".join(e.encode() for e in entries))


def read_selectors(payload: Payload) -> list[Selector]:
    count, rest, found = payload.body[0], payload.body[4:], []
    for _ in range(count):
        kind, protocol, length = struct.unpack_from("!BBH", rest)
        size = 4 if kind == 7 else 16
        ports = struct.unpack_from("!HH", rest, 4)
        first, last = rest[8 : 8 + size], rest[8 + size : 8 + 2 * size]
        found.append(Selector(first, last, protocol, ports))
        rest = rest[length:]
    return found


def find(payloads: Iterable[Payload], kind: int) -> Payload | None:
    return next((payload for payload in payloads if payload.type == kind), None)


def replace(payloads: Sequence[Payload], kind: int, *new: Payload) -> list[Payload]:
    """The same chain with the payloads of one type replaced by `new` (or left out)."""
    result: list[Payload] = []
    done = False
    for payload in payloads:
        if payload.type != kind:
            result.append(payload)
        elif not done:
            result.extend(new)
            done = True
    return result


# What a case does to a chain before it is sent.


def changing(kind: int, *new: Payload) -> Callable[[Sequence[Payload]], list[Payload]]:
    return lambda payloads: replace(payloads, kind, *new)


def adding(*more: Payload) -> Callable[[Sequence[Payload]], list[Payload]]:
    return lambda payloads: [*payloads, *more]
