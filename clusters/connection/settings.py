"""What it takes to reach one cluster, as one value without a way back to rows or files."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias
from urllib.parse import urlsplit

AddressRange: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True)
class ConnectionSettings:
    """Where a cluster is, whom we trust there and who we are. Its repr shows no secret.

    `ca_pem` None means the system's certificate authorities. `allowed_ranges` are the private
    networks that the address guard lets through; public addresses need no entry.
    """

    server: str
    ca_pem: str | None = None
    tls_server_name: str | None = None
    skips_tls_verification: bool = False
    # May carry a password, so it stays out of the repr as the credentials do.
    proxy_url: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    client_certificate_pem: str | None = field(default=None, repr=False)
    client_key_pem: str | None = field(default=None, repr=False)
    allowed_ranges: tuple[AddressRange, ...] = ()

    @property
    def host(self) -> str:
        """The name or address of the API server, without brackets, in lower case."""
        return host_of(self.server)

    @property
    def port(self) -> int:
        """The port of the API server; 443 where the address names none."""
        return urlsplit(self.server).port or 443

    @property
    def path_prefix(self) -> str:
        """What stands before /api in the address, such as /k8s/clusters/c-1, without a last slash."""
        return urlsplit(self.server).path.rstrip("/")


def host_of(server: str) -> str:
    """The host in an https address, in lower case and without brackets; "" where it names none.

    >>> host_of("https://API.Example.com:6443/prefix"), host_of("https://[::1]:6443")
    ('api.example.com', '::1')
    """
    return urlsplit(server).hostname or ""
