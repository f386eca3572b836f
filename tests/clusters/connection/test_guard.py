"""The address guard: no way of writing a forbidden address gets past it."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.guard import LOOPBACK, PRIVATE, check_address, parse_ranges

EMBEDDED_DEFAULT = (*LOOPBACK, *PRIVATE)
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))

METADATA = (
    "169.254.169.254",  # AWS, GCP, Azure, OpenStack
    "169.254.170.2",  # ECS tasks
    "169.254.170.23",  # EKS pod identity
    "169.254.0.1",
    "169.254.255.255",
    "100.100.100.200",  # Alibaba
    "168.63.129.16",  # Azure's wire server
    "192.0.0.192",  # Oracle
    "192.0.0.1",
)
NEVER_V4 = (
    *METADATA,
    "0.0.0.0",
    "0.0.0.1",
    "0.255.255.255",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
)
NEVER_V6 = (
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "febf:ffff::1",
    "ff02::1",
    "ff0e::1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
)
PRIVATE_V4 = (
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.255.255",
)
# Neither public nor in what the words loopback and private mean.
SPECIAL_V4 = ("100.64.0.1", "100.127.255.255", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9")
PRIVATE_V6 = ("::1", "fc00::1", "fdff:ffff::1", "fd12:3456:789a::1")
SPECIAL_V6 = (
    "fec0::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "5f00::1",
    "4000::1",
    "2001:10::1",
    "2001:1ff::1",
    "64:ff9b:1::808:808",
)
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.167.255.255",
    "192.169.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "169.253.255.255",
    "169.255.0.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::200e",
    "2400:cb00::1",
)


def mapped(address: IPv4Address) -> str:
    return str(IPv6Address(0xFFFF << 32 | int(address)))


def mapped_dotted(address: IPv4Address) -> str:
    return f"::ffff:{address}"


def mapped_written_out(address: IPv4Address) -> str:
    return ip_address(mapped(address)).exploded


def compatible(address: IPv4Address) -> str:
    return f"::{address}"


def translated(address: IPv4Address) -> str:
    return f"::ffff:0:{address}"


def nat64(address: IPv4Address) -> str:
    return f"64:ff9b::{address}"


def local_nat64(address: IPv4Address) -> str:
    return f"64:ff9b:1::{address}"


def six_to_four(address: IPv4Address) -> str:
    return str(IPv6Address(0x2002 << 112 | int(address) << 80 | 1))


def teredo_client(address: IPv4Address) -> str:
    server = int(IPv4Address("65.54.227.120"))
    return str(IPv6Address(0x20010000 << 96 | server << 64 | (~int(address) & 0xFFFFFFFF)))


def teredo_server(address: IPv4Address) -> str:
    client = ~int(IPv4Address("8.8.8.8")) & 0xFFFFFFFF
    return str(IPv6Address(0x20010000 << 96 | int(address) << 64 | client))


def isatap(address: IPv4Address) -> str:
    return str(IPv6Address(0x2A001450 << 96 | 0x5EFE << 32 | int(address)))


def isatap_global(address: IPv4Address) -> str:
    return str(IPv6Address(0x2A001450 << 96 | 0x02005EFE << 32 | int(address)))


def scoped(address: IPv4Address) -> str:
    return f"{mapped(address)}%lo"


EMBEDDINGS = (
    str,
    mapped,
    mapped_dotted,
    mapped_written_out,
    compatible,
    translated,
    nat64,
    local_nat64,
    six_to_four,
    teredo_client,
    teredo_server,
    isatap,
    isatap_global,
    scoped,
)


def forms_of(addresses: tuple[str, ...]) -> Iterator[str]:
    for address in addresses:
        for embed in EMBEDDINGS:
            yield embed(IPv4Address(address))


# 0.0.0.1 in its compatible form is ::0.0.0.1, which is the loopback address ::1.
NEVER_FORMS = (*(form for form in forms_of(NEVER_V4) if form != "::0.0.0.1"), *NEVER_V6)
PRIVATE_FORMS = (*forms_of(PRIVATE_V4), *forms_of(SPECIAL_V4), *PRIVATE_V6, *SPECIAL_V6)


def is_allowed(address: str, ranges: tuple[object, ...] = ()) -> bool:
    try:
        check_address(address, ranges)  # type: ignore[arg-type]
    except ClusterError as error:
        assert error.reason is Reason.BLOCKED_ADDRESS
        return False
    return True


def test_the_tables_hold_three_hundred_forms() -> None:
    assert len({*NEVER_FORMS, *PRIVATE_FORMS}) >= 300


@pytest.mark.parametrize("address", NEVER_FORMS)
def test_no_range_opens_what_is_never_connected_to(address: str) -> None:
    assert not is_allowed(address)
    assert not is_allowed(address, EMBEDDED_DEFAULT)
    assert not is_allowed(address, EVERYTHING)


@pytest.mark.parametrize("address", PRIVATE_FORMS)
def test_a_private_address_is_refused_without_a_range(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", [*PRIVATE_V4, *map(mapped, map(IPv4Address, PRIVATE_V4)), *PRIVATE_V6])
def test_the_embedded_default_lets_loopback_and_private_addresses_through(address: str) -> None:
    assert is_allowed(address, EMBEDDED_DEFAULT)


@pytest.mark.parametrize("address", [*forms_of(SPECIAL_V4), *SPECIAL_V6])
def test_the_embedded_default_lets_no_other_special_address_through(address: str) -> None:
    assert not is_allowed(address, EMBEDDED_DEFAULT)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_needs_no_range(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize("embed", [mapped, compatible, translated, nat64, six_to_four, teredo_client])
def test_a_public_address_may_be_carried(embed: object) -> None:
    assert is_allowed(embed(IPv4Address("8.8.8.8")))  # type: ignore[operator]


@pytest.mark.parametrize("address", ["100.64.0.1", "100.100.100.199", "::ffff:100.64.0.1"])
def test_a_range_opens_its_network(address: str) -> None:
    assert is_allowed(address, parse_ranges("100.64.0.0/10"))


def test_a_range_opens_no_other_network() -> None:
    assert not is_allowed("10.1.0.1", parse_ranges("10.0.0.0/16"))
    assert not is_allowed("::1", parse_ranges("127.0.0.0/8"))


def test_opening_the_carrier_does_not_open_what_it_carries() -> None:
    assert not is_allowed(nat64(IPv4Address("10.0.0.1")), parse_ranges("64:ff9b::/96"))
    assert not is_allowed(six_to_four(IPv4Address("10.0.0.1")), parse_ranges("2002::/16"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "example.com",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1:6443",
        "[::1]",
        "127.0.0.1\n",
        "１２７.0.0.1",
        "::ffff:127.0.0.1.1",
        "1.1.1.1 127.0.0.1",
    ],
)
def test_what_is_not_a_numeric_address_is_refused(text: str) -> None:
    assert not is_allowed(text, EVERYTHING)


def test_the_refusal_says_which_address_and_which_setting() -> None:
    with pytest.raises(ClusterError, match=r"10\.0\.0\.1 .* TOPMAST_CLUSTER_RANGES"):
        check_address("10.0.0.1", ())


@given(st.ip_addresses(v=4), st.sampled_from(EMBEDDINGS))
def test_whatever_carries_an_address_is_judged_no_milder(address: IPv4Address, embed: object) -> None:
    if is_allowed(embed(address)):  # type: ignore[operator]
        assert is_allowed(str(address)) or int(address) == 1


@given(st.sampled_from(METADATA), st.sampled_from(EMBEDDINGS), st.lists(st.ip_addresses(), max_size=4))
def test_no_list_of_ranges_opens_metadata(address: str, embed: object, networks: list[object]) -> None:
    ranges = tuple(ip_network(f"{each}/{bits}", strict=False) for each in networks for bits in (0, 8))
    assert not is_allowed(embed(IPv4Address(address)), ranges)  # type: ignore[operator]


@given(st.ip_addresses())
def test_python_and_we_agree_on_what_is_private(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local:
        assert not is_allowed(str(address))


@given(st.text(max_size=60))
def test_any_text_is_judged_without_another_error(text: str) -> None:
    is_allowed(text, EMBEDDED_DEFAULT)


def test_ranges_are_read_from_words_and_networks() -> None:
    assert parse_ranges(" loopback,private 100.64.0.0/10 ") == (
        *LOOPBACK,
        *PRIVATE,
        ip_network("100.64.0.0/10"),
    )
    assert parse_ranges("none") == parse_ranges("") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.1.2.3/8", "did you mean 10.0.0.0/8?"),
        ("intranet", "'intranet' is not a network"),
        ("10.0.0.0/33", "write networks such as"),
    ],
)
def test_a_wrong_range_is_explained(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="is not a network") as raised:
        parse_ranges(text)
    assert said in str(raised.value)
