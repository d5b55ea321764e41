"""Certificates and keys of a federation, made on the spot.

A certificate tells a hospital that it speaks to the coordinator and to nobody else; a hospital's
key tells the coordinator the same of the hospital. The authority's own key is thrown away once it
has signed: nothing else can be signed later.
"""

import datetime
import functools
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
AUTHORITY = "federation of the course"


def certificates(folder: Path, hosts: Sequence[str] = ("localhost", "127.0.0.1")) -> None:
    """Make an authority and the coordinator's certificate, signed by it.

    Every hospital gets ``ca.pem``; ``coordinator.pem`` and ``coordinator.key`` stay with the
    coordinator, which hospitals reach under these names and addresses.
    """
    authority, own = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    root = _signed(AUTHORITY, authority, authority)
    certificate = _signed(
        hosts[0],
        own,
        authority,
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        x509.SubjectAlternativeName(list(map(_host, hosts))),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),
    )
    _write(folder / "ca.pem", root.public_bytes(Encoding.PEM))
    _write(folder / "coordinator.pem", certificate.public_bytes(Encoding.PEM))
    secret = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder / "coordinator.key", secret, mode=0o600)


def hospital(folder: Path, name: str) -> None:
    """Make a hospital's pair of keys: ``<name>.key`` never leaves it, ``<name>.pub`` may.

    ``ssh-keygen -t ecdsa -b 384`` makes the same kind.
    """
    key = ec.generate_private_key(ec.SECP384R1())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    _write(folder / f"{name}.key", secret, mode=0o600)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    _write(folder / f"{name}.pub", public)


def _signed(name: str, key, authority, *extensions: x509.ExtensionType) -> x509.Certificate:
    """Certify a key: the authority's own signs certificates, any other one signs what it says."""
    ca = key is authority
    usage = x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    subject, issuer = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, AUTHORITY)
    )
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        # Clocks differ a little between computers.
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca, path_length=0 if ca else None), critical=True)
        .add_extension(usage, critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(authority, hashes.SHA256())


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    # With its mode from the first moment: a secret must not be readable even for an instant.
    opener = functools.partial(os.open, mode=mode)
    with files.atomic(path) as new, open(new, "xb", opener=opener) as file:
        file.write(content)
