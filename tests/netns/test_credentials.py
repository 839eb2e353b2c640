"""Certificates, raw public keys and rotating keys: what is refused at the start, what status warns
of, and reloading under traffic."""

import signal

import pytest

from lab import estate, pki
from lab.process import wait_until

NAMES = {"gw-a": "gw-a.example.net", "gw-b": "gw-b.example.net"}


def half(letter: str) -> dict:
    """Identities that a certificate can hold."""
    other = "b" if letter == "a" else "a"
    return {"local_id": f"gw-{letter}.example.net", "remote_id": f"gw-{other}.example.net"}


class Certified:
    """Two gateways with certificates of one root."""

    def __init__(self, pair, kind: str = "ed25519", root: pki.Identity | None = None):
        self.pair, self.kind = pair, kind
        self.root = root or pki.authority()
        self.own, self.settings = {}, {}
        for gateway in pair.gateways:
            self.issue(gateway)

    def issue(self, gateway, **more) -> None:
        """Writes a new certificate and key for this gateway."""
        name = NAMES[gateway.name]
        self.own[gateway.name] = pki.Identity(
            gateway.name, [name], self.kind, issuer=self.root, **more
        )
        folder = gateway.estate.parent
        folder.mkdir(parents=True, exist_ok=True)
        self.settings[gateway.name] = pki.write_certificates(
            folder, self.own[gateway.name], self.root
        )

    def write(self, **more) -> "Certified":
        halves = [
            {**half(letter), **self.settings[f"gw-{letter}"], **more} for letter in ("a", "b")
        ]
        self.pair.write_halves(*halves)
        return self


def spis(pair) -> list[tuple]:
    """Everything that a new negotiation would change."""
    seen = []
    for gateway in pair.gateways:
        shown = gateway.cli_json("show", "connection", "to-far")
        seen.append(
            (
                shown["ike_sa"]["initiator_spi"],
                shown["ike_sa"]["responder_spi"],
                shown["child_sas"][0]["spi_in"],
            )
        )
    return seen


def reload_by_command(gateway) -> None:
    result = gateway.cli("reload-credentials")
    assert result.returncode == 0, result.stdout + result.stderr


def reload_by_signal(gateway) -> None:
    before = gateway.program.log().count("were read again")
    gateway.program.signal(signal.SIGHUP)
    wait_until(
        lambda: gateway.program.log().count("were read again") > before,
        10,
        "the credentials were read again",
        gateway.program.log,
    )


def connect_anew(pair) -> None:
    assert pair.a.cli("down", "to-far").returncode == 0
    result = pair.a.cli("up", "to-far")
    assert result.returncode == 0, result.stdout + result.stderr + pair.b.explain()
    pair.wait_connected()


def authentication(gateway) -> dict:
    return gateway.cli_json("show", "connection", "to-far")["ike_sa"]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa384", "rsa"])
def test_certificates_connect_and_status_says_so(pair, kind):
    Certified(pair, kind).write()
    pair.start()
    pair.require_ping()
    shown = authentication(pair.a)
    assert shown["authentication"] == "certificate"
    assert shown["peer_certificate"]["what"] == "certificate CN=gw-b"
    assert "CN=gw-b until 20" in pair.a.cli("show", "connection", "to-far").stdout
    assert pair.a.connection()["warnings"] == []


def test_raw_public_keys_connect(pair):
    own = {gateway.name: pki.Identity(gateway.name) for gateway in pair.gateways}
    settings = []
    for gateway, letter in zip(pair.gateways, "ab"):
        gateway.estate.parent.mkdir(parents=True, exist_ok=True)
        other = own["gw-b" if letter == "a" else "gw-a"]
        files = pki.write_raw_keys(gateway.estate.parent, own[gateway.name], other)
        settings.append({**half(letter), **files})
    pair.write_halves(*settings)
    pair.start()
    pair.require_ping()
    assert authentication(pair.a)["authentication"] == "raw-public-key"


@pytest.mark.parametrize("reload", [reload_by_command, reload_by_signal])
def test_a_new_certificate_and_key_are_read_without_a_drop(pair, reload):
    certified = Certified(pair).write()
    pair.start()
    before = spis(pair)
    # New ones from another CA at both ends: nothing of the old ones is worth anything.
    certified.root = pki.authority("Next Root")
    for gateway in pair.gateways:
        certified.issue(gateway)
        reload(gateway)
    pair.require_ping()
    assert spis(pair) == before
    connect_anew(pair)
    pair.require_ping()
    assert spis(pair) != before


