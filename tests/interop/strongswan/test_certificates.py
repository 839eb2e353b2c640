"""Certificates and raw public keys with strongSwan, in both roles: every kind of key, chains, CRLs,
and what either side refuses."""

import re

import pytest

from credentials import CHARONS_NAME, OUR_NAME, SCHEMES, our_folder, use_certificates
from credentials import use_raw_keys
from lab import pki
from lab.process import wait_until
from test_refusals import ROLES, try_to_connect


def require(mixed, method: str) -> None:
    mixed.connect()
    mixed.require_data()
    ike_sa = mixed.us.cli_json("show", "connection", "to-far")["ike_sa"]
    assert ike_sa["authentication"] == method, mixed.us.explain()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", SCHEMES)
def test_each_kind_of_key_authenticates_both_ends(mixed, role, kind):
    mixed.start(role, *use_certificates(mixed, kind))
    require(mixed, "certificate")
    # Each end has verified the scheme that it demands.
    said = mixed.charon.log()
    assert re.search("authentication of '.*' with .* successful", said), said


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa256", "rsa"])
def test_raw_public_keys_authenticate_both_ends(mixed, role, kind):
    mixed.start(role, *use_raw_keys(mixed, kind))
    require(mixed, "raw-public-key")


@pytest.mark.parametrize("role", ROLES)
def test_charons_pkcs1_signature_is_accepted(mixed, role):
    """RSASSA-PKCS1-v1_5 with SHA-256, which Twinspan verifies and never makes."""
    ours, theirs = use_certificates(mixed, "rsa")
    theirs["local_auth"] = "ike:rsa-sha256\n    certs = own.pem"
    mixed.start(role, ours, theirs)
    require(mixed, "certificate")
    assert "RSA_EMSA_PKCS1_SHA2_256" in mixed.charon.log(), mixed.charon.log()


@pytest.mark.parametrize("role", ROLES)
def test_chains_with_intermediates_pass_both_ways(mixed, role):
    root = pki.authority(kind="rsa")
    first = pki.authority("First", "ecdsa384", issuer=root)
    second = pki.authority("Second", "rsa", issuer=first)
    ours = pki.Identity("gw-a", [OUR_NAME], "rsa", issuer=second)
    theirs = pki.Identity("gw-b", [CHARONS_NAME], "rsa", issuer=first)
    settings, charon = use_certificates(mixed, "rsa", ours, theirs, root)
    pki.write_certificates(our_folder(mixed), ours, root, [second, first])
    mixed.charon.files["x509/first.pem"] = first.certificate_pem()
    mixed.start(role, settings, charon)
    require(mixed, "certificate")


@pytest.mark.parametrize("role", ROLES)
def test_a_certificate_of_another_ca_is_refused_and_the_missing_ca_named(mixed, role):
    other = pki.authority("Other Root")
    theirs = pki.Identity("gw-b", [CHARONS_NAME], issuer=other)
    settings, charon = use_certificates(mixed, "ed25519", theirs=theirs)
    mixed.charon.files["x509ca/other.pem"] = other.certificate_pem()
    mixed.start(role, settings, charon)
    assert "CN=Other Root, which is no CA of ours" in try_to_connect(mixed, role)


@pytest.mark.parametrize("role", ROLES)
def test_a_revoked_certificate_of_charon_is_refused_and_the_date_named(mixed, role):
    root = pki.authority()
    theirs = pki.Identity("gw-b", [CHARONS_NAME], issuer=root)
    settings, charon = use_certificates(mixed, "ed25519", theirs=theirs, root=root)
    (our_folder(mixed) / "root.crl").write_bytes(root.crl_pem([theirs]))
    settings["certificate_authentication"]["certificate_revocation_lists"] = ["root.crl"]
    mixed.start(role, settings, charon)
    assert re.search("CN=gw-b was revoked by CN=Lab Root on 20", try_to_connect(mixed, role))


@pytest.mark.parametrize("role", ROLES)
def test_an_expired_certificate_of_charon_is_refused_and_the_date_named(mixed, role):
    root = pki.authority()
    theirs = pki.Identity("gw-b", [CHARONS_NAME], issuer=root, days=(-10, -1))
    settings, charon = use_certificates(mixed, "ed25519", theirs=theirs, root=root)
    mixed.start(role, settings, charon)
    # As initiator charon may refuse to use it itself.
    said = try_to_connect(mixed, role)
    assert re.search("CN=gw-b expired on 20|expired", said + mixed.charon.log())


@pytest.mark.parametrize("role", ROLES)
def test_charon_refuses_ours_and_we_say_so(mixed, role):
    other = pki.authority("Other Root")
    ours = pki.Identity("gw-a", [OUR_NAME], issuer=other)
    mixed.start(role, *use_certificates(mixed, "ed25519", ours=ours))
    if role == "initiator":
        assert "the peer refused our AUTH" in try_to_connect(mixed, role)
    else:
        mixed.charon.initiate(check=False)
    assert "no trusted" in mixed.charon.log() and not mixed.charon.is_installed()
    wait_until(lambda: not mixed.us.is_connected(), 10, "nothing stands", mixed.us.explain)


@pytest.mark.parametrize("role", ROLES)
def test_a_pre_shared_key_where_we_expect_a_certificate_is_refused(mixed, role):
    settings, _ = use_certificates(mixed, "ed25519")
    mixed.charon.files = {}
    charons_names = {"local_id": CHARONS_NAME, "remote_id": OUR_NAME}
    mixed.start(role, settings, charons_names)
    said = try_to_connect(mixed, role)
    assert re.search("another method|no hash algorithm|refused our AUTH", said), said
