"""Every cipher suite and group between two Twinspans, by the names of the estate file."""

import pytest

from lab.estate import STRONG

AEADS = ["GCMAES128", "GCMAES256", "CHACHA20POLY1305"]
CBC = ["AES128", "AES256"]
HASHES = ["SHA256", "SHA384", "SHA512"]
GROUPS = ["DHGroup14", "DHGroup15", "DHGroup16", "ECP256", "ECP384", "ECP521", "CURVE25519"]


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
