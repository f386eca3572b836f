"""Seals cluster credentials so that whoever holds the database cannot read or move them.

A sealed box: an X25519 key made for this one secret and the portal's public key agree on a key for
AES-256-GCM. Sealing takes the public key alone; opening takes the key file. The additional data binds
a box to its cluster and to the host it may be sent to, so a row moved to another cluster, or a server
address changed behind our back, makes the box unreadable instead of sending the secret elsewhere.
"""

import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clusters.connection.errors import ClusterError, Reason

_FORMAT = b"\x01"
_KEY_ID_BYTES = 8
_PUBLIC_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = len(_FORMAT) + _KEY_ID_BYTES + _PUBLIC_BYTES + _NONCE_BYTES
_PURPOSE = b"topmast cluster credential"


@dataclass(frozen=True)
class PublicKey:
    """What seals. Holds no secret."""

    public: bytes

    @property
    def key_id(self) -> str:
        """Sixteen hexadecimal digits that name the pair; the same on both halves."""
        return _sha256(self.public)[:_KEY_ID_BYTES].hex()


class PrivateKey:
    """What opens. Neither repr nor attributes of its own show it by accident."""

    __slots__ = ("_private", "public_key")

    def __init__(self, private: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(private)
        self.public_key = PublicKey(self._private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "PrivateKey":
        """A new one."""
        return cls(os.urandom(32))

    def __repr__(self) -> str:
        return f"PrivateKey({self.public_key.key_id})"

    def agree(self, public: bytes) -> bytes:
        """The secret shared with the other side. Raises ValueError for a degenerate public key."""
        return self._private.exchange(X25519PublicKey.from_public_bytes(public))

    def private_bytes(self) -> bytes:
        """The key itself, for the key file alone."""
        return self._private.private_bytes_raw()


class Keyring:
    """The keys of one key file: the first seals, every one opens."""

    __slots__ = ("_by_id", "keys")

    def __init__(self, keys: tuple[PrivateKey, ...]) -> None:
        if not keys:
            raise ValueError("a keyring needs a key")
        self.keys = keys
        self._by_id = {key.public_key.key_id: key for key in keys}

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._by_id)})"

    @property
    def public_key(self) -> PublicKey:
        """The half that seals new credentials."""
        return self.keys[0].public_key

    def key(self, key_id: str) -> PrivateKey:
        """The key of that id. Raises ClusterError where the file has none."""
        if key_id not in self._by_id:
            raise _unreadable(
                f"The credential is sealed with key {key_id}, which is not in the key file.",
                "Put that key back into TOPMAST_KEY_FILE, or give the credential again: "
                "manage.py set_credential.",
            )
        return self._by_id[key_id]


def seal(secret: bytes, public_key: PublicKey, cluster_uuid: UUID, host: str) -> bytes:
    """Close a secret into a box that only the key file opens, for this cluster at this host."""
    once = PrivateKey.generate()
    nonce = os.urandom(_NONCE_BYTES)
    head = _FORMAT + bytes.fromhex(public_key.key_id) + once.public_key.public + nonce
    cipher = _cipher(once.agree(public_key.public), once.public_key.public, public_key.public)
    return head + cipher.encrypt(nonce, secret, _bound_to(head, cluster_uuid, host))


def open_sealed(sealed: bytes, keyring: Keyring, cluster_uuid: UUID, host: str) -> bytes:
    """The secret in a box. Raises ClusterError where it was not sealed for this cluster and host."""
    if len(sealed) < _HEAD_BYTES + _TAG_BYTES or sealed[:1] != _FORMAT:
        raise _damaged()
    head, ciphertext = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
    key = keyring.key(key_id_of(sealed))
    public_at = len(_FORMAT) + _KEY_ID_BYTES
    once_public, nonce = head[public_at : public_at + _PUBLIC_BYTES], head[-_NONCE_BYTES:]
    try:
        cipher = _cipher(key.agree(once_public), once_public, key.public_key.public)
        return cipher.decrypt(nonce, ciphertext, _bound_to(head, cluster_uuid, host))
    except (InvalidTag, ValueError):
        # Without the cause: its frames hold key material that a traceback page might show.
        raise _damaged() from None


def key_id_of(sealed: bytes) -> str:
    """Which key a box is sealed with."""
    return sealed[len(_FORMAT) : len(_FORMAT) + _KEY_ID_BYTES].hex()


def fingerprint(secret: bytes) -> str:
    """Eight hexadecimal digits to tell two secrets apart by; too few to find one."""
    return _sha256(_PURPOSE + b" fingerprint\0" + secret)[:4].hex()


def _bound_to(head: bytes, cluster_uuid: UUID, host: str) -> bytes:
    return b"|".join((_PURPOSE, head, str(cluster_uuid).encode(), host.lower().encode()))


def _cipher(shared: bytes, once_public: bytes, public: bytes) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=once_public + public, info=_PURPOSE).derive(shared)
    return AESGCM(derived)


def _sha256(content: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(content)
    return digest.finalize()


def _damaged() -> ClusterError:
    return _unreadable(
        "The stored credential was not sealed for this cluster at this address, or it is damaged.",
        "Give it again: manage.py set_credential.",
    )


def _unreadable(what: str, hint: str) -> ClusterError:
    return ClusterError(Reason.CREDENTIAL, what, hint)
