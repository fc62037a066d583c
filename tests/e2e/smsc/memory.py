"""How much memory a process holds, as Linux tells it."""

from pathlib import Path

_KIB = 1024


def resident_octets(pid: int) -> int:
    """VmRSS. Raises FileNotFoundError where there is no /proc or no such process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * _KIB
    return 0
