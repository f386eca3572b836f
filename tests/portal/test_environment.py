"""What the operator sets becomes values, or sentences that say what to set."""

import re
from pathlib import Path

import pytest

from portal.environment import Environment, EnvironmentFault, read_environment
from portal.settings import BASE_DIR

BASE = Path("/srv/topmast")


def read(**variables: str) -> Environment:
    return read_environment(variables, base_dir=BASE)


def test_nothing_set_is_embedded_on_this_machine_only() -> None:
    environment = read()

    assert not environment.is_production
    assert (environment.bind, environment.port) == ("127.0.0.1", 8000)
    assert environment.public_url == "http://127.0.0.1:8000"
    assert environment.data_dir == BASE / "data"
    assert environment.key_file == BASE / "data" / "cluster.key"
    assert environment.shows_demo
    assert "localhost" in environment.allowed_hosts
    assert any(str(network) == "127.0.0.0/8" for network in environment.cluster_ranges)


def test_production_gives_no_demo_no_ranges_and_no_hosts_by_itself() -> None:
    environment = read(TOPMAST_ENV="production")

    assert not environment.shows_demo
    assert environment.cluster_ranges == ()
    assert environment.allowed_hosts == ()


def test_production_allows_the_public_host_alone() -> None:
    environment = read(TOPMAST_ENV="production", TOPMAST_PUBLIC_URL="https://top.example.org:8443/")

    assert environment.allowed_hosts == ("top.example.org",)
    assert environment.page_origins == ("https://top.example.org:8443",)
    assert environment.is_https


def test_an_address_of_all_interfaces_is_opened_by_loopback() -> None:
    assert read(TOPMAST_BIND="0.0.0.0", TOPMAST_PORT="9000").public_url == "http://127.0.0.1:9000"
    assert read(TOPMAST_BIND="::").public_url == "http://[::1]:8000"


def test_an_ipv6_host_is_allowed_in_the_form_browsers_send() -> None:
    assert "[2001:db8::1]" in read(TOPMAST_PUBLIC_URL="http://[2001:db8::1]:8000").allowed_hosts


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TOPMAST_ENV", "staging"),
        ("TOPMAST_BIND", "everywhere"),
        ("TOPMAST_PORT", "0"),
        ("TOPMAST_PORT", "65536"),
        ("TOPMAST_PORT", "８０"),
        ("TOPMAST_PUBLIC_URL", "topmast.example.org"),
        ("TOPMAST_PUBLIC_URL", "https://user:password@example.org"),
        ("TOPMAST_PUBLIC_URL", "https://example.org/portal"),
        ("TOPMAST_PUBLIC_URL", "https://*"),
        ("TOPMAST_PUBLIC_URL", "javascript:alert(1)"),
        ("TOPMAST_SECRET_KEY", "short"),
        ("TOPMAST_SECRET_KEY", "a" * 60),
        ("TOPMAST_DEMO", "yes"),
        ("TOPMAST_TIME_ZONE", "Middle/Earth"),
        ("TOPMAST_TIME_ZONE", "../../etc/passwd"),
        ("TOPMAST_JOURNAL_DAYS", "nan"),
        ("TOPMAST_JOURNAL_GB", "-1"),
        ("TOPMAST_ALERT_DAYS", "long"),
        ("TOPMAST_GROUP_WAIT_SECONDS", "0"),
        ("TOPMAST_GROUP_INTERVAL_SECONDS", "5m"),
        ("TOPMAST_REPEAT_SECONDS", "-1"),
        ("TOPMAST_CLUSTER_RANGES", "anything"),
        ("TOPMAST_WEBHOOK_RANGES", "10.0.0.1/8"),
        ("TOPMAST_WORKERS", "-1"),
        ("TOPMAST_LOG", "xml"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("REDIS_URL", "http://localhost:6379"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_that_says_what_to_set(name: str, text: str) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        read(**{name: text})

    (sentence,) = caught.value.sentences
    assert sentence.startswith(f"{name} is")
    assert "Set it to" in sentence


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(EnvironmentFault) as caught:
        read(TOPMAST_PORT="x", TOPMAST_DEMO="maybe")

    assert len(caught.value.sentences) == 2


def test_no_secret_is_told_in_a_fault_or_a_repr() -> None:
    with pytest.raises(EnvironmentFault) as caught:
        read(
            DATABASE_URL="mysql://root:hunter2@db/x",
            REDIS_URL="ftp://:hunter2@r",
            TOPMAST_SECRET_KEY="hunter2",
        )
    environment = read(TOPMAST_ADMIN_PASSWORD="hunter2", DATABASE_URL="postgres://u:hunter2@db/x")

    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(environment)


def test_the_operations_page_names_every_variable_there_is() -> None:
    source = (BASE_DIR / "portal/environment.py").read_text()
    example = (BASE_DIR / ".env.example").read_text()
    page = (BASE_DIR / "docs/operations.md").read_text()
    pattern = r"\b(?:TOPMAST_[A-Z_]+|DATABASE_URL|REDIS_URL)\b"

    asked = {*re.findall(f'"({pattern})"', source), *re.findall(f"^({pattern})=", example, flags=re.M)}
    assert asked == set(re.findall(f"`({pattern})`", page))
