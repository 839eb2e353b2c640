"""Another estate for a gateway that runs: what the tests of plan, apply and replace share."""

import json

from lab import estate
from lab.process import wait_until
from pair import Stream


def changed(_pair, **settings) -> dict:
    """The estate of both, with these settings of the connections; written nowhere yet."""
    return estate.pair_estate(**settings)


def write_next(pair, description: dict, name: str = "next.yaml"):
    path = pair.a.estate.parent / name
    path.write_text(json.dumps(description))
    return path


def actions(pair, description: dict) -> dict:
    answer = pair.a.cli_json("plan", str(write_next(pair, description)))
    return {change["object"]: change["action"] for change in answer["changes"]}


def apply(pair, description: dict, *words: str, code: int = 0):
    result = pair.a.cli("apply", str(write_next(pair, description)), *words)
    assert result.returncode == code, (result.stdout, result.stderr, pair.a.program.log()[-2000:])
    return result


def sas(gateway, name: str) -> tuple:
    """What a tunnel that is not touched keeps: SPIs of the IKE SA and of the first Child SA (those
    of further resources may still be on their way)."""
    detail = gateway.cli_json("show", "connection", name)
    [tunnel], ike = detail["tunnels"], detail["ike_sa"]
    pair = (tunnel["spi_in"], tunnel["spi_out"])
    return (ike["initiator_spi"], ike["responder_spi"]) if ike else None, pair


def device(gateway, name: str) -> str:
    [tunnel] = gateway.connection(name)["tunnels"]
    return tunnel["device"]


class Traffic:
    """A stream from hostA to hostB while something is changed; loses nothing."""

    def __init__(self, pair, seconds: int = 6):
        self.stream = Stream(pair, reverse=False, mbit=4, seconds=seconds)

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        report = self.stream.report()
        if kind is None:
            assert report["lost"] == 0, report


def wait_changed(pair, name: str, before: tuple, part: int) -> None:
    wait_until(
        lambda: sas(pair.a, name)[part] != before[part] and pair.a.is_connected(),
        20,
        "the SAs are replaced",
        pair.a.explain,
    )


def host_state(pair) -> tuple:
    """Devices, routes and rules of the gateway's host."""
    namespace = pair.sites.gw_a
    links = namespace.ip("-o", "link", "show", "type", "tun").stdout
    names = sorted(line.split(": ")[1] for line in links.splitlines())
    routes = sorted(namespace.ip("route", "show", "table", "all").stdout.splitlines())
    rules = namespace.run("nft", "-s", "list", "ruleset").stdout
    return names, routes, rules
