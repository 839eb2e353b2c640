"""The name service of one namespace: `ip netns exec` lays the files of /etc/netns/NAME over those
of /etc, so that programs in it see a hosts file of their own and ask no server."""

import pathlib
import shutil

from lab.network import Namespace


class Names:
    def __init__(self, namespace: Namespace):
        self.folder = pathlib.Path("/etc/netns") / namespace.name
        self.folder.mkdir(parents=True)
        self.hosts = self.folder / "hosts"
        (self.folder / "nsswitch.conf").write_text("hosts: files\n")
        self.set({})

    def set(self, addresses: dict[str, list[str]]) -> None:
        """In place: the file that a running program has over its /etc/hosts is this very one."""
        lines = [f"{each} {name}\n" for name, list_ in addresses.items() for each in list_]
        self.hosts.write_text("127.0.0.1 localhost\n" + "".join(lines))

    def close(self) -> None:
        shutil.rmtree(self.folder)
