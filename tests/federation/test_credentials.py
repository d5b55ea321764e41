"""Certificates say who the coordinator is, keys who a hospital is, and not everybody may read."""

import ipaddress
import os
import stat

import pytest

pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from course_utils.federation import credentials


@pytest.fixture
def keys(tmp_path):
    credentials.certificates(tmp_path / "keys")
    credentials.hospital(tmp_path / "keys", "A")
    return tmp_path / "keys"


def certificate(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_authority_signed_the_coordinators_certificate(keys):
    authority, own = certificate(keys / "ca.pem"), certificate(keys / "coordinator.pem")
    own.verify_directly_issued_by(authority)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_it_is_for_this_computer_alone(keys):
    own = certificate(keys / "coordinator.pem").extensions
    names = own.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]


def test_it_can_be_made_for_another_computer(tmp_path):
    credentials.certificates(tmp_path, ["coordinator.example", "192.0.2.7"])
    own = certificate(tmp_path / "coordinator.pem").extensions
    names = own.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["coordinator.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("192.0.2.7")]


def test_it_ends_after_a_month(keys):
    own = certificate(keys / "coordinator.pem")
    assert 30 <= (own.not_valid_after_utc - own.not_valid_before_utc).days <= 31


def test_the_key_belongs_to_the_certificate(keys):
    key = load_pem_private_key((keys / "coordinator.key").read_bytes(), None)
    assert key.public_key() == certificate(keys / "coordinator.pem").public_key()


def test_a_hospitals_two_keys_belong_together(keys):
    key = load_ssh_private_key((keys / "A.key").read_bytes(), None)
    assert isinstance(key.curve, ec.SECP384R1)
    assert key.public_key() == load_ssh_public_key((keys / "A.pub").read_bytes())


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
def test_secrets_are_for_their_owner_alone(keys):
    secret = {path.name for path in keys.iterdir() if b"PRIVATE KEY" in path.read_bytes()}
    assert secret == {"coordinator.key", "A.key"}
    for name in secret:
        assert stat.S_IMODE((keys / name).stat().st_mode) == 0o600


def test_the_authoritys_own_key_is_kept_nowhere(keys):
    authority = certificate(keys / "ca.pem").public_key()
    key = load_pem_private_key((keys / "coordinator.key").read_bytes(), None)
    assert key.public_key() != authority
    names = {path.name for path in keys.iterdir()}
    assert names == {"ca.pem", "coordinator.pem", "coordinator.key", "A.key", "A.pub"}


def test_each_federation_has_keys_of_its_own(keys, tmp_path):
    credentials.certificates(tmp_path / "others")
    for name in ("ca.pem", "coordinator.key"):
        assert (keys / name).read_bytes() != (tmp_path / "others" / name).read_bytes()
