"""Where a cluster is and whom we trust there, each part checked before it is kept.

Whoever gives an address, a certificate or a token may be hostile: what passes here holds no line
breaks, no second address and no way to a file.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from cryptography import x509

from clusters.connection.settings import host_of

_LONGEST_URL = 500
_LARGEST_CA_BYTES = 128 * 1024
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.IGNORECASE)
# Visible ASCII: no blanks, no control characters, nothing that looks like something else.
_VISIBLE = re.compile(r"[!-~]+")
_PATH = re.compile(r"[A-Za-z0-9._~/:-]*")


@dataclass(frozen=True)
class Endpoint:
    """An API server's address and how it proves to be the one. Empty text: not given."""

    server: str
    ca_pem: str = ""
    tls_server_name: str = ""
    skips_tls_verification: bool = False
    proxy_url: str = ""

    @property
    def host(self) -> str:
        """The host that credentials are bound to."""
        return host_of(self.server)


def checked_server(text: str) -> str:
    """The https address of an API server without a last slash. Raises ValueError with a sentence."""
    parts = _checked_url(text)
    if parts.scheme != "https":
        raise ValueError("must begin with https://: a credential never travels in the clear")
    if not _PATH.fullmatch(parts.path) or ".." in parts.path:
        raise ValueError("has a path with characters that no API server needs")
    return text.rstrip("/")


def checked_proxy(text: str) -> str:
    """The http address of a proxy that knows CONNECT. Raises ValueError with a sentence."""
    parts = _checked_url(text)
    if parts.scheme != "http":
        raise ValueError("must begin with http://: only proxies that know CONNECT are used")
    if parts.path not in ("", "/"):
        raise ValueError("must have no path")
    return text.rstrip("/")


def checked_host(text: str) -> str:
    """A host name or a numeric address. Raises ValueError with a sentence."""
    if len(text) > 253 or not (_HOST.fullmatch(text) or _is_address(text)):
        raise ValueError("is not a host name")
    return text


def checked_ca(pem: str) -> str:
    """One or more certificates in PEM, written anew from what was understood. Raises ValueError."""
    if len(pem) > _LARGEST_CA_BYTES:
        raise ValueError(f"is larger than {_LARGEST_CA_BYTES // 1024} kB")
    return "".join(pem_of(certificate) for certificate in certificates_in(pem))


def certificates_in(pem: str) -> list[x509.Certificate]:
    """The certificates in PEM text. Raises ValueError with a sentence where there is none."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode("ascii"))
    except ValueError:
        raise ValueError("holds no readable certificate in PEM") from None
    return found


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as PEM text."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _checked_url(text: str) -> SplitResult:
    if len(text) > _LONGEST_URL:
        raise ValueError(f"is longer than {_LONGEST_URL} characters")
    if not _VISIBLE.fullmatch(text) or "\\" in text:
        raise ValueError("is not an address: it has blanks or characters that do not belong there")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not an address") from None
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("must end with the host, the port or a path")
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("names no usable port")
    if not parts.hostname:
        raise ValueError("names no host, such as https://api.example.com:6443")
    checked_host(parts.hostname)
    return parts


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return False
