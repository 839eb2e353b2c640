"""Estate files for labs: a route-based pair of gateways that a test changes as it needs."""

import copy
import json
import os
import pathlib
import secrets

from lab.topology import WAN

_NETWORKS = {
    "ipv4": (
        ("10.1.0.0/16", "10.1.0.0/24", "10.1.255.0/27"),
        ("10.2.0.0/16", "10.2.0.0/24", "10.2.255.0/27"),
    ),
    "ipv6": (
        ("2001:db8:1::/48", "2001:db8:1::/64", "2001:db8:1:ff::/64"),
        ("2001:db8:2::/48", "2001:db8:2::/64", "2001:db8:2:ff::/64"),
    ),
}

STRONG = {
    "ike_encryption": "GCMAES256",
    "ike_integrity": "GCMAES256",
    "ike_prf": "SHA384",
    "dh_group": "ECP384",
    "ipsec_encryption": "GCMAES256",
    "ipsec_integrity": "GCMAES256",
    "pfs_group": "ECP384",
    "esn": True,
    "ike_life_time_seconds": 28800,
    "sa_life_time_seconds": 27000,
    "sa_data_size_kilobytes": 0,
}


def pair_estate(
    outer: str = "ipv4", inner: str = "ipv4", vpn_type: str = "route-based", **connection: object
) -> dict:
    """gw-a and gw-b joined by a-to-b and b-to-a; `connection` goes into both connection objects."""
    networks, gateways = {}, {}
    for side, letter in enumerate("ab"):
        space, hosts, subnet = _NETWORKS[inner][side]
        networks[f"vnet-{letter}"] = {
            "region": ("west", "east")[side],
            "address_space": [space],
            "subnets": {"hosts": hosts, "GatewaySubnet": subnet},
            "interfaces": ["lan0"],
        }
        gateways[f"gw-{letter}"] = {
            "virtual_network": f"vnet-{letter}",
            "vpn_type": vpn_type,
            "ip_configurations": [{"name": "default", "public_ip_address": WAN[outer][side]}],
        }
    connections = {}
    for mine, other in ("ab", "ba"):
        joined = {
            "connection_type": "vnet-to-vnet",
            "virtual_network_gateway1": f"gw-{mine}",
            "virtual_network_gateway2": f"gw-{other}",
            "shared_key": {"file": "a-b.psk"},
            **copy.deepcopy(connection),
        }
        connections[f"{mine}-to-{other}"] = _without_none(joined)
    return {
        "version": 1,
        "virtual_networks": networks,
        "virtual_network_gateways": gateways,
        "connections": connections,
    }


def half_estate(
    letter: str,
    remote_prefixes: list[str],
    vpn_type: str = "route-based",
    outer: str = "ipv4",
    inner: str = "ipv4",
    **connection: object,
) -> dict:
    """One administrator's half: gw-a or gw-b, the other end as the local network gateway `far`."""
    side = "ab".index(letter)
    space, hosts, subnet = _NETWORKS[inner][side]
    network = {"region": "west", "address_space": [space], "interfaces": ["lan0"]}
    network["subnets"] = {"hosts": hosts, "GatewaySubnet": subnet}
    gateway = {
        "virtual_network": "mine",
        "vpn_type": vpn_type,
        "ip_configurations": [{"name": "default", "public_ip_address": WAN[outer][side]}],
    }
    far = {"gateway_ip_address": WAN[outer][1 - side], "address_prefixes": remote_prefixes}
    joined = {
        "connection_type": "ipsec",
        "virtual_network_gateway1": f"gw-{letter}",
        "local_network_gateway2": "far",
        "shared_key": {"file": "a-b.psk"},
        **copy.deepcopy(connection),
    }
    return {
        "version": 1,
        "virtual_networks": {"mine": network},
        "virtual_network_gateways": {f"gw-{letter}": gateway},
        "local_network_gateways": {"far": far},
        "connections": {"to-far": _without_none(joined)},
    }


def many_estate(letter: str, remote_prefixes: list[str], own: str, **connection: object) -> dict:
    """One administrator's half with a connection to each of the remote prefixes. All of them lead
    to the other gateway: identities and keys of their own tell them apart. `own` is a prefix that
    holds this side's networks."""
    side, other = "ab".index(letter), "ba"["ab".index(letter)]
    estate = half_estate(letter, remote_prefixes, **connection)
    estate["virtual_networks"]["mine"]["address_space"].append(own)
    [shared] = estate["connections"].values()
    estate["local_network_gateways"], estate["connections"] = {}, {}
    for index, prefix in enumerate(remote_prefixes):
        estate["local_network_gateways"][f"far-{index}"] = {
            "gateway_ip_address": WAN["ipv4"][1 - side],
            "address_prefixes": [prefix],
        }
        estate["connections"][f"to-far-{index}"] = {
            **shared,
            "local_network_gateway2": f"far-{index}",
            "shared_key": {"file": f"{index}.psk"},
            "local_id": f"{letter}{index}.lab.example",
            "remote_id": f"{other}{index}.lab.example",
        }
    return estate


def write_many_keys(folders: list[pathlib.Path], count: int) -> None:
    """The keys of many_estate(), the same into each folder."""
    for index in range(count):
        key = secrets.token_hex(24)
        for folder in folders:
            write_key(folder / f"{index}.psk", key)


def _without_none(connection: dict) -> dict:
    """A setting of None takes the default away."""
    return {name: value for name, value in connection.items() if value is not None}


def write_estate(folder: pathlib.Path, estate: dict, key: str | None = None) -> pathlib.Path:
    """Writes estate and key file into `folder`. JSON is YAML, and Python has a writer for it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "estate.yaml"
    path.write_text(json.dumps(estate, indent=2) + "\n")
    write_key(folder / "a-b.psk", key or secrets.token_urlsafe(36).replace("-", "x"))
    return path


def write_key(path: pathlib.Path, key: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key + "\n")
