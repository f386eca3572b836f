"""Addresses, certificates and tokens are checked before they are kept."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.connection import login as logins
from clusters.connection.endpoint import checked_ca, checked_host, checked_proxy, checked_server
from clusters.connection.errors import ClusterError
from clusters.connection.login import Login
from tests.clusters.certificates import make_pair


@pytest.mark.parametrize(
    "server",
    [
        "https://api.example.com",
        "https://api.example.com:6443",
        "https://10.0.0.1:6443",
        "https://[2001:db8::1]:6443",
        "https://rancher.example.com/k8s/clusters/c-m-abc123",
        "https://ABC123.gr7.eu-west-1.eks.amazonaws.com",
        "https://my_cluster.local.:443",
    ],
)
def test_an_address_of_an_api_server_is_taken(server: str) -> None:
    assert checked_server(server) == server
    assert checked_server(server + "/") == server


@pytest.mark.parametrize(
    "server",
    [
        "",
        "https://",
        "https:///path",
        "api.example.com:6443",
        "http://api.example.com",
        "HTTP://api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user:password@api.example.com",
        "https://@api.example.com",
        "https://api.example.com@evil.example.com",
        "https://api.example.com\\@evil.example.com",
        "https://api.example.com?x=1",
        "https://api.example.com?",
        "https://api.example.com#x",
        "https://api.example.com#",
        "https://api.example.com:0",
        "https://api.example.com:",
        "https://api.example.com:65536",
        "https://api.example.com:-1",
        "https://api.example.com:６４４３",
        "https://api.example.com:6443/../../x",
        "https://api.example.com/%2e%2e/x",
        "https://api.example.com/\r\nHost: evil.example.com",
        "https://api.example.com /x",
        " https://api.example.com",
        "https://api.exa\tmple.com",
        "https://еxample.com",
        "https://[::1%25eth0]:6443",
        "https://[::1",
        "https://[api.example.com]",
        "https://-x.example.com",
        "https://a..b",
        "https://" + "a" * 64 + ".com",
        "https://" + "a." * 260,
        "https://api.example.com;rm -rf",
        "https://$(id).example.com",
        "https://`id`.example.com",
        "https://api.example.com/'$(id)'",
    ],
)
def test_what_is_not_the_address_of_an_api_server_is_refused(server: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|is|names|has) "):
        checked_server(server)


@given(st.text(max_size=80), st.sampled_from(["", "https://", "https://a", "https://[", "https://a:"]))
def test_any_text_is_refused_in_a_sentence_or_is_an_address(text: str, start: str) -> None:
    try:
        server = checked_server(start + text)
    except ValueError as error:
        assert str(error).startswith(("must ", "is ", "names ", "has "))
    else:
        assert server.isascii()
        assert server.isprintable()


def test_a_proxy_is_an_http_address_without_a_password() -> None:
    assert checked_proxy("http://proxy.example.com:3128/") == "http://proxy.example.com:3128"
    for wrong in (
        "socks5://proxy:1080",
        "https://proxy",
        "http://u:p@proxy",
        "http://proxy/path",
        "http://proxy?x",
        "proxy:3128",
    ):
        with pytest.raises(ValueError, match=r"^(must|names) "):
            checked_proxy(wrong)


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a/b", "*", "x" * 254, "a..b", "fe80::1%eth0"])
def test_what_is_not_a_host_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a host name"):
        checked_host(name)


def test_authorities_are_written_anew_without_what_stood_between() -> None:
    one, two = make_pair("one").certificate_pem, make_pair("two").certificate_pem
    assert checked_ca(f"Subject: one\n{one}\n# comment\n{two}") == one + two


@pytest.mark.parametrize(
    "pem", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "é"]
)
def test_what_is_not_a_certificate_is_refused(pem: str) -> None:
    with pytest.raises(ValueError, match="no readable certificate"):
        checked_ca(pem)
    with pytest.raises(ValueError, match="larger than 128 kB"):
        checked_ca("x" * 200_000)


@pytest.mark.parametrize("text", ["a\nb", "a b", "a\r\nHost: x", "é", "a\x00b", "x" * 16_385])
def test_what_does_not_fit_a_header_is_no_token(text: str) -> None:
    with pytest.raises(ValueError, match="is not a token") as raised:
        logins.token_login(text)
    assert text not in str(raised.value)


def test_an_empty_token_is_refused_with_the_likely_reason() -> None:
    with pytest.raises(ValueError, match=r"is empty.*try again"):
        logins.token_login(" \n")


def test_blanks_around_a_token_are_dropped() -> None:
    assert logins.token_login(" abc\n").token == "abc"


def token_that_ends(claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{middle}.c2ln"


@pytest.mark.parametrize(
    ("claims", "expires_at_ms"),
    [
        ({"exp": 1_900_000_000}, 1_900_000_000_000),
        ({"exp": 1_900_000_000.5}, 1_900_000_000_500),
        ({"exp": "1900000000"}, None),
        ({"exp": True}, None),
        ({"exp": -1}, None),
        ({"exp": 1e300}, None),
        ({"exp": float("nan")}, None),
        ({"exp": 253_402_300_798_999}, 253_402_300_799_000),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_token_says_when_it_ends(claims: object, expires_at_ms: int | None) -> None:
    assert logins.token_login(token_that_ends(claims)).expires_at_ms == expires_at_ms


@given(st.text(alphabet="abcdefgh.-_=[{", max_size=60))
def test_any_token_says_when_it_ends_or_nothing(text: str) -> None:
    assert Login(kind="token", token=text).expires_at_ms is None


def test_a_key_must_belong_to_its_certificate() -> None:
    one, two = make_pair("one"), make_pair("two")
    assert logins.certificate_login(one.certificate_pem, one.key_pem).kind == "client_certificate"
    with pytest.raises(ValueError, match="does not belong to the client certificate"):
        logins.certificate_login(one.certificate_pem, two.key_pem)
    with pytest.raises(ValueError, match="is not a private key") as raised:
        logins.certificate_login(one.certificate_pem, "canary")
    assert "canary" not in str(raised.value)


def test_a_login_shows_its_fingerprint_alone() -> None:
    pair = make_pair()
    for login in (logins.token_login("canary"), logins.certificate_login(pair.certificate_pem, pair.key_pem)):
        shown = f"{login!r} {login}"
        assert "canary" not in shown
        assert "PRIVATE" not in shown
        assert login.fingerprint in shown


def test_a_login_comes_back_as_it_went() -> None:
    login = logins.token_login("abc")
    assert logins.decode(logins.encode(login)) == login
    with pytest.raises(ClusterError, match="of a kind this version does not know") as raised:
        logins.decode(b'{"kind":"canary"}')
    assert "canary" not in str(raised.value)
