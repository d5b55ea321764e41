"""Certificates and keys of a federation, made on the spot.

A certificate tells a hospital that it speaks to the coordinator and to nobody else; a hospital's
key tells the coordinator the same of the hospital. What must stay secret is readable by its owner
alone. The authority's own key is thrown away once it has signed: nothing else can be signed later.
"""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from course_utils.core import files

DAYS = 30


def certificates(folder: Path, hosts: Sequence[str] = ("localhost", "127.0.0.1")) -> None:
    """Make an authority and the coordinator's certificate, signed by it.

    Parameters
    ----------
    folder : Path
        Where to write ``ca.pem``, which every hospital gets, and ``coordinator.pem`` and
        ``coordinator.key``, which stay with the coordinator.
    hosts : sequence of str
        Names and addresses under which hospitals reach the coordinator.
    """
    authority, own = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    issuer = _named("federation of the course")
    root = (
        _begun(issuer, issuer, authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_may(sign=True), critical=True)
        .sign(authority, hashes.SHA256())
    )
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    certificate = (
        _begun(_named(hosts[0]), issuer, own)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_may(sign=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(list(map(_host, hosts))), critical=False)
        .add_extension(signer, critical=False)
        .sign(authority, hashes.SHA256())
    )
    _write(folder / "ca.pem", root.public_bytes(Encoding.PEM), 0o644)
    _write(folder / "coordinator.pem", certificate.public_bytes(Encoding.PEM), 0o644)
    secret = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder / "coordinator.key", secret, 0o600)


def hospital(folder: Path, name: str) -> None:
    """Make a hospital's pair of keys: ``<name>.key`` never leaves it, ``<name>.pub`` may.

    ``ssh-keygen -t ecdsa -b 384`` makes the same kind.
    """
    key = ec.generate_private_key(ec.SECP384R1())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    _write(folder / f"{name}.key", secret, 0o600)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    _write(folder / f"{name}.pub", public, 0o644)


def _begun(subject: x509.Name, issuer: x509.Name, key) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        # Clocks differ a little between computers.
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _may(sign: bool) -> x509.KeyUsage:
    """An authority signs certificates, the coordinator's certificate signs what it says."""
    return x509.KeyUsage(
        digital_signature=not sign,
        key_cert_sign=sign,
        crl_sign=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes, mode: int) -> None:
    with files.atomic(path) as new:
        # With its mode from the first moment: a secret must not be readable even for an instant.
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
