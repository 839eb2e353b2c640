"""Two of our daemons with the settings that every user gets: no option, the default policy."""

from lab import estate
from lab.gateway import Gateway
from lab.process import LabError
from peers.peer import BUILD, Peer


class Twinspan(Peer):
    name = "twinspan"
    needs = ("release",)
    binaries = BUILD / "release" / "bin"
    arguments: tuple[str, ...] = ()

    def start(self) -> None:
        path = estate.write_estate(self.lab.folder / "estate", estate.pair_estate())
        ends = [
            Gateway(self.lab, namespace, self.binaries, path, name)
            for namespace, name in zip(self.gateways, ("gw-a", "gw-b"))
        ]
        for end in ends:
            end.common_arguments = list(self.arguments)
            self.daemons.append(end.start().program)
        for end in ends:
            end.wait_connected()
            self.require_kernel(end.status()["data_plane"]["kernel"])

    def require_kernel(self, kernel: str) -> None:
        if kernel == "null":
            raise LabError("this twinspand encrypts nothing")


class TwinspanNull(Twinspan):
    """The same with the null cipher, which the preset bench alone compiles: what is left is what
    everything but the cipher costs."""

    name = "twinspan-null"
    needs = ()
    binaries = BUILD / "bench" / "bin"
    arguments = ("--kernel", "null")

    def require_kernel(self, kernel: str) -> None:
        if kernel != "null":
            raise LabError(f"this twinspand should use the null cipher and uses {kernel}")


class TwinspanBusyPoll(Twinspan):
    """The same with workers that look for the next packet for a while before they sleep: what it
    costs in processor time is to be read beside what it saves in the idle ping."""

    name = "twinspan-busy-poll"
    arguments = ("--busy-poll",)
