"""Opens the socket to a receiver: resolve once, judge every address, connect, TLS; all within a deadline.

Beside outbound.py and letters.py the only module of metrics.notify that touches a network. Names are never
judged: what they resolve to is, and once more the very address that the socket got connected to.
"""

import functools
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass

from clusters.connection.guard import Ban, ban_on, is_in_ranges
from clusters.connection.settings import AddressRange
from metrics.notify.kinds.kind import OutboundFault

CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 15.0
RESOLVERS = 32

Resolve = Callable[[str, int], list[str]]

# Own threads: the system's resolver knows no deadline.
_resolvers = ThreadPoolExecutor(max_workers=RESOLVERS, thread_name_prefix="resolve")


class Deadline:
    """A moment of the monotonic clock, by which all of an exchange must be over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends_at_seconds = time.monotonic() + seconds

    def left_seconds(self) -> float:
        """What remains. Raises OutboundFault where nothing does."""
        left = self._ends_at_seconds - time.monotonic()
        if left <= 0:
            raise self.missed()
        return left

    def missed(self) -> OutboundFault:
        """What to say where it has come."""
        return OutboundFault("timeout", f"No answer came within {self.seconds:.0f} s.")

    def arm(self, sock: socket.socket) -> None:
        """Have the next call on a socket end in time."""
        sock.settimeout(self.left_seconds())


def resolve_by_system(host: str, port: int) -> list[str]:
    """Every address of a name, as the system's resolver gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@functools.cache
def system_context() -> ssl.SSLContext:
    """TLS with the system's authorities; one for all, because making one takes 20 ms."""
    return ssl.create_default_context()


@dataclass(frozen=True)
class Line:
    """How we may reach receivers: what the operator allows, who resolves, whom TLS trusts."""

    allowed_ranges: Sequence[AddressRange] = ()
    resolve: Resolve = resolve_by_system
    context: Callable[[], ssl.SSLContext] = system_context
    connect_seconds: float = CONNECT_SECONDS
    whole_seconds: float = WHOLE_SECONDS


def dial(
    host: str, port: int, *, line: Line, public_ports: frozenset[int], deadline: Deadline
) -> socket.socket:
    """A socket connected to an allowed address of `host`. Raises OutboundFault."""
    connecting = Deadline(min(line.connect_seconds, deadline.left_seconds()))
    addresses = _resolved(host, port, line, connecting)
    for address in addresses:
        _check(address, port, line.allowed_ranges, public_ports)
    for place, address in enumerate(addresses):
        try:
            return _connected(address, port, line, public_ports, connecting)
        except OSError as error:
            if place == len(addresses) - 1:
                raise _connection_fault(error) from error
    raise OutboundFault("dns", "The host has no address. Check its name and the portal's DNS.")


def secure(sock: socket.socket, host: str, *, line: Line, deadline: Deadline) -> ssl.SSLSocket:
    """TLS on a connected socket; the certificate must be the host's. Raises OutboundFault."""
    try:
        deadline.arm(sock)
        return line.context().wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise OutboundFault(
            "tls", f"The receiver's certificate is not trusted: {error.verify_message}."
        ) from error
    except TimeoutError:
        raise OutboundFault("timeout", f"No TLS came about within {deadline.seconds:.0f} s.") from None
    except (ssl.SSLError, OSError) as error:
        raise OutboundFault("tls", "The receiver does not speak TLS at this port.") from error


def _resolved(host: str, port: int, line: Line, deadline: Deadline) -> list[str]:
    if _is_numeric(host):
        return [host]
    found = _resolvers.submit(line.resolve, host, port)
    try:
        return found.result(timeout=deadline.left_seconds())
    except NotInTime:
        found.cancel()
        raise OutboundFault(
            "dns", "The host's name was not resolved in time. Check the portal's DNS."
        ) from None
    except (OSError, UnicodeError) as error:
        raise OutboundFault(
            "dns", "The host's name cannot be resolved. Check it, and the portal's DNS."
        ) from error


def _is_numeric(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


def _connected(
    address: str, port: int, line: Line, public_ports: frozenset[int], deadline: Deadline
) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        deadline.arm(sock)
        sock.connect((address, port))
        _check(str(sock.getpeername()[0]), port, line.allowed_ranges, public_ports)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _check(
    address: str, port: int, allowed_ranges: Sequence[AddressRange], public_ports: frozenset[int]
) -> None:
    ban = ban_on(address, allowed_ranges)
    if ban is not None:
        raise OutboundFault("blocked_address", _ban_sentence(*ban))
    if port not in public_ports and not is_in_ranges(address, allowed_ranges):
        ports = ", ".join(map(str, sorted(public_ports)))
        raise OutboundFault(
            "blocked_address",
            f"Port {port} is not used on public addresses, only {ports}. "
            f"If the receiver is yours, add {address} to TOPMAST_WEBHOOK_RANGES.",
        )


def _ban_sentence(ban: Ban, about: str) -> str:
    if ban is Ban.OUTSIDE:
        return (
            f"Blocked address: the host is at {about[:60]}, which is not public. "
            "If the receiver is really there, add it or its network to TOPMAST_WEBHOOK_RANGES."
        )
    return f"Blocked address: the host is at {about[:60]}, which is never connected to."


def _connection_fault(error: OSError) -> OutboundFault:
    if isinstance(error, TimeoutError):
        return OutboundFault("timeout", "The receiver did not take a connection in time.")
    if isinstance(error, ConnectionRefusedError):
        return OutboundFault("refused", "The receiver refused the connection.")
    return OutboundFault("unreachable", "There is no way to the receiver from the portal.")
