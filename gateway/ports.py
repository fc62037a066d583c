"""The ports that the gateway really listens on, and the file that tells them to other programs."""

import json
from dataclasses import dataclass
from pathlib import Path

from gateway.config import StartError


@dataclass(frozen=True, slots=True)
class Ports:
    """What was listened on; never 0."""

    smpp: int
    http: int
    #: None where TLS is not configured.
    smpp_tls: int | None = None


def clear_ports(path: Path) -> None:
    """Take away what an earlier run has told, and see that the file can be written. Raises StartError."""
    try:
        path.unlink(missing_ok=True)
        draft = _draft(path)
        draft.touch()
        draft.unlink()
    except OSError as error:
        raise StartError(f"ports file {path}: {error.strerror or error}") from None


def _draft(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def write_ports(path: Path, ports: Ports) -> None:
    """``{"smpp": n, "http": n}``, with TLS also ``"smpp_tls"``; whole or not at all."""
    draft = _draft(path)
    found = {"smpp": ports.smpp, "http": ports.http}
    if ports.smpp_tls is not None:
        found["smpp_tls"] = ports.smpp_tls
    draft.write_text(json.dumps(found) + "\n")
    draft.replace(path)
