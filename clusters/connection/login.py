"""Who we are to a cluster: the one part of a registration that is secret."""

import base64
import binascii
import json
import re
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from clusters.connection.credentials import fingerprint
from clusters.connection.endpoint import certificates_in, pem_of
from clusters.connection.errors import ClusterError, Reason

TOKEN: Final = "token"  # noqa: S105
CLIENT_CERTIFICATE: Final = "client_certificate"
SERVICE_ACCOUNT: Final = "service_account"

_LONGEST_TOKEN = 16 * 1024
_LARGEST_PEM_BYTES = 64 * 1024
# What may stand in an Authorization header: no blanks, no line breaks.
_TOKEN = re.compile(r"[!-~]+")
_LATEST_MS = 253_402_300_799_000  # the end of the year 9999


class Login(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token, a client certificate with its key, or the portal's own service account.

    The last holds no secret: its token changes by the hour and is read from its file each time.
    """

    kind: Literal["token", "client_certificate", "service_account"]
    token: str = ""
    certificate_pem: str = ""
    key_pem: str = ""

    def __repr__(self) -> str:
        return f"Login({self.kind} {self.fingerprint})"

    __str__ = __repr__

    @property
    def fingerprint(self) -> str:
        """A few digits to tell two logins apart by."""
        return fingerprint(encode(self))

    @property
    def expires_at_ms(self) -> int | None:
        """When it ends by itself, UTC; None where it does not say."""
        if self.kind == TOKEN:
            return _token_expiry_ms(self.token)
        if self.kind == CLIENT_CERTIFICATE:
            ends = certificates_in(self.certificate_pem)[0].not_valid_after_utc
            return int(ends.timestamp() * 1000)
        return None


def encode(login: Login) -> bytes:
    """The bytes that are sealed."""
    return msgspec.json.encode(login)


def decode(content: bytes) -> Login:
    """The login in opened bytes."""
    try:
        return msgspec.json.decode(content, type=Login)
    except msgspec.MsgspecError:
        raise ClusterError(
            Reason.CREDENTIAL,
            "The stored credential is of a kind this version does not know.",
            "Give it again: manage.py set_credential.",
        ) from None


def token_login(text: str) -> Login:
    """A bearer token; blanks around it are dropped. Raises ValueError with a sentence."""
    token = text.strip()
    if not token:
        raise ValueError("is empty; a new token Secret is filled within a second or two: try again")
    if len(token) > _LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise ValueError("is not a token: it must be one line of at most 16 kB without blanks")
    return Login(kind=TOKEN, token=token)


def certificate_login(certificate_pem: str, key_pem: str) -> Login:
    """A client certificate and its key, in PEM and without a pass phrase. Raises ValueError."""
    if len(certificate_pem) > _LARGEST_PEM_BYTES or len(key_pem) > _LARGEST_PEM_BYTES:
        raise ValueError(f"is larger than {_LARGEST_PEM_BYTES // 1024} kB")
    certificates = certificates_in(certificate_pem)
    if _public_half(key_pem) != _spki(certificates[0].public_key()):
        raise ValueError("does not belong to the client certificate")
    text = "".join(pem_of(certificate) for certificate in certificates)
    return Login(kind=CLIENT_CERTIFICATE, certificate_pem=text, key_pem=key_pem.strip() + "\n")


def service_account_login() -> Login:
    """The account of the pod that we run in."""
    return Login(kind=SERVICE_ACCOUNT)


def service_account_token(folder: Path) -> str:
    """The token of the pod that we run in, as it is now. Raises ClusterError outside of a pod."""
    try:
        return token_login((folder / "token").read_text()).token
    except (OSError, ValueError):
        raise ClusterError(
            Reason.CREDENTIAL,
            f"There is no service account token in {folder}.",
            "Run the portal in the cluster, with automountServiceAccountToken, or give the cluster a token: "
            "manage.py set_credential.",
        ) from None


def _public_half(key_pem: str) -> bytes:
    try:
        return _spki(load_pem_private_key(key_pem.encode("ascii"), password=None).public_key())
    except (ValueError, TypeError):
        # Without the cause: it may quote what it could not read.
        raise ValueError("is not a private key in PEM without a pass phrase") from None


def _spki(public_key: object) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


def _token_expiry_ms(token: str) -> int | None:
    """`exp` of a JSON web token, unchecked: only the API server can tell whether it is true."""
    pieces = token.split(".")
    if len(pieces) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
        expires = claims.get("exp")
    except (ValueError, binascii.Error, AttributeError, RecursionError):
        return None
    if isinstance(expires, bool) or not isinstance(expires, int | float) or not 0 < expires < _LATEST_MS:
        return None
    return min(int(expires * 1000), _LATEST_MS)
