"""The daemon's control socket: varlink, one JSON object and a NUL byte each way. Spoken directly
and not through `twinspan`, because each case asks several times."""

import json
import pathlib
import re
import socket

from ike.session import Failure

CALL_SECONDS = 10
SA_LINE = re.compile(
    r"^ike (?P<spi_i>[0-9a-f]+)_i (?P<spi_r>[0-9a-f]+)_r (?P<tunnel>\d+):\S+ "
    r"(?P<state>\w+) (?P<role>\w+) "
)


class Call:
    """One call under way."""

    def __init__(self, path: pathlib.Path, method: str, parameters: dict):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        request = {"method": f"io.twinspan.gateway.{method}", "parameters": parameters}
        self._socket.sendall(json.dumps(request).encode() + b"\0")
        self._text = b""

    def poll(self, seconds: float = 0) -> dict | None:
        """The reply, or nothing within that time. An error reply has the key `error`."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            while not self._text.endswith(b"\0"):
                more = self._socket.recv(65536)
                if not more:
                    raise Failure("the daemon closed its control socket")
                self._text += more
        except TimeoutError:
            return None
        self._socket.close()
        return json.loads(self._text[:-1])


class SaState:
    """One IKE SA of the daemon's state dump, with the lines that describe it."""

    def __init__(self, lines: list[str]):
        found = SA_LINE.match(lines[0])
        self.spi_i, self.spi_r = (int(found[name], 16) for name in ("spi_i", "spi_r"))
        self.tunnel, self.state, self.role = int(found["tunnel"]), found["state"], found["role"]
        self.text = "\n".join(lines)
        self.children = [line for line in lines if line.startswith("    child ")]


class Control:
    def __init__(self, path: pathlib.Path):
        self._path = path

    def begin(self, method: str, **parameters: object) -> Call:
        return Call(self._path, method, parameters)

    def call(self, method: str, **parameters: object) -> dict:
        reply = self.begin(method, **parameters).poll(CALL_SECONDS)
        if reply is None or "error" in reply:
            raise Failure(f"control {method} {parameters}: {reply}")
        return reply["parameters"]

    def status(self) -> dict:
        return self.call("Status")

    def show(self, connection: str) -> dict:
        return self.call("Show", connection=connection)

    def drops(self) -> dict[str, int]:
        """The counters of IKE messages that were not acted on, by reason."""
        return self.status()["ike"]["drops"]

    def dump(self) -> str:
        return self.call("DumpState")["state"]

    def sas(self, connection: str) -> list[SaState]:
        """Every IKE SA of that connection, half-open and dying ones too."""
        lines = self.dump().splitlines()
        number = next(
            int(words[1].partition(":")[0])
            for words in (line.split() for line in lines)
            if words[0] == "tunnel" and words[1].partition(":")[2] == connection
        )
        groups: list[list[str]] = []
        for line in lines:
            if line.startswith("ike "):
                groups.append([line])
            elif groups:
                groups[-1].append(line)
        return [sa for sa in map(SaState, groups) if sa.tunnel == number]
