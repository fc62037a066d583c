"""The ports that the gateway really listens on, and the file that tells them to other programs."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ports:
    """What was listened on; never 0."""

    smpp: int
    http: int


def write_ports(path: Path, ports: Ports) -> None:
    """``{"smpp": n, "http": n}``, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"smpp": ports.smpp, "http": ports.http}) + "\n")
    draft.replace(path)
