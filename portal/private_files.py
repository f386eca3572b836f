"""Files only the portal's own user may read: made once, never overwritten."""

import contextlib
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

SECRET_FILE = "session.key"  # noqa: S105 - a name


def read_secret(data_dir: Path) -> str | None:
    """The key that signs sessions, if one was made in this data directory."""
    try:
        return (data_dir / SECRET_FILE).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def read_or_make_secret(data_dir: Path) -> str:
    """The key that signs sessions, from its 0600 file in the data directory; made there at first."""
    try:
        if (found := read_secret(data_dir)) is not None:
            return found
        make_private_file(data_dir / SECRET_FILE, secrets.token_urlsafe(48))
        return (data_dir / SECRET_FILE).read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data directory {data_dir} cannot be used ({error.strerror}). "
            "Set TOPMAST_DATA_DIR to a directory of your own."
        ) from error


def make_private_file(path: Path, text: str) -> None:
    """Write a new file with mode 0600, whole or not at all; one that is there already wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
