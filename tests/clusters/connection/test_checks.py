"""The check list before a cluster is saved, against a server that answers as it likes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from clusters.connection.checks import Check, CheckList, Verdict, as_text, check_cluster
from clusters.connection.guard import LOOPBACK
from clusters.connection.settings import ConnectionSettings
from tests.clusters.certificates import make_pair
from tests.clusters.connection.answering import (
    NAMESPACES,
    REVIEW,
    USAGE,
    VERSION,
    WHO_AM_I,
    Script,
    serving,
)

NOW_MS = 1_800_000_000_000  # Fri, 15 Jan 2027 08:00:00 GMT
CANARY = "canary-8277e0910d750195b448797616e091ad"
PAIR = make_pair()
KINDS = [
    SimpleNamespace(name="Node", group="", plural="nodes"),
    SimpleNamespace(name="Pod", group="", plural="pods"),
    SimpleNamespace(name="Deployment", group="apps", plural="deployments"),
]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def settings(script: Script, tmp_path: Path) -> Iterator[ConnectionSettings]:
    with serving(script, PAIR, tmp_path) as server:
        yield ConnectionSettings(
            server=server, ca_pem=PAIR.certificate_pem, token=CANARY, allowed_ranges=LOOPBACK
        )


def tried(settings: ConnectionSettings, **known_uids: str) -> CheckList:
    known = {uid.replace("_", "-"): name for uid, name in known_uids.items()}
    found = asyncio.run(check_cluster(settings, kinds=KINDS, known_uids=known, now_ms=NOW_MS))
    assert CANARY not in as_text(found) + repr(found)
    assert "\x1b" not in as_text(found)
    return found


def line(found: CheckList, name: str) -> Check:
    return next(check for check in found.checks if check.name == name)


def verdicts(found: CheckList) -> dict[str, str]:
    return {check.name: str(check.verdict) for check in found.checks}


def test_a_cluster_that_is_well_passes_every_check(settings: ConnectionSettings, script: Script) -> None:
    found = tried(settings)

    assert verdicts(found) == dict.fromkeys(
        ["Reached", "Certificate", "Kubernetes", "Who we are", "Node", "Pod", "Deployment", "Usage"], "passed"
    )
    assert found.has_passed
    assert (found.version, found.kube_system_uid) == ("v1.36.3", script.uid)
    assert found.missing_rules == ()
    assert script.authorizations == {f"Bearer {CANARY}"}


def test_only_what_every_account_may_ask_is_asked_beside_lists(
    settings: ConnectionSettings, script: Script
) -> None:
    tried(settings)
    assert {asked.partition("?")[0] for asked in script.asked} == {
        f"GET {VERSION}",
        f"POST {WHO_AM_I}",
        f"POST {REVIEW}",
        f"GET {USAGE}",
        f"GET {NAMESPACES}",
    }


def test_a_missing_right_names_the_rule_to_add(settings: ConnectionSettings, script: Script) -> None:
    script.refused = {("watch", "pods"), ("list", "deployments"), ("watch", "deployments")}

    found = tried(settings)

    assert not found.has_passed
    assert line(found, "Pod").found == "may not watch pods."
    assert line(found, "Deployment").found == "may not list or watch deployments."
    assert line(found, "Node").verdict is Verdict.PASSED
    pasted = [
        rule for text in as_text(found).splitlines() if "- {" in text for rule in yaml.safe_load(text.strip())
    ]
    assert pasted == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["watch"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list", "watch"]},
    ]


def test_missing_usage_is_a_note_and_not_a_failure(settings: ConnectionSettings, script: Script) -> None:
    for reply, said in (
        ((404, {}), "not installed"),
        ((403, {}), "refuses"),
        ((503, {}), "503"),
        ((200, b"<html>"), "passed"),
    ):
        script.replies[USAGE] = reply
        found = tried(settings)
        assert found.has_passed
        assert said in line(found, "Usage").found or said == line(found, "Usage").verdict
    script.replies = {}
    script.refused = {("list", "pods")}
    assert line(tried(settings), "Usage").found == "may not list pods of metrics.k8s.io."


def test_a_wrong_token_stops_the_list_there(settings: ConnectionSettings, script: Script) -> None:
    script.replies[WHO_AM_I] = (401, {"message": CANARY})
    found = tried(settings)
    assert verdicts(found) == {
        "Reached": "passed",
        "Certificate": "passed",
        "Kubernetes": "passed",
        "Who we are": "failed",
        "What we may read": "not_tried",
    }
    assert not any(REVIEW in asked for asked in script.asked)


def test_an_anonymous_welcome_is_no_credential(settings: ConnectionSettings, script: Script) -> None:
    script.replies[WHO_AM_I] = (201, {"status": {"userInfo": {"username": "system:anonymous"}}})
    found = tried(settings)
    assert "takes us for nobody" in line(found, "Who we are").found
    assert not found.has_passed


def test_an_old_server_does_not_tell_who_we_are(settings: ConnectionSettings, script: Script) -> None:
    script.replies[WHO_AM_I] = (404, {})
    found = tried(settings)
    assert line(found, "Who we are").verdict is Verdict.NOTED
    assert found.has_passed


def test_the_same_cluster_under_another_name_fails(settings: ConnectionSettings, script: Script) -> None:
    script.uid = "1234"
    asyncio_known = asyncio.run(
        check_cluster(settings, kinds=KINDS, known_uids={"1234": "prod", "": "broken"}, now_ms=NOW_MS)
    )
    assert line(asyncio_known, "Registered once").found == "this is the same cluster as prod."
    assert not asyncio_known.has_passed


def test_an_unknown_uid_is_never_a_duplicate(settings: ConnectionSettings, script: Script) -> None:
    script.uid = ""
    found = asyncio.run(check_cluster(settings, kinds=KINDS, known_uids={"": "broken"}, now_ms=NOW_MS))
    assert found.has_passed
    assert found.kube_system_uid == ""


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("Fri, 15 Jan 2027 08:00:29 GMT", None),
        ("Fri, 15 Jan 2027 08:01:00 GMT", "60 s ahead of ours"),
        ("Fri, 15 Jan 2027 07:00:00 GMT", "3600 s behind ours"),
        ("yesterday", None),
        ("", None),
        ("Fri, 99 Jan 99999 99:99:99 GMT", None),
    ],
)
def test_a_clock_that_is_wrong_is_noted(
    settings: ConnectionSettings, script: Script, date: str, said: str | None
) -> None:
    script.date = date
    found = tried(settings)
    assert found.has_passed
    assert [check.found for check in found.checks if check.name == "Clock"] == (
        [f"the cluster's is {said}."] if said else []
    )


def test_an_unchecked_certificate_is_noted(settings: ConnectionSettings) -> None:
    found = tried(replace(settings, ca_pem=None, skips_tls_verification=True))
    assert line(found, "Certificate").verdict is Verdict.NOTED
    assert found.has_passed


def test_an_untrusted_certificate_says_that_the_server_was_reached(settings: ConnectionSettings) -> None:
    found = tried(replace(settings, ca_pem=make_pair("other").certificate_pem))
    assert verdicts(found) == {
        "Reached": "passed",
        "Certificate": "failed",
        "Kubernetes": "not_tried",
        "Who we are": "not_tried",
        "What we may read": "not_tried",
    }


def test_a_blocked_address_is_never_connected_to(settings: ConnectionSettings, script: Script) -> None:
    found = tried(replace(settings, allowed_ranges=()))
    assert "TOPMAST_CLUSTER_RANGES" in line(found, "Reached").advice
    assert script.asked == []


def test_a_closed_port_is_not_reached() -> None:
    found = tried(ConnectionSettings(server="https://127.0.0.1:1", allowed_ranges=LOOPBACK))
    assert line(found, "Reached").verdict is Verdict.FAILED


@contextlib.asynccontextmanager
async def proxy_that_notes(asked: list[str]) -> AsyncIterator[str]:
    """The address of a proxy that knows CONNECT and keeps what it was asked."""

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await source.read(65536):
                target.write(piece)
        target.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        host, _, port = asked[-1].split()[1].rpartition(":")
        from_server, to_server = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pump(reader, to_server), pump(from_server, writer))
        ended.append(asyncio.gather(to_server.wait_closed(), writer.wait_closed(), return_exceptions=True))

    ended: list[asyncio.Future[Any]] = []
    async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(5):
        while len(ended) < len(asked):
            await asyncio.sleep(0.01)
        await asyncio.gather(*ended)


async def test_a_proxy_of_the_cluster_is_used_and_sees_no_secret(settings: ConnectionSettings) -> None:
    asked: list[str] = []
    async with proxy_that_notes(asked) as url:
        found = await check_cluster(
            replace(settings, proxy_url=url), kinds=KINDS, known_uids={}, now_ms=NOW_MS
        )
    assert found.has_passed, as_text(found)
    assert asked
    assert all(each.startswith(f"CONNECT 127.0.0.1:{settings.port} HTTP/1.1") for each in asked)
    assert CANARY not in "".join(asked)


async def test_proxies_of_the_environment_are_not_followed(
    settings: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    async with proxy_that_notes(asked) as url:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, url)
        found = await check_cluster(settings, kinds=KINDS, known_uids={}, now_ms=NOW_MS)
    assert found.has_passed
    assert asked == []


def test_a_proxy_at_a_blocked_address_is_never_connected_to(
    settings: ConnectionSettings, script: Script
) -> None:
    found = tried(replace(settings, proxy_url="http://169.254.169.254:80"))
    assert "169.254.169.254 is never connected to" in line(found, "Reached").found
    assert script.asked == []


@pytest.mark.parametrize(
    "reply",
    [
        (200, b"<html>sign in</html>"),
        (200, b"[" * 100_000),
        (200, b"[1]"),
        (200, b"{}"),
        (200, {"gitVersion": 3}),
        (200, {"gitVersion": "v1\x1b[31m\n"}),
        (200, {"gitVersion": "v" * 5_000}),
        (200, b"\xff\xfe"),
        (200, b""),
        (302, b""),
        (404, {}),
        (500, {}),
        (200, b" " * 3_000_000),
    ],
    ids=range(13),
)
def test_what_is_not_an_api_server_is_told_apart(
    settings: ConnectionSettings, script: Script, reply: tuple[int, Any]
) -> None:
    script.replies[VERSION] = reply
    found = tried(settings)
    assert not found.has_passed
    assert "Node" not in verdicts(found)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "items", "metadata", "uid", "userInfo", "username", "allowed"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from([VERSION, WHO_AM_I, REVIEW, USAGE, NAMESPACES]),
    status=st.sampled_from([200, 201, 400, 401, 403, 404, 410, 429, 500, 503]),
    content=_JSON,
)
def test_any_answer_ends_in_a_list(
    settings: ConnectionSettings, script: Script, path: str, status: int, content: Any
) -> None:
    script.replies = {path: (status, content)}
    found = tried(settings)
    assert found.checks
    assert all(text.isprintable() for text in as_text(found).splitlines())


@pytest.mark.parametrize("allowed", ["true", 1, None, [], {"a": True}])
def test_only_a_plain_yes_is_a_right(settings: ConnectionSettings, script: Script, allowed: Any) -> None:
    script.replies[REVIEW] = (201, {"status": {"allowed": allowed}})
    assert not tried(settings).has_passed
