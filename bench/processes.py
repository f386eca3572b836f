"""What processes cost, by /proc: CPU seconds, and memory with shared pages counted once."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def family_of(process_id: int) -> list[int]:
    """A process and all that descend from it."""
    children = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children[int(fields[1])].append(int(entry.name))
    family, waiting = [], [process_id]
    while waiting:
        one = waiting.pop()
        family.append(one)
        waiting += children[one]
    return family


def cpu_seconds(process_ids: Iterable[int]) -> float:
    """User and system time of processes so far; one that has ended counts nothing."""
    return sum(_ticks(one) for one in process_ids) / TICKS_PER_SECOND


def memory_bytes(process_ids: Iterable[int]) -> int:
    """Their proportional set size."""
    return sum(_pss_bytes(one) for one in process_ids)


def _ticks(process_id: int) -> int:
    fields = _stat(process_id)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _stat(process_id: int) -> list[str]:
    """The fields after the name, which may itself hold blanks and brackets; empty where it has ended."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _pss_bytes(process_id: int) -> int:
    try:
        text = Path(f"/proc/{process_id}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024
