"""A bad estate file or key: file, line, column and what was expected; exit 3; nothing is
started."""

import os

import pytest

from lab.process import wait_until


def refused(pair, code: int = 3) -> str:
    program = pair.a.launch()
    assert program.wait(15) == code, program.log()
    assert "ready" not in program.output()
    assert pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout == ""
    assert "unreachable" not in pair.sites.gw_a.ip("route", "show", "table", "all").stdout
    return program.log()


EXAMPLE = """\
version: 1
virtual_networks:
  vnet-a: { region: west, address_space: [10.1.0.0/16],
            subnets: { GatewaySubnet: 10.1.255.0/27 }, interfaces: [lan0] }
virtual_network_gateways:
  gw-a:
    virtual_network: vnet-a
    vpn_type: route-based
    ip_configurations: [ { name: default, public_ip_address: 192.0.2.1 } ]
local_network_gateways:
  far: { gateway_ip_address: 192.0.2.2, address_prefixes: [10.2.0.0/16] }
connections:
  to-far:
    connection_type: ipsec
    virtual_network_gateway1: gw-a
    local_network_gateway2: far
    shared_key: { file: a-b.psk }
"""

# What is changed -> (replacement, line of the mistake, word that the message must have).
MISTAKES = {
    "unknown key": (
        "    vpn_type: route-based",
        "    vpn_type: route-based\n    colour: red",
        9,
        "colour",
    ),
    "misspelt key": ("vpn_type", "vpn_typ", 8, "vpn_type"),
    "duplicate key": ("version: 1", "version: 1\nversion: 1", 2, "version"),
    "bad value": ("route-based", "carrier-pigeon", 8, "policy-based"),
    "bad type": ("version: 1", "version: [1]", 1, "version"),
    "bad prefix": ("10.2.0.0/16", "10.2.0.0/33", 11, "10.2.0.0/33"),
    "host bits": ("10.2.0.0/16", "10.2.0.1/16", 11, "10.2.0.1/16"),
    "bad address": (
        "gateway_ip_address: 192.0.2.2",
        "gateway_ip_address: 192.0.2.300",
        11,
        "192.0.2.300",
    ),
    "missing reference": (
        "local_network_gateway2: far",
        "local_network_gateway2: near",
        16,
        "near",
    ),
    "yaml": ("version: 1", "version: 1: 2", 1, ""),
}


def write_example(pair, text: str) -> None:
    pair.write()
    pair.a.estate.write_text(text)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_file_line_and_column(pair, name):
    old, new, line, word = MISTAKES[name]
    write_example(pair, EXAMPLE.replace(old, new, 1))
    said = refused(pair)
    assert f"{pair.a.estate}:{line}:" in said, said
    assert word in said


def test_the_example_without_a_mistake_starts(pair):
    write_example(pair, EXAMPLE)
    pair.a.start()


@pytest.mark.parametrize("setting", ["bgp", "active_active"])
def test_what_is_not_yet_supported_is_refused(pair, setting):
    description = pair.write()
    gateway = description["virtual_network_gateways"]["gw-a"]
    if setting == "bgp":
        gateway["enable_bgp"] = True
        gateway["bgp_settings"] = {"asn": 65010}
    else:
        gateway["active_active"] = True
    pair.write_to(pair.a, description)
    assert "support" in refused(pair)


def test_off_values_and_bgp_settings_are_accepted(pair):
    description = pair.write()
    description["virtual_network_gateways"]["gw-a"].update(
        {
            "active_active": False,
            "enable_bgp": False,
            "bgp_settings": {"asn": 65010, "peer_weight": 0},
        }
    )
    description["peerings"] = {}
    pair.write_to(pair.a, description)
    pair.a.start()


