"""Opens the socket to an API server: resolve, check the address, connect, TLS, all within one deadline."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.guard import check_address
from clusters.connection.settings import ConnectionSettings
from clusters.connection.transport import connect, secure
from clusters.connection.wire import Wire

T = TypeVar("T")

CONNECT_SECONDS = 5.0
HANDSHAKES_AT_ONCE = 64

_slots_of: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

# Own threads: the loop's few are shared by all, and one slow name server must not delay another cluster.
_resolver = ThreadPoolExecutor(max_workers=64, thread_name_prefix="resolve")


@dataclass(frozen=True)
class Target:
    """Where an address points: host and port to connect to."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Target":
        """The host and port of an http(s) address."""
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443))


async def dial(settings: ConnectionSettings, context: ssl.SSLContext) -> Wire:
    """A connected Wire to the cluster's API server. Raises ClusterError with its reason."""
    try:
        async with _slots(), asyncio.timeout(CONNECT_SECONDS):
            return await _connect(settings, context)
    except TimeoutError as error:
        raise ClusterError(
            Reason.TIMEOUT,
            f"The API server did not take a connection within {CONNECT_SECONDS:.0f} s.",
            "Check the address, the route and firewalls between the portal and the cluster.",
        ) from error
    except ssl.SSLError as error:
        raise _tls_error(error) from error
    except OSError as error:
        raise _socket_error(error) from error


def _slots() -> asyncio.Semaphore:
    """At most so many handshakes at once on a loop.

    Two thousand that begin together take seconds of one processor, in which each would run out of time.
    """
    loop = asyncio.get_running_loop()
    return _slots_of.setdefault(loop, asyncio.Semaphore(HANDSHAKES_AT_ONCE))


async def _connect(settings: ConnectionSettings, context: ssl.SSLContext) -> Wire:
    target = Target.of(settings.server)
    is_secure = not settings.server.startswith("http://")
    name = settings.tls_server_name or target.host
    if settings.proxy_url:
        return await _connect_through(settings, target, context if is_secure else None, name)

    async def to(address: str) -> Wire:
        sock = await connect(address, target.port)
        return Wire(await secure(sock, context, name) if is_secure else sock)

    return await _first(settings, target, to)


async def _first(settings: ConnectionSettings, target: Target, reach: Callable[[str], Awaitable[T]]) -> T:
    """Reach the first address of `target` that answers; all of them must be allowed."""
    addresses = await _addresses(target)
    for address in addresses:
        check_address(address, settings.allowed_ranges)
    for address in addresses[:-1]:
        try:
            return await reach(address)
        except (ConnectionError, TimeoutError):
            continue
    return await reach(addresses[-1])


async def _addresses(target: Target) -> list[str]:
    try:
        return [_literal(target.host)]
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().run_in_executor(
            _resolver, lambda: socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        )
    except (socket.gaierror, UnicodeError) as error:
        raise ClusterError(
            Reason.DNS, f"The name {target.host} cannot be resolved.", "Check the name and the portal's DNS."
        ) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _literal(host: str) -> str:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return host
    raise ValueError(host)


async def _connect_through(
    settings: ConnectionSettings, target: Target, context: ssl.SSLContext | None, name: str
) -> Wire:
    """Through the cluster's own HTTP proxy, by CONNECT. The proxy's address is checked, not the target's."""
    assert settings.proxy_url
    proxy = Target.of(settings.proxy_url)
    sock = await _first(settings, proxy, lambda address: connect(address, proxy.port))
    try:
        await _ask_proxy(sock, target)
    except BaseException:
        sock.close()
        raise
    return Wire(await secure(sock, context, name) if context else sock)


async def _ask_proxy(sock: socket.socket, target: Target) -> None:
    loop = asyncio.get_running_loop()
    host = f"[{target.host}]" if ":" in target.host else target.host
    authority = f"{host}:{target.port}"
    await loop.sock_sendall(sock, f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = await loop.sock_recv(sock, 1)  # One at a time: what follows belongs to TLS.
        if not byte or len(head) > 8192:
            raise ConnectionResetError("the proxy closed the connection")
        head += byte
    status = head.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise ClusterError(
            Reason.REFUSED, "The cluster's proxy refused to connect to the API server.", "Check the proxy."
        )


def _tls_error(error: ssl.SSLError) -> ClusterError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_error(error)
    return ClusterError(
        Reason.PROTOCOL,
        "The server does not speak TLS as an API server does.",
        "Check the port, and that the address begins with https.",
    )


def _certificate_error(error: ssl.SSLCertVerificationError) -> ClusterError:
    if error.verify_code in (9, 10):  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
        return ClusterError(
            Reason.TLS_EXPIRED,
            f"The API server's certificate is not valid now: {error.verify_message}.",
            "Renew it on the cluster, or check the clocks.",
        )
    return ClusterError(
        Reason.TLS_UNTRUSTED,
        f"The API server's certificate is not trusted: {error.verify_message}.",
        "Give the cluster's certificate authority, and the name the certificate is for.",
    )


def _socket_error(error: OSError) -> ClusterError:
    if isinstance(error, ConnectionRefusedError):
        return ClusterError(
            Reason.REFUSED,
            "The API server refused the connection.",
            "Check that it runs, the address and the port.",
        )
    if isinstance(error, ConnectionError):
        return ClusterError(
            Reason.PROTOCOL,
            "The connection was closed before the API server answered.",
            "Check what stands between: a proxy, a load balancer, a firewall.",
        )
    return ClusterError(
        Reason.TIMEOUT,
        "There is no way to the API server.",
        "Check the address and the route between the portal and the cluster.",
    )
