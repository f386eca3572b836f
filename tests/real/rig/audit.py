"""Reads an API server's audit log: who asked what, and what was refused."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Asked:
    """One kind of request of one user, as an RBAC rule would name it, and how it was answered."""

    user: str
    verb: str
    group: str
    resource: str
    path: str
    code: int

    @property
    def is_refused(self) -> bool:
        """True when authorisation said no."""
        return self.code == 403


def read(log: Path, *, from_byte: int = 0) -> Iterator[Asked]:
    """Every request in the log from a position on; a last line still being written is left out."""
    if not log.exists():
        return
    with log.open("rb") as lines:
        lines.seek(from_byte)
        for line in lines:
            if line.endswith(b"\n"):
                yield _asked(json.loads(line))


def _asked(event: dict[str, object]) -> Asked:
    user, target, status = (
        part if isinstance(part := event.get(name), dict) else {}
        for name in ("user", "objectRef", "responseStatus")
    )
    resource = "/".join(filter(None, (target.get("resource"), target.get("subresource"))))
    path = "" if resource else str(event["requestURI"]).partition("?")[0]
    return Asked(
        user=str(user.get("username", "")),
        verb=str(event["verb"]),
        group=str(target.get("apiGroup", "")),
        resource=resource,
        path=path,
        code=int(status.get("code", 0)),
    )
