"""Answers of real programs, as recorded in tests/data."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"


def body(name: str) -> bytes:
    """A recorded answer, as it came over the wire."""
    return gzip.decompress((DATA / f"{name}.gz").read_bytes())


def answer(name: str) -> Any:
    """A recorded JSON answer."""
    return json.loads(body(name))


def lines(name: str) -> list[bytes]:
    """The lines of a recorded stream or collection."""
    return body(name).splitlines()


def values(name: str) -> Iterator[Any]:
    """The JSON values of a collection, one a line."""
    return map(json.loads, lines(name))
