"""Every cipher suite and group between two Twinspans, by the names of the estate file."""

import pytest

from lab.estate import STRONG

AEADS = ["GCMAES128", "GCMAES192", "GCMAES256", "CHACHA20POLY1305"]
CBC = ["AES128", "AES192", "AES256"]
HASHES = ["SHA256", "SHA384", "SHA512"]
GROUPS = ["DHGroup14", "DHGroup15", "DHGroup16", "ECP256", "ECP384", "ECP521", "CURVE25519"]
LEGACY_GROUPS = ["DHGroup2", "DHGroup24"]


def policies():
    for name in AEADS:
        yield f"esp-{name}", {"ipsec_encryption": name, "ipsec_integrity": name}
        yield f"ike-{name}", {"ike_encryption": name, "ike_integrity": name}
    for name in CBC:
        for integrity in HASHES:
            yield f"{name}-{integrity}", {
                "ipsec_encryption": name,
                "ipsec_integrity": integrity,
                "ike_encryption": name,
                "ike_integrity": integrity,
                "ike_prf": integrity,
            }
    for group in GROUPS:
        yield f"group-{group}", {"dh_group": group, "pfs_group": group}
    yield "no-pfs", {"pfs_group": "None"}
    yield "no-esn", {"esn": False}


def legacy_policies():
    for name in CBC:
        yield f"{name}-SHA1", {
            "ipsec_encryption": name,
            "ipsec_integrity": "SHA1",
            "ike_encryption": name,
            "ike_integrity": "SHA1",
            "ike_prf": "SHA1",
        }
    for group in LEGACY_GROUPS:
        yield f"group-{group}", {"dh_group": group, "pfs_group": group}


@pytest.mark.parametrize(
    "change", [change for _, change in policies()], ids=[name for name, _ in policies()]
)
def test_every_suite_connects_rekeys_and_carries_traffic(pair, change):
    pair.start(ipsec_policy={**STRONG, **change})
    pair.require_ping()
    pair.require_ping(size=1200)
    assert pair.a.cli("rekey", "a-to-b").returncode == 0
    pair.require_ping()
    assert pair.b.cli("rekey", "b-to-a", "--ike").returncode == 0
    pair.require_ping()


@pytest.mark.parametrize(
    "change",
    [change for _, change in legacy_policies()],
    ids=[name for name, _ in legacy_policies()],
)
def test_every_legacy_suite_works_behind_its_switch_and_is_marked(pair, change):
    pair.start(ipsec_policy={**STRONG, **change}, legacy=True)
    pair.require_ping()
    pair.require_ping(size=1200)
    connection = pair.a.connection()
    assert connection["legacy"] is True
    assert set(connection["legacy_algorithms"]) == set(change.values()) & {
        "SHA1",
        "DHGroup2",
        "DHGroup24",
    }
    assert "Connected (legacy)" in pair.a.cli("status").stdout
    assert "weak algorithms may be agreed" in pair.a.program.log()
    assert pair.a.cli("rekey", "a-to-b").returncode == 0
    pair.require_ping()
    assert pair.b.cli("rekey", "b-to-a", "--ike").returncode == 0
    pair.require_ping()


@pytest.mark.parametrize("name", ["azure-default", "azure-custom", "aws", "strong"])
def test_every_named_policy_connects_to_itself(pair, name):
    legacy = name == "azure-default"
    pair.start(ipsec_policy=name, legacy=legacy)
    pair.require_ping()
    assert pair.a.connection()["legacy"] is legacy
    assert pair.a.cli("rekey", "a-to-b").returncode == 0
    pair.require_ping()
