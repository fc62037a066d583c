"""Certificate and key files: what is read, and one clear line for what cannot be used."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from gateway.config import Tls
from gateway.tls_files import TlsFileError, problems_of_files, read_tls_files
from tests.gateway.certificates import Made, make


@pytest.fixture
def server(tmp_path: Path) -> Made:
    return make(tmp_path, "server", make(tmp_path, "ca"))


def test_a_chain_its_key_and_the_authority_are_read(tmp_path: Path, server: Made) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(server.certificate_file.read_bytes() + (tmp_path / "ca.pem").read_bytes())
    tls = Tls(certificate=chain, private_key=server.key_file, client_ca=tmp_path / "ca.pem")
    files = read_tls_files(tls)
    assert files.chain[0] == server.certificate
    assert (len(files.chain), len(files.client_ca)) == (2, 1)
    assert list(problems_of_files(tls)) == []
    assert "private_key" not in repr(files)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("certificate", None, "No such file"),
        ("certificate", b"", "no certificate"),
        ("certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
        ("private_key", None, "No such file"),
        ("private_key", b"junk", "no private key"),
        ("private_key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private key"),
        ("client_ca", None, "No such file"),
        ("client_ca", b"\xff\x00", "no certificate"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, server: Made, name: str, content: bytes | None, says: str
) -> None:
    broken = tmp_path / "broken"
    if content is not None:
        broken.write_bytes(content)
    paths: dict[str, Any] = {
        "certificate": server.certificate_file,
        "private_key": server.key_file,
        name: broken,
    }
    tls = Tls(**paths)
    (problem,) = problems_of_files(tls)
    assert problem.startswith(f"tls.{name} {broken}: ")
    assert says in problem
    with pytest.raises(TlsFileError, match=says):
        read_tls_files(tls)


def test_a_folder_in_a_files_place_is_named(tmp_path: Path, server: Made) -> None:
    (problem,) = problems_of_files(Tls(certificate=tmp_path, private_key=server.key_file))
    assert "Is a directory" in problem


def test_a_key_with_a_passphrase_is_told(tmp_path: Path, server: Made) -> None:
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        server.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2"))
    )
    (problem,) = problems_of_files(Tls(certificate=server.certificate_file, private_key=locked))
    assert "encrypted" in problem


def test_a_key_of_another_certificate_is_told(tmp_path: Path, server: Made) -> None:
    other = make(tmp_path, "other")
    (problem,) = problems_of_files(Tls(certificate=server.certificate_file, private_key=other.key_file))
    assert problem == f"tls.private_key {other.key_file} does not belong to the certificate"


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    assert len(list(problems_of_files(Tls(certificate=nothing, private_key=nothing, client_ca=nothing)))) == 3
