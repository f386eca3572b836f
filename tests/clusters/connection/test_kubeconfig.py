"""Kubeconfigs: the ones of strangers run nothing and read nothing; good ones are taken whole."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.connection.endpoint import Endpoint
from clusters.connection.kubeconfig import (
    KubeconfigError,
    NeedsAccount,
    inline_files,
    parse,
    read_context,
    refuse_files,
)
from tests.clusters.connection.hostile_kubeconfigs import (
    CANARY,
    GOOD_CLUSTER,
    HOSTILE,
    PAIR,
    document,
    encoded,
    executing,
    provider,
    raw,
    with_cluster,
    with_user,
)

_FORBIDDEN = (
    "open",
    "os.",
    "subprocess.",
    "socket.",
    "shutil.",
    "glob.",
    "exec",
    "compile",
    "import",
    "ctypes.",
    "pickle.",
    "urllib.",
)


class _Watch:
    """What the interpreter is asked to do while `is_on`. An audit hook cannot be taken away again."""

    def __init__(self) -> None:
        self.is_on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: Any) -> None:
        if self.is_on and event.startswith(_FORBIDDEN):
            self.seen.append(f"{event} {arguments!r:.200}")


_watch = _Watch()


@contextmanager
def noting() -> Iterator[list[str]]:
    """What is asked for within."""
    _watch.seen = seen = []
    _watch.is_on = True
    try:
        yield seen
    finally:
        _watch.is_on = False


@pytest.fixture(scope="module", autouse=True)
def _everything_is_loaded() -> None:
    """What is loaded at first use is no news later."""
    pair = {
        "client-certificate-data": encoded(PAIR.certificate_pem),
        "client-key-data": encoded(PAIR.key_pem),
    }
    taken(raw(document()))
    taken(raw(document(user=pair)))


def taken(content: bytes, name: str = "prod", read_file: Any = refuse_files) -> Any:
    return read_context(parse(content), name, read_file)


def refusal(content: bytes, read_file: Any = refuse_files) -> KubeconfigError:
    with pytest.raises(KubeconfigError) as raised:
        taken(content, read_file=read_file)
    return raised.value


def test_there_are_enough_hostile_ones() -> None:
    assert len({content for _, content, _ in HOSTILE}) >= 60


@pytest.mark.parametrize(
    ("content", "said"), [each[1:] for each in HOSTILE], ids=[each[0] for each in HOSTILE]
)
def test_a_hostile_one_is_refused_by_its_field_and_touches_nothing(content: bytes, said: str) -> None:
    with noting() as seen:
        error = refusal(content)
    assert seen == []
    assert said in str(error)
    assert str(error).isprintable()
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert CANARY not in shown
    assert len(str(error)) < 500


def test_the_watch_sees_what_is_opened_and_started(tmp_path: Path) -> None:
    with noting() as seen:
        (tmp_path / "file").write_text("x")
        os.system("true")
    assert [each.split()[0] for each in seen] == ["open", "os.system"]


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with noting() as seen, pytest.raises(KubeconfigError):
        taken(content)
    assert seen == []


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = st.sampled_from(
    [
        *("server", "token", "tokenFile", "exec", "auth-provider", "client-key-data", "client-certificate"),
        *("name", "user", "cluster", "context", "insecure-skip-tls-verify", "proxy-url"),
        "certificate-authority-data",
    ]
)


@given(st.dictionaries(_FIELDS, _VALUES, max_size=4), st.dictionaries(_FIELDS, _VALUES, max_size=4), _VALUES)
def test_any_values_in_known_fields_are_taken_or_refused(
    cluster: dict[str, Any], user: dict[str, Any], context: Any
) -> None:
    content = raw(document(cluster={**GOOD_CLUSTER, **cluster}, user=user, context=context))
    with noting() as seen:
        try:
            taken(content)
        except KubeconfigError as error:
            assert str(error).isprintable()
    assert seen == []


def test_inline_fields_are_taken() -> None:
    context = taken(
        raw(
            document(
                cluster={
                    **GOOD_CLUSTER,
                    "tls-server-name": "kubernetes",
                    "proxy-url": "http://proxy.example.com:3128",
                    "disable-compression": True,
                    "extensions": [{"name": "minikube", "extension": {"version": "v1.36.0"}}],
                },
                context={"cluster": "prod", "user": "me", "namespace": "shop", "extensions": []},
                preferences={},
            )
        )
    )
    assert context.endpoint == Endpoint(
        server="https://api.example.com:6443",
        ca_pem=PAIR.certificate_pem,
        tls_server_name="kubernetes",
        proxy_url="http://proxy.example.com:3128",
    )
    assert (context.name, context.login.kind, context.login.token) == ("prod", "token", CANARY)


def test_a_client_certificate_is_taken() -> None:
    user = {
        "client-certificate-data": encoded(PAIR.certificate_pem),
        "client-key-data": encoded(PAIR.key_pem),
        "token": None,
        "username": "",
    }
    login = taken(raw(document(user=user))).login
    assert (login.kind, login.certificate_pem, login.key_pem) == (
        "client_certificate",
        PAIR.certificate_pem,
        PAIR.key_pem,
    )


def test_tls_may_be_off_where_it_says_so() -> None:
    cluster = {"server": "https://a", "insecure-skip-tls-verify": True}
    assert taken(raw(document(cluster=cluster))).endpoint.skips_tls_verification


def test_nothing_of_a_context_shows_its_secret() -> None:
    context = taken(raw(document()))
    kubeconfig = parse(raw(document()))
    assert CANARY not in repr(context) + str(context) + repr(kubeconfig) + repr(kubeconfig.users)


def test_a_broken_context_does_not_stand_in_the_way_of_another() -> None:
    content = document()
    content["users"].append({"name": "other", "user": {"exec": {"command": "aws"}}})
    content["contexts"].append({"name": "eks", "context": {"cluster": "prod", "user": "other"}})
    kubeconfig = parse(raw(content))
    assert list(kubeconfig.contexts) == ["prod", "eks"]
    assert read_context(kubeconfig, "prod").name == "prod"
    with pytest.raises(NeedsAccount):
        read_context(kubeconfig, "eks")


def test_an_unknown_context_is_answered_with_those_there_are() -> None:
    with pytest.raises(KubeconfigError, match=r"no context 'x\\n'. It has: 'prod'"):
        taken(raw(document()), "x\n")


@pytest.mark.parametrize(
    ("content", "platform"),
    [
        (executing("aws", "eks", "get-token", "--cluster-name", "x"), "Amazon EKS"),
        (executing("aws-iam-authenticator", "token", "-i", "x"), "Amazon EKS"),
        (executing("/usr/lib/google-cloud-sdk/bin/gke-gcloud-auth-plugin"), "Google GKE"),
        (executing("kubelogin", "get-token", "--server-id", "x"), "Azure AKS"),
        (provider("gcp"), "Google GKE"),
        (provider("azure"), "Azure AKS"),
        (provider("oidc"), "OIDC"),
        (executing("doctl"), "cloud providers"),
    ],
)
def test_the_platform_of_a_login_program_is_named(content: bytes, platform: str) -> None:
    error = refusal(content)
    assert isinstance(error, NeedsAccount)
    assert platform in error.platform
    assert error.endpoint.server == "https://api.example.com:6443"
    assert error.has_ca


def test_the_platform_is_known_by_the_address_too() -> None:
    cluster = {"server": "https://x.hcp.westeurope.azmk8s.io:443"}
    error = refusal(raw(document(cluster=cluster, user={"exec": {"command": "x"}})))
    assert isinstance(error, NeedsAccount)
    assert (error.platform, error.has_ca) == ("Azure AKS", False)


# ── the operator's own command line ────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki/ca.crt").write_text(PAIR.certificate_pem)
    (tmp_path / "pki/me.crt").write_text(PAIR.certificate_pem)
    (tmp_path / "pki/me.key").write_text(PAIR.key_pem)
    (tmp_path / "token").write_text(CANARY + "\n")
    return tmp_path


def test_files_are_read_from_the_folder_of_the_kubeconfig(folder: Path) -> None:
    cluster = {"server": "https://a", "certificate-authority": "pki/ca.crt"}
    user = {"client-certificate": "pki/me.crt", "client-key": str(folder / "pki/me.key")}
    context = taken(raw(document(cluster=cluster, user=user)), read_file=inline_files(folder))
    assert context.endpoint.ca_pem == PAIR.certificate_pem
    assert context.login.key_pem == PAIR.key_pem


def test_a_token_file_wins_over_an_inline_token(folder: Path) -> None:
    content = with_user(token="old", tokenFile="token")
    assert taken(content, read_file=inline_files(folder)).login.token == CANARY


def test_what_cannot_be_inlined_is_refused_by_its_field(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "big").write_bytes(b"x" * 200_000)
    (folder / "binary").write_bytes(b"\xff" + CANARY.encode())
    for path, said in (
        ("missing", "cannot be read (No such file or directory)"),
        ("pki", "cannot be read (Is a directory)"),
        ("pipe", "not a file"),
        ("/dev/zero", "not a file"),
        ("big", "larger than 128 kB"),
        ("binary", "not plain text"),
    ):
        error = refusal(with_user(tokenFile=path), inline_files(folder))
        assert str(error).startswith("users[0].user.tokenFile points to")
        assert said in str(error)
        assert CANARY not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("content", "said"), [each[1:] for each in HOSTILE], ids=[each[0] for each in HOSTILE]
)
def test_inlining_files_runs_nothing_and_refuses_the_rest(content: bytes, said: str, tmp_path: Path) -> None:
    with noting() as seen:
        error = refusal(content, inline_files(tmp_path))
    assert all(each.startswith("open ") for each in seen)
    assert CANARY not in "".join(traceback.format_exception(error))
    if "points" not in said:
        assert said in str(error)


def test_a_file_is_opened_only_when_its_context_is_chosen(folder: Path) -> None:
    content = document()
    content["users"].append({"name": "other", "user": {"tokenFile": "token"}})
    content["contexts"].append({"name": "other", "context": {"cluster": "prod", "user": "other"}})
    opened: list[str] = []

    def keeping(path: str) -> bytes:
        opened.append(path)
        return inline_files(folder)(path)

    kubeconfig = parse(raw(content))
    read_context(kubeconfig, "prod", keeping)
    assert opened == []
    read_context(kubeconfig, "other", keeping)
    assert opened == ["token"]


def test_a_cluster_without_an_authority_trusts_the_systems() -> None:
    assert taken(with_cluster(certificate_authority_data="")).endpoint.ca_pem == ""
