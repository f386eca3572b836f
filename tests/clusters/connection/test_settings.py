"""The settings of a connection show where, never with what."""

import pytest

from clusters.connection.settings import ConnectionSettings, host_of


def test_no_secret_is_in_the_repr() -> None:
    settings = ConnectionSettings(
        server="https://api.example.com:6443",
        proxy_url="http://user:canary-1@proxy:3128",
        token="canary-2",
        client_certificate_pem="canary-3",
        client_key_pem="canary-4",
    )
    assert "canary" not in repr(settings) + str(settings)
    assert "api.example.com" in repr(settings)


@pytest.mark.parametrize(
    ("server", "host", "port", "prefix"),
    [
        ("https://api.example.com", "api.example.com", 443, ""),
        ("https://API.example.com:6443/", "api.example.com", 6443, ""),
        ("https://[2001:db8::1]:6443", "2001:db8::1", 6443, ""),
        ("https://rancher.example.com/k8s/clusters/c-1/", "rancher.example.com", 443, "/k8s/clusters/c-1"),
    ],
)
def test_an_address_is_taken_apart(server: str, host: str, port: int, prefix: str) -> None:
    settings = ConnectionSettings(server=server)
    assert (settings.host, settings.port, settings.path_prefix) == (host, port, prefix)
    assert host_of(server) == host
