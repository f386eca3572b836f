"""What an address of a destination may look like. Pure: nothing is resolved here.

Stricter than browsers and resolvers are: whatever two programs could read differently is refused, so that
what was checked is what is connected to.
"""

import re
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urlsplit

LONGEST = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}
PUBLIC_PORTS = frozenset({443, 8443, 80})
"""Where web servers on public addresses are; inside the allowed ranges any port will do."""
PUBLIC_MAIL_PORTS = frozenset({25, 465, 587, 2525})

_PRINTABLE = re.compile(r"[!-~]+", re.ASCII)
_NEVER_IN_URLS = re.compile(r"[\"<>\\^`{|}]")
_NETLOC = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_LOOKS_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)


@dataclass(frozen=True)
class WebAddress:
    """An http(s) address in its parts. Path and query are a secret and stay out of the repr."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def web_address(url: str) -> WebAddress:
    """The parts of an http(s) address. Raises ValueError with what is wrong, to follow "The address".

    >>> web_address("https://Hooks.example.com/T1/b2?x=1").authority
    'hooks.example.com'
    """
    check_characters(url)
    if "#" in url:
        raise ValueError("has a #; leave out what follows it")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("has no host and port that can be understood") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("must begin with https:// (or http:// for a receiver in your own network)")
    if "@" in parts.netloc:
        raise ValueError("has a user name or password in it; leave out what stands before the @")
    host, port = host_and_port(parts.netloc)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    return WebAddress(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], target)


def check_characters(url: str) -> None:
    """Refuse what no address has: blanks, line ends, letters beyond ASCII. Raises ValueError."""
    if not url:
        raise ValueError("is empty")
    if len(url) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    if not url.isascii():
        raise ValueError("has letters beyond ASCII; write a host as xn--… and the rest with %-escapes")
    if not _PRINTABLE.fullmatch(url):
        raise ValueError("has a blank, a line break or another character that no address has")
    if _NEVER_IN_URLS.search(url):
        raise ValueError('has one of " < > \\ ^ ` { | }, which no address has')


def host_and_port(netloc: str) -> tuple[str, int | None]:
    """Both, where they are written as they should be. Raises ValueError."""
    found = _NETLOC.fullmatch(netloc)
    if found is None:
        raise ValueError("has no host and port that can be understood")
    port = int(found[2]) if found[2] else None
    if port is not None and not 1 <= port <= 65535:
        raise ValueError("has no port from 1 to 65535 after the colon")
    return checked_host(found[1]), port


def checked_host(text: str) -> str:
    """A host name or numeric address in lower case. Raises ValueError.

    Numbers that resolvers would take for an address in another notation (127.1, 0x7f000001) are refused.
    """
    host = text.lower()
    if host.startswith("["):
        return _ipv6(host)
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("has no host that can be understood")
    if _LOOKS_NUMERIC.fullmatch(labels[-1]):
        return _ipv4(host)
    return host


def _ipv4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except AddressValueError:
        raise ValueError("has a number for a host that is not written like 192.0.2.1") from None


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host.removeprefix("[").removesuffix("]"))
    except AddressValueError:
        raise ValueError("has brackets without an IPv6 address in them") from None
    if address.scope_id:
        raise ValueError("names a network card (%…), which only this machine knows")
    return str(address)
