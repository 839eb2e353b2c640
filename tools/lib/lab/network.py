"""Network namespaces and the cables between them. Names carry a prefix of their own, so labs never
meet."""

import os
import pathlib
import secrets
import shutil
import tempfile
from collections.abc import Sequence

from lab.process import Background, LabError, run


class Namespace:
    def __init__(self, name: str):
        self.name = name

    def command(self, words: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.name, *[str(word) for word in words]]

    def run(self, *words: str, timeout: float = 60, check: bool = True, text_in: str | None = None):
        return run(self.command(words), timeout=timeout, check=check, text_in=text_in)

    def ip(self, *words: str, check: bool = True):
        return run(["ip", "-n", self.name, *words], check=check)

    def set_sysctl(self, **settings: object) -> None:
        """Dots of a sysctl's name are written as two underscores."""
        pairs = [f"{key.replace('__', '.')}={value}" for key, value in settings.items()]
        self.run("sysctl", "-qw", *pairs)


class Lab:
    """Namespaces, background programs and a folder for logs; everything of it goes with close()."""

    def __init__(self, folder: pathlib.Path | None = None):
        self.prefix = f"ts{secrets.token_hex(3)}-"
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="twinspan-lab-"))
        self.namespaces: list[Namespace] = []
        self.background: list[Background] = []

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, kind, _value, _trace) -> None:
        self.close(keep_logs=kind is not None)

    def add_namespace(self, name: str) -> Namespace:
        namespace = Namespace(self.prefix + name)
        run(["ip", "netns", "add", namespace.name])
        self.namespaces.append(namespace)
        namespace.ip("link", "set", "lo", "up")
        namespace.set_sysctl(
            net__ipv6__conf__all__disable_ipv6=0,
            net__ipv6__conf__default__accept_dad=0,
            net__ipv4__conf__all__rp_filter=0,
            net__ipv4__conf__default__rp_filter=0,
        )
        return namespace

    def start(
        self, namespace: Namespace, words: Sequence[str], name: str, environment: dict | None = None
    ) -> Background:
        settings = {**os.environ, **(environment or {})}
        program = Background(namespace.command(words), self.folder / name, settings)
        self.background.append(program)
        return program

    def close(self, keep_logs: bool = False) -> None:
        for program in reversed(self.background):
            program.stop(seconds=5)
        for namespace in self.namespaces:
            run(["ip", "netns", "del", namespace.name], check=False)
        if not keep_logs:
            shutil.rmtree(self.folder, ignore_errors=True)


def connect(
    left: Namespace, left_name: str, right: Namespace, right_name: str, mtu: int = 1500
) -> None:
    """A cable: a veth pair with one end in each namespace, both up."""
    run(
        [
            "ip",
            "link",
            "add",
            left_name,
            "netns",
            left.name,
            "type",
            "veth",
            "peer",
            "name",
            right_name,
            "netns",
            right.name,
        ]
    )
    for namespace, name in ((left, left_name), (right, right_name)):
        namespace.ip("link", "set", name, "mtu", str(mtu), "up")


def add_address(namespace: Namespace, device: str, *addresses: str) -> None:
    for address in addresses:
        nodad = ["nodad"] if ":" in address else []
        namespace.ip("address", "add", address, "dev", device, *nodad)


def require_root() -> None:
    if os.geteuid() != 0:
        raise LabError("namespaces, TUN devices and captures need root; run it with sudo")
