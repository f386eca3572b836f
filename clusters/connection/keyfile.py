"""The file of keys that open cluster credentials, and beside it the public half that seals them.

One line a key: its id and the key in base64. The first seals, all open. To change keys, a new one is put
first (`add_key`), every credential is sealed anew (`registry.seal_anew`), and only then may the old one go.
"""

import base64
import binascii
import logging
import os
import tempfile
from pathlib import Path

from clusters.connection.credentials import Keyring, PrivateKey, PublicKey
from clusters.connection.errors import ClusterError, Reason

_log = logging.getLogger(__name__)

_TITLE = (
    "# Topmast's keys for cluster credentials: the first seals, all open. Keep it secret and keep a copy."
)
_PUBLIC_TITLE = "# The public half of Topmast's key for cluster credentials. Not secret."
_LARGEST_BYTES = 64 * 1024


class KeyFileError(ClusterError):
    """The key file is missing or is not one."""

    def __init__(self, path: Path, what: str, hint: str) -> None:
        super().__init__(Reason.CREDENTIAL, f"The key file {path} {what}.", hint)


def public_path(path: Path) -> Path:
    """Where the public half of a key file is."""
    return path.with_name(path.name + ".pub")


def make_or_load_keyring(path: Path) -> Keyring:
    """The keys in a file, made with a new key (mode 0600) where there is none yet."""
    if not path.exists():
        _make(path)
    return load_keyring(path)


def load_keyring(path: Path) -> Keyring:
    """The keys in a file; its public half is written beside it where that is missing or another.

    Raises KeyFileError where it cannot be read.
    """
    keyring = Keyring(tuple(_private_key(path, *line) for line in _lines(path)))
    _publish(path, keyring.public_key)
    return keyring


def make_key_file(path: Path) -> Keyring:
    """A new key file. Raises KeyFileError where there is one already: it is never replaced."""
    if path.exists():
        raise KeyFileError(path, "is there already", "Keep it, or add a key to it: manage.py make_key --add.")
    _make(path)
    return load_keyring(path)


def add_key(path: Path) -> Keyring:
    """Put a new key before those in a file; the others go on opening what they sealed."""
    keys = (PrivateKey.generate(), *load_keyring(path).keys)
    _written_beside(path, _text_of(keys)).replace(path)
    return load_keyring(path)


def make_or_load_public_key(path: Path) -> PublicKey:
    """The key that seals. Where only the public half is, that is enough and no key is made."""
    if public_path(path).exists():
        return load_public_key(path)
    return make_or_load_keyring(path).public_key


def load_public_key(path: Path) -> PublicKey:
    """The public half beside a key file, for processes that seal and never open."""
    beside = public_path(path)
    key_id, public = _lines(beside)[0]
    key = PublicKey(public)
    if key.key_id != key_id or len(public) != 32:
        raise KeyFileError(beside, "is damaged", "Delete it: it is made again from the key file.")
    return key


def _private_key(path: Path, key_id: str, private: bytes) -> PrivateKey:
    try:
        key = PrivateKey(private)
    except ValueError:
        raise _not_a_key_file(path) from None
    if key.public_key.key_id != key_id:
        raise _not_a_key_file(path)
    return key


def _lines(path: Path) -> list[tuple[str, bytes]]:
    """(key id, key) of each line. Nothing of the content ever reaches a message."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES).decode("ascii")
        lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        keys = [(key_id, base64.b64decode(encoded, validate=True)) for key_id, encoded in lines]
    except FileNotFoundError:
        raise KeyFileError(
            path, "does not exist", "Set TOPMAST_KEY_FILE to the file the credentials were sealed with."
        ) from None
    except OSError as error:
        raise KeyFileError(
            path, f"cannot be read ({error.strerror})", "Let the portal's user read it."
        ) from None
    except (ValueError, binascii.Error):
        raise _not_a_key_file(path) from None
    if not keys:
        raise _not_a_key_file(path)
    return keys


def _not_a_key_file(path: Path) -> KeyFileError:
    return KeyFileError(
        path, "is not a key file or is damaged", "Put the copy back: without it no credential opens."
    )


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _written_beside(path, _text_of((PrivateKey.generate(),)))
    try:
        # Unlike a rename, a link never replaces the key another process made a moment ago.
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
    _log.info("made the key file %s", path)


def _text_of(keys: tuple[PrivateKey, ...]) -> str:
    lines = (f"{key.public_key.key_id} {base64.b64encode(key.private_bytes()).decode()}\n" for key in keys)
    return f"{_TITLE}\n{''.join(lines)}"


def _publish(path: Path, key: PublicKey) -> None:
    line = f"{key.key_id} {base64.b64encode(key.public).decode()}"
    text = f"{_PUBLIC_TITLE}\n{line}\n"
    beside = public_path(path)
    try:
        if beside.exists() and beside.read_text() == text:
            return
        temporary = _written_beside(beside, text)
        temporary.chmod(0o644)
        temporary.replace(beside)
    except OSError as error:
        # A key file mounted read-only opens all the same; only those that seal miss the other one.
        _log.warning("%s cannot be written: %s", beside, error.strerror)


def _written_beside(path: Path, text: str) -> Path:
    """A new file in the same folder, mode 0600 from its first moment, safely on the disk."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
