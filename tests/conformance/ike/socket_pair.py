"""The UDP ports 500 and 4500 of one address inside a network namespace, and what arrives there."""

import collections
import contextlib
import ctypes
import dataclasses
import os
import select
import socket
import time

from ike.wire import NON_ESP_MARKER

CLONE_NEWNET = 0x40000000
IKE_PORT, NAT_PORT = 500, 4500
BUFFER_SIZE = 65536


@contextlib.contextmanager
def inside(namespace: str):
    """What is opened in here lives in `namespace`."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns to {namespace}")
        yield
    finally:
        libc.setns(here, CLONE_NEWNET)
        os.close(here)
        os.close(there)


def open_socket(namespace: str, address: str, port: int) -> socket.socket:
    """A UDP socket that lives in `namespace` while this program stays where it is."""
    with inside(namespace):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        opened.bind((address, port))
        return opened


def open_listener(namespace: str, address: str) -> socket.socket:
    """A TCP socket likewise, that accepts without waiting."""
    with inside(namespace):
        opened = socket.create_server((address, 0))
        opened.setblocking(False)
        return opened


@dataclasses.dataclass(frozen=True)
class Arrival:
    raw: bytes  # Without the non-ESP marker.
    port: int  # Ours.


class SocketPair:
    def __init__(self, namespace: str, address: str, daemon: str):
        self.address, self.daemon = address, daemon
        self.namespace = namespace
        self._sockets = {p: open_socket(namespace, address, p) for p in (IKE_PORT, NAT_PORT)}
        self._early: collections.deque[Arrival] = collections.deque()
        self.was_used = False  # Something was sent since this was last cleared.
        self.esp_count = 0  # Of what came to 4500 without the marker, keepalives included.

    def close(self) -> None:
        for opened in self._sockets.values():
            opened.close()

    def send(self, raw: bytes, port: int) -> None:
        self.was_used = True
        marker = NON_ESP_MARKER if port == NAT_PORT else b""
        self._sockets[port].sendto(marker + raw, (self.daemon, port))

    def send_bare(self, datagram: bytes, port: int) -> None:
        """As it is, without a marker."""
        self.was_used = True
        self._sockets[port].sendto(datagram, (self.daemon, port))

    def send_from_elsewhere(self, raw: bytes, address: str, port: int) -> None:
        """From another address of the same namespace: a forger who saw the message."""
        marker = NON_ESP_MARKER if port == NAT_PORT else b""
        forger = open_socket(self.namespace, address, 0)
        forger.sendto(marker + raw, (self.daemon, port))
        forger.close()

    def receive(self, seconds: float) -> Arrival | None:
        """The next IKE message, or nothing within that time."""
        deadline = time.monotonic() + seconds
        while not self._early:
            left = deadline - time.monotonic()
            ready, _, _ = select.select(list(self._sockets.values()), [], [], max(left, 0))
            if not ready:
                return None
            for port, opened in self._sockets.items():
                if opened in ready:
                    self._take(opened.recv(BUFFER_SIZE), port)
        return self._early.popleft()

    def drain(self) -> None:
        while self.receive(0) is not None:
            pass

    def _take(self, datagram: bytes, port: int) -> None:
        if port == IKE_PORT:
            self._early.append(Arrival(datagram, port))
        elif datagram.startswith(NON_ESP_MARKER):
            self._early.append(Arrival(datagram[len(NON_ESP_MARKER) :], port))
        else:
            self.esp_count += 1