def test_a_key_that_others_may_read_is_refused(pair):
    pair.write()
    key = pair.a.estate.parent / "a-b.psk"
    for mode in (0o644, 0o640, 0o604):
        os.chmod(key, mode)
        assert "a-b.psk" in refused(pair)


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 129])
def test_a_key_of_impossible_length_is_refused(pair, content):
    pair.write()
    (pair.a.estate.parent / "a-b.psk").write_bytes(content)
    assert "a-b.psk" in refused(pair)


@pytest.mark.parametrize("content", [b"two\nlines\n", b"windows\r\n", b"\xef\xbb\xbfmark", b"n\0l"])
def test_a_key_that_is_no_line_of_text_is_refused(pair, content):
    pair.write()
    (pair.a.estate.parent / "a-b.psk").write_bytes(content)
    assert "base64" in refused(pair)


def test_a_key_of_any_bytes_is_taken_in_its_encoding(pair):
    description = pair.write()
    for gateway, encoding, key in ((pair.a, "base64", b"AP8NCg==\n"), (pair.b, "hex", b"00ff0d0a")):
        for connection in description["connections"].values():
            connection["shared_key"] = {"file": "a-b.psk", "encoding": encoding}
        pair.write_to(gateway, description)
        (gateway.estate.parent / "a-b.psk").write_bytes(key)
        gateway.start()
    pair.wait_connected()


def test_a_key_behind_a_link_or_outside_the_folder_is_refused(pair):
    description = pair.write()
    folder = pair.a.estate.parent
    outside = folder.parent / f"{folder.name}-elsewhere"
    outside.mkdir()
    (folder / "a-b.psk").rename(outside / "a-b.psk")
    (folder / "a-b.psk").symlink_to(outside / "a-b.psk")
    (folder / "keys").symlink_to(outside)
    assert "symbolic link" in refused(pair)
    names = {"keys/a-b.psk": "symbolic link", f"../{outside.name}/a-b.psk": "'..'"}
    for name, word in names.items():
        description["connections"]["a-to-b"]["shared_key"] = {"file": name}
        pair.write_to(pair.a, description)
        assert word in refused(pair)


def test_a_key_is_never_printed(pair):
    pair.key = "this-very-secret-must-not-show"
    pair.a.arguments = ["--verbose"]
    pair.start()
    shown = pair.a.program.log() + pair.a.cli("status").stdout
    shown += pair.a.cli("show", "connection", "a-to-b").stdout
    assert pair.key not in shown


def test_a_missing_key_file_or_estate_is_refused(pair):
    pair.write()
    (pair.a.estate.parent / "a-b.psk").unlink()
    assert "a-b.psk" in refused(pair)
    pair.a.estate.unlink()
    assert "estate.yaml" in refused(pair)


def test_a_gateway_that_the_file_lacks_is_refused(pair):
    pair.write()
    pair.a.name = "gw-z"
    assert "gw-z" in refused(pair)


def test_wrong_usage_exits_2(pair):
    pair.write()
    pair.a.arguments = ["--colour"]
    refused(pair, code=2)


@pytest.mark.parametrize("kernel", ["quantum", "null"])
def test_a_kernel_that_this_binary_lacks_exits_2(pair, kernel):
    """`null` encrypts nothing; builds for measuring have it, and no other."""
    pair.write()
    pair.a.arguments = ["--kernel", kernel]
    assert f'no kernel is called "{kernel}"' in refused(pair, code=2)


def test_the_cli_without_a_daemon_exits_4(pair):
    pair.write()
    replace = ["replace", "gateway", "gw-a", pair.a.estate, "--yes"]
    status = (["status"], ["up", "a-to-b"], ["show", "connection", "a-to-b"], ["events"])
    for words in (*status, replace):
        result = pair.a.cli(*words)
        assert result.returncode == 4, (words, result.stderr)
        assert result.stderr


def test_the_cli_with_wrong_words_exits_2(pair):
    pair.start()
    assert pair.a.cli("status", "--colour").returncode == 2
    assert pair.a.cli("frobnicate").returncode == 2
    wait_until(pair.a.is_connected, 20, "gw-a is connected")
