"""The files behind ``[tls]``: read and checked before a port opens."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from gateway.config import Tls

T = TypeVar("T")


class TlsFileError(Exception):
    """A file cannot be used; the message names it and says why. It never shows what is in it."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """``chain`` begins with the gateway's own certificate; ``client_ca`` is empty where none was set."""

    chain: tuple[x509.Certificate, ...]
    private_key: PrivateKeyTypes = field(repr=False)
    client_ca: tuple[x509.Certificate, ...] = ()


def read_tls_files(tls: Tls) -> TlsFiles:
    """Read all three, PEM. Raises TlsFileError for the first that cannot be used."""
    ca = () if tls.client_ca is None else _certificates("client_ca", tls.client_ca)
    return TlsFiles(_certificates("certificate", tls.certificate), _private_key(tls.private_key), ca)


def problems_of_files(tls: Tls) -> Iterator[str]:
    """One line for each file that cannot be used, and for a key that is not the certificate's."""
    problems: list[str] = []
    chain = _tried(lambda: _certificates("certificate", tls.certificate), problems)
    key = _tried(lambda: _private_key(tls.private_key), problems)
    if tls.client_ca is not None:
        authority = tls.client_ca
        _tried(lambda: _certificates("client_ca", authority), problems)
    if chain is not None and key is not None and _spki(key.public_key()) != _spki(chain[0].public_key()):
        problems.append(f"tls.private_key {tls.private_key} does not belong to the certificate")
    yield from problems


def _tried(read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except TlsFileError as error:
        problems.append(str(error))
    return None


def _octets(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsFileError(f"tls.{name} {path}: {error.strerror or type(error).__name__}") from None


def _certificates(name: str, path: Path) -> tuple[x509.Certificate, ...]:
    octets = _octets(name, path)
    try:
        return tuple(x509.load_pem_x509_certificates(octets))
    except ValueError:
        raise TlsFileError(f"tls.{name} {path}: no certificate in PEM form") from None


def _private_key(path: Path) -> PrivateKeyTypes:
    octets = _octets("private_key", path)
    try:
        return load_pem_private_key(octets, password=None)
    except TypeError:
        raise TlsFileError(f"tls.private_key {path}: is encrypted; use a key without a passphrase") from None
    except Exception:  # noqa: BLE001 - cryptography has an exception of its own for each broken form
        raise TlsFileError(f"tls.private_key {path}: no private key in PEM form") from None


def _spki(key: object) -> bytes:
    # The union of public key types in cryptography has members without this method, which no file holds.
    octets: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return octets