def test_a_pre_shared_key_is_replaced_end_by_end(pair):
    settings = {"shared_key": {"file": "a-b.psk", "previous_key_seconds": 600}}
    pair.write_halves({**settings, "connection_mode": "initiator-only"}, settings)
    pair.start()
    before = spis(pair)
    for gateway, other_has in ((pair.a, "previous-psk"), (pair.b, "psk")):
        estate.write_key(gateway.estate.parent / "a-b.psk", "another key altogether")
        reload_by_command(gateway)
        pair.require_ping()
        assert spis(pair) == before
        # While one end has the new key alone, the former one is used; then the new one.
        connect_anew(pair)
        pair.require_ping()
        assert authentication(pair.a)["authentication"] == other_has
        before = spis(pair)


def test_a_broken_file_changes_nothing_and_is_named(pair):
    certified = Certified(pair).write()
    pair.start()
    before = spis(pair)
    folder = pair.a.estate.parent
    stranger = pki.Identity("stranger")
    good = {path.name: path.read_bytes() for path in folder.glob("*.*")}
    breakages = {
        "own.pem": (b"junk", "own.pem: holds no certificate"),
        "own.key": (b"junk", "own.key: holds no private key"),
        "root.pem": (stranger.certificate_pem(), "CN=stranger is not marked as a CA"),
    }
    for name, (content, words) in breakages.items():
        pki.write_private(folder / name, content)
        result = pair.a.cli("reload-credentials")
        assert result.returncode == 1, result.stdout
        assert words in result.stderr and "nothing was changed" in result.stderr, result.stderr
        assert "connections.to-far.certificate_authentication" in result.stderr
        pki.write_private(folder / name, good[name])
    pki.write_private(folder / "own.key", stranger.key_pem())
    assert "is not for the private key" in pair.a.cli("reload-credentials").stderr
    (folder / "own.key").chmod(0o640)
    assert "chmod 600" in pair.a.cli("reload-credentials").stderr
    assert spis(pair) == before
    # The good ones are still in use.
    connect_anew(pair)
    pair.require_ping()
    pki.write_private(folder / "own.key", certified.own["gw-a"].key_pem())
    reload_by_command(pair.a)


def test_a_revoked_certificate_ends_nothing_but_is_refused_next_time(pair):
    certified = Certified(pair)
    certificate = certified.settings["gw-b"]["certificate_authentication"]
    certificate["certificate_revocation_lists"] = ["root.crl"]
    crl = pair.b.estate.parent / "root.crl"
    crl.write_bytes(certified.root.crl_pem())
    certified.write()
    pair.start()
    before = spis(pair)
    crl.write_bytes(certified.root.crl_pem([certified.own["gw-a"]]))
    reload_by_command(pair.b)
    pair.require_ping()
    assert spis(pair) == before
    assert pair.a.cli("down", "to-far").returncode == 0
    result = pair.a.cli("up", "to-far")
    assert result.returncode == 1
    assert "refused our AUTH" in result.stdout + result.stderr
    wait_until(
        lambda: "CN=gw-a was revoked by CN=Lab Root" in pair.b.program.log(), 10, "the reason"
    )


def test_what_expires_soon_or_has_is_warned_of(pair):
    certified = Certified(pair)
    certified.issue(pair.a, days=(-10, 20))
    certified.write()
    pair.start()
    pair.require_ping()
    own, theirs = pair.a.connection()["warnings"], pair.b.connection()["warnings"]
    assert len(own) == 1 and "own.pem: certificate CN=gw-a expires on 20" in own[0], own
    assert len(theirs) == 1 and "the peer's: certificate CN=gw-a expires" in theirs[0], theirs
    assert "certificate CN=gw-a expires" in pair.a.program.log()
    assert "warning: to-far:" in pair.a.cli("status").stdout
    certified.issue(pair.a, days=(-10, -1))
    reload_by_command(pair.a)
    assert "certificate CN=gw-a expired on 20" in pair.a.connection()["warnings"][0]
    assert pair.a.cli("down", "to-far").returncode == 0
    assert pair.a.cli("up", "to-far").returncode == 1
    wait_until(
        lambda: "certificate-expired" in pair.b.cli("events", "--json").stdout, 10, "the cause"
    )


def test_a_certificate_without_our_name_is_warned_of(pair):
    certified = Certified(pair)
    certified.settings["gw-a"]["local_id"] = "somebody.example.net"
    certified.write()
    pair.a.start()
    [warning] = pair.a.connection()["warnings"]
    assert "is for gw-a.example.net, not for local_id somebody.example.net" in warning


@pytest.mark.parametrize("readers", [0o640, 0o604])
def test_a_private_key_that_others_may_read_is_refused_at_the_start(pair, readers):
    Certified(pair).write()
    (pair.a.estate.parent / "own.key").chmod(readers)
    program = pair.a.launch()
    assert program.wait(15) == 3, program.log()
    assert "connections.to-far.certificate_authentication" in program.log()
    assert "chmod 600" in program.log()
