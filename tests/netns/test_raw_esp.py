"""ESP as protocol 50, and in UDP, opened by tools that are not ours with the keys of --key-log."""

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.ipsec import ESP
from scapy.packet import Raw
from scapy.utils import rdpcap

import forge
from lab.estate import STRONG
from lab.process import run, wait_until
from pair import capture_full

PATTERN = "74776e7370616e21"
PATTERN_BYTES = bytes.fromhex(PATTERN)


def start_with_keys(pair, **settings):
    """Both up, gw-a logging its keys, and a capture of pings that carry PATTERN."""
    keys = pair.lab.folder / "keys"
    pair.a.arguments = ["--key-log", keys]
    pair.start(**settings)
    program, path = capture_full(pair, "sealed")
    pair.sites.host_a.run("ping", "-n", "-q", "-c", "3", "-i", "0.2", "-p", PATTERN, "10.2.0.2")
    wait_until(lambda: count_esp(path) >= 6, 5, "three pings and their answers are in the capture")
    program.stop()
    return keys, path


def count_esp(path) -> int:
    return sum(1 for packet in rdpcap(str(path)) if ESP in packet)


def require_opened(packets, keys, esn: bool) -> None:
    for packet in packets:
        if ESP not in packet:
            continue
        row = forge.keys_of(keys, f"{packet[ESP].spi:#x}")
        outer = packet[IP].copy()
        if UDP in outer:  # scapy wants ESP right behind the IP header.
            outer = IP(src=outer.src, dst=outer.dst, proto=50) / outer[ESP]
        inner = forge.open_with_scapy(row, outer, esn)
        assert {inner.src, inner.dst} == {"10.1.0.2", "10.2.0.2"}
        assert inner[ICMP].type in (0, 8)
        assert PATTERN_BYTES in bytes(inner[Raw])


def test_protocol_50_is_opened_by_scapy(pair):
    keys, path = start_with_keys(pair, encapsulation="esp")
    packets = rdpcap(str(path))
    assert {packet[IP].proto for packet in packets if ESP in packet} == {50}
    require_opened(packets, keys, esn=True)


def test_udp_encapsulation_is_opened_by_scapy(pair):
    keys, path = start_with_keys(pair)
    packets = rdpcap(str(path))
    assert all(UDP in packet for packet in packets if ESP in packet)
    require_opened(packets, keys, esn=True)


def tshark(path, keys, *fields: str) -> list[str]:
    """What tshark decrypts, by the very lines of the key files."""
    words = [
        "tshark",
        "-r",
        path,
        "-o",
        "esp.enable_encryption_decode:TRUE",
        "-o",
        "esp.enable_authentication_check:TRUE",
        "-Y",
        "icmp",
        "-T",
        "fields",
    ]
    for line in (keys / "esp_sa").read_text().splitlines():
        words += ["-o", f"uat:esp_sa:{line}"]
    for field in fields:
        words += ["-e", field]
    return run(words).stdout.splitlines()


def test_protocol_50_is_opened_by_tshark_with_the_key_file(pair):
    keys, path = start_with_keys(pair, encapsulation="esp", ipsec_policy={**STRONG, "esn": False})
    rows = tshark(path, keys, "icmp.type", "esp.icv_good", "data.data")
    assert len(rows) >= 6, "tshark decrypts no ICMP with our key file"
    for row in rows:
        assert PATTERN in row
    require_opened(rdpcap(str(path)), keys, esn=False)


def test_cbc_with_hmac_is_opened_by_tshark(pair):
    suite = {"ipsec_encryption": "AES256", "ipsec_integrity": "SHA256", "esn": False}
    keys, path = start_with_keys(pair, encapsulation="esp", ipsec_policy={**STRONG, **suite})
    rows = tshark(path, keys, "icmp.type", "data.data")
    assert len(rows) >= 6
    assert all(PATTERN in row for row in rows)


def test_ike_is_decrypted_by_tshark_with_the_key_file(pair):
    keys = pair.lab.folder / "keys"
    pair.a.arguments = ["--key-log", keys]
    program, path = capture_full(pair, "ike")
    pair.start()
    pair.require_ping()
    program.stop()
    words = [
        "tshark",
        "-r",
        path,
        "-Y",
        "isakmp.auth.data",
        "-T",
        "fields",
        "-e",
        "isakmp.exchangetype",
    ]
    for line in (keys / "ikev2_decryption_table").read_text().splitlines():
        words += ["-o", f"uat:ikev2_decryption_table:{line}"]
    assert "35" in run(words).stdout, "tshark sees no payload inside IKE_AUTH"


def test_key_files_are_private_and_warned_about(pair):
    keys, _ = start_with_keys(pair)
    assert keys.stat().st_mode & 0o077 == 0
    for path in keys.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert "keys" in pair.a.program.log()
    assert not (pair.lab.folder / "keys-of-b").exists()
