"""Which addresses we may connect to. Asked of the very address a socket is about to use.

Names are never judged: whatever a name resolves to is. The tables are ours rather than Python's
`is_global`, which differs between releases and calls 100.64.0.0/10, multicast and several metadata
addresses public.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from ipaddress import (
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.settings import AddressRange

Address: TypeAlias = IPv4Address | IPv6Address


def _networks(*texts: str) -> tuple[AddressRange, ...]:
    return tuple(ip_network(text) for text in texts)


LOOPBACK = _networks("127.0.0.0/8", "::1/128")
PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")

# Answered by clouds to whoever asks, with credentials of the machine. No range ever opens them.
_METADATA = _networks(
    "169.254.0.0/16",  # link-local; AWS, GCP, Azure, OpenStack, DigitalOcean, ECS tasks, EKS pods
    "100.100.100.200/32",  # Alibaba
    "168.63.129.16/32",  # Azure's wire server
    "192.0.0.0/24",  # Oracle's is .192
    "fd00:ec2::/32",  # AWS
    "fd20:ce::254/128",  # GCP
    "fd00:c1::a9fe:a9fe/128",  # Oracle
    "fd00:42::42/128",  # Scaleway
)
_NEVER = (
    *_METADATA,
    *_networks(
        "0.0.0.0/8",  # "this host": connects to loopback on Linux
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/128",
        "fe80::/10",  # link-local
        "ff00::/8",  # multicast
    ),
)
_NOT_PUBLIC = (
    *LOOPBACK,
    *PRIVATE,
    *_networks(
        "100.64.0.0/10",  # carrier-grade NAT, also Tailscale
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "2001::/23",  # protocol assignments
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    ),
)
# All that is handed out to the public is in here.
_PUBLIC_V6 = IPv6Network("2000::/3")

_V4_IN_LAST_BITS = tuple(
    IPv6Network(text)
    for text in (
        "::ffff:0:0/96",  # mapped
        "::/96",  # compatible, deprecated
        "::ffff:0:0:0/96",  # translated
        "64:ff9b::/96",  # NAT64
    )
)
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_6TO4 = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_ISATAP_MARKS = (0x00005EFE, 0x02005EFE)

# What the word stands for in TOPMAST_CLUSTER_RANGES.
_WORDS: dict[str, tuple[AddressRange, ...]] = {"loopback": LOOPBACK, "private": PRIVATE, "none": ()}


class Ban(StrEnum):
    """Why no socket may connect to an address."""

    NOT_NUMERIC = "not_numeric"
    NEVER = "never"
    OUTSIDE = "outside"


def ban_on(address: str, allowed_ranges: Sequence[AddressRange]) -> tuple[Ban, str] | None:
    """None when a socket may connect to this numeric address; else why not, and which address it is about.

    Public addresses are allowed, private ones only within the ranges, metadata services, link-local,
    multicast, reserved and unspecified addresses never. What is not a numeric address is refused. The
    address it is about is another one where an IPv6 address carries an IPv4 one.
    """
    try:
        candidates = _carried_by(ip_address(address))
    except ValueError:
        return Ban.NOT_NUMERIC, address
    for candidate in candidates:
        if _is_in(candidate, _NEVER):
            return Ban.NEVER, str(candidate)
        if not _is_in(candidate, allowed_ranges) and not _is_public(candidate):
            return Ban.OUTSIDE, str(candidate)
    return None


def is_in_ranges(address: str, ranges: Sequence[AddressRange]) -> bool:
    """Whether all that a packet to this numeric address may end at is within these networks."""
    return all(_is_in(candidate, ranges) for candidate in _carried_by(ip_address(address)))


def check_address(address: str, allowed_ranges: Sequence[AddressRange]) -> None:
    """Return when a socket may connect to this address of a cluster; else raise ClusterError."""
    ban = ban_on(address, allowed_ranges)
    if ban is not None:
        raise _error_of(*ban, shown=address)


def parse_ranges(text: str) -> tuple[AddressRange, ...]:
    """The networks a setting names, parted by commas or blanks: CIDR, `loopback`, `private`, `none`.

    Raises ValueError with a sentence for the operator.

    >>> parse_ranges("100.64.0.0/10, 10.1.2.3")
    (IPv4Network('100.64.0.0/10'), IPv4Network('10.1.2.3/32'))
    """
    ranges: list[AddressRange] = []
    for word in text.replace(",", " ").split():
        ranges.extend(_WORDS[word.lower()] if word.lower() in _WORDS else (_network(word),))
    return tuple(dict.fromkeys(ranges))


def _network(word: str) -> AddressRange:
    try:
        return ip_network(word)
    except ValueError:
        pass
    try:
        meant = f"; did you mean {ip_network(word, strict=False)}?"
    except ValueError:
        meant = "; write networks such as 10.0.0.0/8, or the words loopback, private, none."
    raise ValueError(f"{word[:60]!r} is not a network{meant}")


def _error_of(ban: Ban, about: str, *, shown: str) -> ClusterError:
    if ban is Ban.NOT_NUMERIC:
        return _blocked(shown, "is not a numeric address", "This is a fault of ours: report it.")
    if ban is Ban.NEVER:
        return _blocked(shown, "is never connected to", "Register the address of the API server itself.")
    return _blocked(
        shown,
        "is not a public address and outside the allowed ranges",
        f"If the cluster is really there, add {about} or its network to TOPMAST_CLUSTER_RANGES.",
    )


def _is_public(address: Address) -> bool:
    if _is_in(address, _NOT_PUBLIC) and not _is_in(address, (_TEREDO,)):
        return False
    return isinstance(address, IPv4Address) or address in _PUBLIC_V6


def _is_in(address: Address, networks: Iterable[AddressRange]) -> bool:
    return any(address in network for network in networks)


def _carried_by(address: Address) -> tuple[Address, ...]:
    """The addresses a packet to this one may end at: itself, or the IPv4 ones hidden in it."""
    if isinstance(address, IPv4Address):
        return (address,)
    bits = int(address)
    plain = IPv6Address(bits)  # without a scope such as %eth0
    if bits > 1 and _is_in(plain, _V4_IN_LAST_BITS):
        return (IPv4Address(bits & 0xFFFFFFFF),)
    if plain in _6TO4:
        return (plain, IPv4Address(bits >> 80 & 0xFFFFFFFF))
    if plain in _TEREDO:
        return (plain, IPv4Address(bits >> 64 & 0xFFFFFFFF), IPv4Address(~bits & 0xFFFFFFFF))
    if plain in _LOCAL_NAT64 or bits >> 32 & 0xFFFFFFFF in _ISATAP_MARKS:
        return (plain, IPv4Address(bits & 0xFFFFFFFF))
    return (plain,)


def _blocked(address: str, what: str, hint: str) -> ClusterError:
    return ClusterError(Reason.BLOCKED_ADDRESS, f"The address {address[:60]} {what}.", hint)
