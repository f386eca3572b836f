"""Whatever two programs could read differently in an address is refused."""

import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.notify.addresses import LONGEST, web_address

GOOD = {
    "https://hooks.slack.com/services/T0/B0/x": ("hooks.slack.com", 443, "/services/T0/B0/x"),
    "https://HOOKS.Slack.com": ("hooks.slack.com", 443, "/"),
    "https://hooks.example.com:8443/a?b=c&d=%20": ("hooks.example.com", 8443, "/a?b=c&d=%20"),
    "http://chat_1.internal:8065/hooks/x": ("chat_1.internal", 8065, "/hooks/x"),
    "http://10.0.0.7:9000/": ("10.0.0.7", 9000, "/"),
    "https://[2001:DB8::1]:8443/x": ("2001:db8::1", 8443, "/x"),
    "https://xn--bcher-kva.example/x": ("xn--bcher-kva.example", 443, "/x"),
}

# Forms that browsers, resolvers or libraries read in more ways than one.
_SCHEMES = (
    "ftp",
    "file",
    "gopher",
    "javascript",
    "dict",
    "ldap",
    "unix",
    "ws",
    "wss",
    "jar",
    "http+unix",
    "",
)
_BAD_HOSTS = (
    "", ".", "..", ".example.com", "example.com.", "a..b", "-a.example", "a-.example", "127.1", "127.0.1",
    "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "1.2.3.4.5", "256.1.1.1", "0", "0x",
    "example.0x7f", "bücher.example", "ⓔxample.com", "127。0。0。1", "exam ple.com", "exam\tple.com",
    "example.com%00", "%31%32%37.0.0.1", "localhost%2f", "[::1", "::1", "[::1]]", "[::1%25eth0]",
    "[fe80::1%eth0]",
    "[127.0.0.1]", "[::ffff:999.0.0.1]", "[v1.fe]", "a" * 64 + ".example", ("a" * 60 + ".") * 5 + "example",
    "user@example.com", "user:password@example.com", "@example.com", "example.com@127.0.0.1", "a:b:c",
    "example.com:",
    "example.com:0", "example.com:65536", "example.com:-1", "example.com:+80", "example.com:８０",
    "example.com:80:90",
    "example.com\\@127.0.0.1", "example.com\\.evil", "example.com#@127.0.0.1", "exa<mple.com", "{host}",
    "$host", "*",
)  # fmt: skip
_BAD_PATHS = (
    "/a b", "/a\r\nHost: evil", "/a\nb", "/a\x00", "/a\x7f", "/é", "/a#fragment", '/a"b', "/a<b",
    "/a\\b", "/a^b",
    "/a`b", "/a|b", "/\u2028", "/a\u202eb", "/a\tb", "/" + "a" * LONGEST,
)  # fmt: skip

_BLANKS = (" ", "\t", "\n", "\r", "\x00", "\x0b", "\xa0", "\ufeff")

HOSTILE = (
    *(f"{scheme}://example.com/x" for scheme in _SCHEMES),
    *(f"{scheme}://{host}/x" for scheme in ("https", "http", "HTTPS") for host in _BAD_HOSTS),
    *(f"https://{host}" for host in _BAD_HOSTS),
    *(f"https://{host}?x=/" for host in _BAD_HOSTS),
    *(f"https://{host}:8443/x" for host in _BAD_HOSTS),
    *(f"https://{host}/x?y=https://example.com/" for host in _BAD_HOSTS),
    *(f"https://hooks.example.com@{host}/x" for host in _BAD_HOSTS),
    *(f"{start}{path}" for start in ("https://example.com", "http://10.0.0.1:80") for path in _BAD_PATHS),
    *(f"{blank}https://example.com/x" for blank in _BLANKS),
    *(f"https://example.com/x{blank}" for blank in _BLANKS),
    *("", "https", "https:", "https:/", "https://", "https:///x", "//example.com/x", "/x",
    "example.com", "x:y"),
    *("https:example.com/x", "https:/example.com/x", "https:\\\\example.com", "https://?x",
    "https://#x", "https://:443"),
)  # fmt: skip


@pytest.mark.parametrize("url", GOOD)
def test_an_ordinary_address_is_taken_apart(url: str) -> None:
    address = web_address(url)
    assert (address.host, address.port, address.target) == GOOD[url]


def test_there_are_five_hundred_hostile_forms() -> None:
    assert len(set(HOSTILE)) >= 500


@pytest.mark.parametrize("url", sorted(set(HOSTILE)), ids=lambda url: ascii(url)[:60])
def test_a_hostile_form_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|must|names) ") as refusal:
        web_address(url)
    assert "password@" not in str(refusal.value)


def test_an_address_does_not_show_its_secret_part() -> None:
    assert "verysecret" not in repr(web_address("https://hooks.example.com/verysecret?k=verysecret"))


@given(st.text(st.characters(codec="latin-1"), max_size=40))
def test_what_is_taken_is_read_the_same_by_urllib(tail: str) -> None:
    url = f"https://{tail}"
    try:
        address = web_address(url)
    except ValueError:
        return
    assert urlsplit(url).hostname == address.host or ":" in address.host
    assert address.target.startswith("/")
    assert not set(address.authority + address.target) & set(" \r\n\t@#\\\0")


@given(st.text("0123456789.xabcdef", min_size=1, max_size=20))
def test_no_number_is_a_host_unless_resolvers_agree_that_it_is_this_one(host: str) -> None:
    try:
        address = web_address(f"https://{host}/")
        numeric = socket.inet_ntoa(socket.inet_aton(host))
    except (ValueError, OSError):
        return
    assert address.host == numeric
