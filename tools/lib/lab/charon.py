"""strongSwan's charon with kernel-libipsec: a foreign peer with ESP in user space, in one
namespace.

charon has a private /run (its PID file's place is fixed), no kernel IPsec, and 1400 bytes in its
TUN. Its gateway must own an address inside local_ts, which the gateways of lab/topology.py do.
"""

import pathlib

from lab import pki
from lab.network import Lab, Namespace
from lab.process import LabError, run, wait_until

CHARON = "/usr/lib/ipsec/charon"
PLUGINS = (
    "random nonce openssl aes gcm sha2 sha1 hmac kdf chapoly curve25519 pem pkcs1 pkcs8 x509 "
    "constraints revocation pubkey "
    "kernel-libipsec kernel-netlink socket-default vici updown"
)

# Charon.start() speaks for gw-b unless told otherwise; this is for a charon in the place of gw-a.
NEAR = {
    "local": "192.0.2.1",
    "remote": "192.0.2.2",
    "local_ts": "10.1.0.0/16",
    "remote_ts": "10.2.0.0/16",
    "local_id": "192.0.2.1",
    "remote_id": "192.0.2.2",
}

DAEMON_CONF = """\
charon {{
  load = {plugins}
  threads = 16
  install_virtual_ip = no
  retransmit_timeout = 1.0
  retransmit_tries = 3
  retransmit_base = 1.2
  fragment_size = {fragment_size}
  make_before_break = {make_before_break}
  {daemon_settings}
  filelog {{ stderr {{ time_format = %FT%T
    time_add_ms = yes
    default = 1
    ike = 2
    chd = 2
    cfg = 2 }} }}
  plugins {{ vici {{ socket = unix://{folder}/vici }} }}
}}
swanctl {{ load = pem pkcs1 pkcs8 x509 pubkey openssl }}
"""

CONNECTION_CONF = """\
connections {{ s2s {{
  version = 2
  mobike = no
  encap = yes
  local_addrs = {local}
  remote_addrs = {remote}
  proposals = {ike}
  {keys}
  local {{ auth = {local_auth}
    id = {local_id} }}
  remote {{ auth = {remote_auth}
    id = {remote_id} }}
  children {{ net {{
    local_ts = {local_ts}
    remote_ts = {remote_ts}
    esp_proposals = {esp}
    {child_keys}
  }}
  {more_children} }} }} }}
secrets {{ ike-1 {{ secret = "{key}" }}
  {ppk_secret} }}
"""

DEFAULTS = {
    "local": "192.0.2.2",
    "remote": "192.0.2.1",
    "local_ts": "10.2.0.0/16",
    "remote_ts": "10.1.0.0/16",
    "local_auth": "psk",
    "remote_auth": "psk",
    "local_id": "192.0.2.2",
    "remote_id": "192.0.2.1",
    "ike": "aes256gcm16-prfsha384-ecp384",
    "esp": "aes256gcm16-ecp384",
    "keys": "",
    "child_keys": "rekey_time = 0",
    "more_children": "",
    "fragment_size": "1280",
    "make_before_break": "no",
    "key": "correct horse battery staple 1",
    "ppk_secret": "",
    "daemon_settings": "",
}


class Charon:
    def __init__(self, lab: Lab, namespace: Namespace, name: str = "charon"):
        self.lab, self.namespace, self.name = lab, namespace, name
        self.folder = lab.folder / name
        self.folder.mkdir()
        self.program = None
        self.settings: dict[str, str] = {}
        # Files beside swanctl.conf, where swanctl looks for them: "private/own.key" -> content.
        self.files: dict[str, bytes] = {}

    def start(self, **settings: str) -> "Charon":
        """Starts charon with one connection `s2s` and its child `net`; nothing is initiated."""
        self._launch(settings)
        self.load(**settings)
        return self

    def start_with(self, conf: str, connection: str, daemon_settings: str = "") -> "Charon":
        """Starts charon with this very swanctl.conf, in which there is this connection."""
        self._launch({"daemon_settings": daemon_settings})
        self._load_text(conf, connection)
        return self

    def _launch(self, settings: dict[str, str]) -> None:
        self.settings = settings
        # One that was killed leaves its socket behind.
        (self.folder / "vici").unlink(missing_ok=True)
        conf = self.folder / "strongswan.conf"
        values = {**DEFAULTS, **settings, "plugins": PLUGINS, "folder": self.folder}
        conf.write_text(DAEMON_CONF.format(**values))
        script = f"mount -t tmpfs tmpfs /run && exec {CHARON}"
        self.program = self.lab.start(
            self.namespace,
            ["unshare", "-m", "sh", "-c", script],
            self.name,
            {"STRONGSWAN_CONF": str(conf), "TZ": "UTC"},  # Its times are those of our log.
        )
        wait_until(
            (self.folder / "vici").is_socket, 15, "charon opens its socket", self.program.log
        )

    def load(self, **settings: str) -> None:
        for name, content in self.files.items():
            pki.write_private(self.folder / "swanctl" / name, content)
        self._load_text(CONNECTION_CONF.format(**{**DEFAULTS, **settings}), "s2s")

    def _load_text(self, conf: str, connection: str) -> None:
        path = self.folder / "swanctl" / "swanctl.conf"
        path.parent.mkdir(exist_ok=True)
        path.write_text(conf)
        said = self.swanctl("--load-all", "--noprompt", "--file", str(path))
        if f"loaded connection '{connection}'" not in said:
            raise LabError(f"swanctl did not load the connection: {said}")

    def swanctl(self, *words: str, check: bool = True) -> str:
        conf = f"STRONGSWAN_CONF={self.folder}/strongswan.conf"
        command = ["env", conf, "swanctl", *words, "--uri", f"unix://{self.folder}/vici"]
        result = run(command, timeout=60, check=check)
        return result.stdout + result.stderr

    def initiate(self, check: bool = True) -> str:
        return self.swanctl("--initiate", "--child", "net", "--timeout", "20", check=check)

    def rekey_child(self) -> str:
        return self.swanctl("--rekey", "--child", "net")

    def rekey_ike(self) -> str:
        return self.swanctl("--rekey", "--ike", "s2s")

    def reauthenticate(self) -> str:
        return self.swanctl("--rekey", "--ike", "s2s", "--reauth")

    def kill(self) -> None:
        """As by `kill -9`; start_again() brings it back with the same configuration."""
        self.program.kill()

    def start_again(self) -> "Charon":
        return self.start(**self.settings)

    def terminate_child(self) -> str:
        return self.swanctl("--terminate", "--child", "net", "--timeout", "10")

    def terminate_ike(self) -> str:
        return self.swanctl("--terminate", "--ike", "s2s", "--timeout", "10")

    def list_sas(self) -> str:
        return self.swanctl("--list-sas")

    def is_installed(self) -> bool:
        return "INSTALLED" in self.list_sas()

    def ike_spis(self) -> str:
        """The line of the established IKE SA with its two SPIs."""
        lines = [line for line in self.list_sas().splitlines() if "ESTABLISHED" in line]
        return lines[-1] if lines else ""

    def child_spis(self) -> set[str]:
        """SPIs of installed children, as 8 hex digits."""
        words = [
            line.split()[1].rstrip(",")
            for line in self.list_sas().splitlines()
            if line.strip().startswith(("in ", "out "))
        ]
        return set(words)

    def log(self) -> str:
        return self.program.log()

    @staticmethod
    def require_installed() -> None:
        if not pathlib.Path(CHARON).exists():
            raise LabError(f"{CHARON} is missing: tools/test installs strongswan-charon")
