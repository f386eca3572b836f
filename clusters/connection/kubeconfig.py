"""Reads kubeconfigs as what they are: programs of strangers.

A kubeconfig can name commands to run, files to send and proxies to send them through. We read it
ourselves, take only the inline fields listed here, and refuse every other field of a chosen context by
its name. The official client never sees the document.
"""

import base64
import binascii
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from clusters.connection import login as logins
from clusters.connection.endpoint import Endpoint, checked_ca, checked_host, checked_proxy, checked_server
from clusters.connection.login import Login
from clusters.connection.plain_yaml import YamlRefused, load, shown

_LARGEST_FILE_BYTES = 128 * 1024
_LONGEST_NAME = 253
_Checked = TypeVar("_Checked")

# Fields without a meaning for us and without harm.
_IGNORED = {
    "cluster": {"extensions", "disable-compression"},
    "user": {"extensions"},
    "context": {"extensions", "namespace"},
}
_TAKEN = {
    "cluster": {
        "server",
        "certificate-authority-data",
        "certificate-authority",
        "tls-server-name",
        "insecure-skip-tls-verify",
        "proxy-url",
    },
    "user": {
        "token",
        "tokenFile",
        "client-certificate-data",
        "client-certificate",
        "client-key-data",
        "client-key",
    },
    "context": {"cluster", "user"},
}
_TOP = {"apiVersion", "kind", "clusters", "users", "contexts", "current-context", "preferences", "extensions"}
_LOGIN_PROGRAMS = ("exec", "auth-provider")
_WHY_NOT = {
    "username": "names a password login, which API servers no longer take; use a token",
    "password": "names a password login, which API servers no longer take; use a token",
    "as": "impersonates somebody else; give the account that is meant",
    "as-uid": "impersonates somebody else; give the account that is meant",
    "as-groups": "impersonates somebody else; give the account that is meant",
    "as-user-extra": "impersonates somebody else; give the account that is meant",
}

FileReader = Callable[[str], bytes]


class KubeconfigError(Exception):
    """A kubeconfig, or one context of it, that is not taken: names the field and holds no value of it."""


class NeedsAccount(KubeconfigError):
    """A context that logs in with a program; `platform` is whose program it looks like."""

    def __init__(self, *, context: str, field: str, platform: str, endpoint: Endpoint, has_ca: bool) -> None:
        super().__init__(
            f"{field}: this context logs in with a program ({platform}). "
            "Programs named in a kubeconfig are never run; give the portal an account of its own."
        )
        self.context = context
        self.platform = platform
        self.endpoint = endpoint
        self.has_ca = has_ca


@dataclass(frozen=True)
class Context:
    """One context that can be registered."""

    name: str
    endpoint: Endpoint
    login: Login


@dataclass(frozen=True, repr=False)
class Kubeconfig:
    """A document whose shape was checked; its contexts are read one by one."""

    contexts: dict[str, "_Entry"]
    clusters: dict[str, "_Entry"]
    users: dict[str, "_Entry"]
    current_context: str


@dataclass(frozen=True, repr=False)
class _Entry:
    """One named part: where it stands in the document, such as users[1].user, and its fields."""

    what: str
    path: str
    fields: dict[str, Any]


def refuse_files(path: str) -> bytes:
    """Reads nothing: what everybody but the operator's own command line must use."""
    raise ValueError("points to a file; only inline fields are taken")


def inline_files(folder: Path) -> FileReader:
    """Reads the files a kubeconfig points to, from its own folder on.

    For the operator's own command line alone: whoever writes the kubeconfig chooses what is read.
    """

    def read(path: str) -> bytes:
        try:
            # Not blocking: the path may be of a pipe that nobody writes to.
            descriptor = os.open(folder / Path(path).expanduser(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise ValueError("points to something that is not a file")
                content = file.read(_LARGEST_FILE_BYTES + 1)
        except OSError as error:
            raise ValueError(f"points to a file that cannot be read ({error.strerror})") from None
        if len(content) > _LARGEST_FILE_BYTES:
            raise ValueError(f"points to a file larger than {_LARGEST_FILE_BYTES // 1024} kB")
        return content

    return read


def parse(raw: bytes) -> Kubeconfig:
    """Check size and shape of a kubeconfig. Raises KubeconfigError."""
    try:
        document = load(raw)
    except YamlRefused as error:
        raise KubeconfigError(str(error)) from None
    if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
        raise KubeconfigError("This is not a kubeconfig: a mapping with kind Config is expected.")
    for field in document:
        if field not in _TOP:
            raise KubeconfigError(f"{shown(field)} is not a field of a kubeconfig.")
    current = document.get("current-context")
    return Kubeconfig(
        contexts=_entries(document, "contexts", "context"),
        clusters=_entries(document, "clusters", "cluster"),
        users=_entries(document, "users", "user"),
        current_context=current if isinstance(current, str) else "",
    )


def read_context(kubeconfig: Kubeconfig, name: str, read_file: FileReader = refuse_files) -> Context:
    """One context, every field of it checked. Raises KubeconfigError with the field's name.

    A context whose user logs in with a program raises NeedsAccount.
    """
    context = kubeconfig.contexts.get(name)
    if context is None:
        known = ", ".join(shown(each) for each in list(kubeconfig.contexts)[:20]) or "none"
        raise KubeconfigError(f"There is no context {shown(name)}. It has: {known}.")
    _refuse_other_fields(context)
    cluster = _referred(context, "cluster", kubeconfig.clusters)
    user = _referred(context, "user", kubeconfig.users)
    endpoint = _endpoint(cluster, read_file)
    _refuse_program(name, cluster, user, endpoint)
    return Context(name=name, endpoint=endpoint, login=_login(user, read_file))


def _entries(document: dict[str, Any], plural: str, singular: str) -> dict[str, _Entry]:
    items = document.get(plural)
    if items is None:
        return {}
    if not isinstance(items, list):
        raise KubeconfigError(f"{plural} must be a list.")
    entries: dict[str, _Entry] = {}
    for number, item in enumerate(items):
        path = f"{plural}[{number}]"
        name, fields = _named(item, path, singular)
        if name in entries:
            raise KubeconfigError(f"{path}.name: there are two {plural} named {shown(name)}.")
        entries[name] = _Entry(singular, f"{path}.{singular}", fields)
    return entries


def _named(item: Any, path: str, singular: str) -> tuple[str, dict[str, Any]]:
    if not isinstance(item, dict):
        raise KubeconfigError(f"{path} must be a mapping.")
    for field in item:
        if field not in ("name", singular):
            raise KubeconfigError(f"{path}.{_field(field)} is not a field of a kubeconfig.")
    name, fields = item.get("name"), item.get(singular)
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise KubeconfigError(f"{path}.name must be 1 to {_LONGEST_NAME} printable characters.")
    if fields is not None and not isinstance(fields, dict):
        raise KubeconfigError(f"{path}.{singular} must be a mapping.")
    return name, {key: value for key, value in (fields or {}).items() if value not in (None, "")}


def _referred(context: _Entry, what: str, entries: dict[str, _Entry]) -> _Entry:
    name = _text(context, what)
    if name not in entries:
        raise KubeconfigError(f"{context.path}.{what}: there is no {what} named {shown(name)}.")
    return entries[name]


def _refuse_other_fields(entry: _Entry) -> None:
    for field in entry.fields:
        if field not in _TAKEN[entry.what] | _IGNORED[entry.what]:
            why = _WHY_NOT.get(field, "is not taken: only inline fields that are known are")
            raise KubeconfigError(f"{entry.path}.{_field(field)} {why}.")


def _endpoint(cluster: _Entry, read_file: FileReader) -> Endpoint:
    _refuse_other_fields(cluster)
    skips = cluster.fields.get("insecure-skip-tls-verify", False)
    if not isinstance(skips, bool):
        raise KubeconfigError(f"{cluster.path}.insecure-skip-tls-verify must be true or false.")
    ca = _inline(cluster, "certificate-authority-data", "certificate-authority", read_file)
    if skips and ca:
        raise KubeconfigError(
            f"{cluster.path}.insecure-skip-tls-verify contradicts the certificate authority beside it."
        )
    return Endpoint(
        server=_checked(cluster, "server", checked_server, _text(cluster, "server")),
        ca_pem=_checked(cluster, "certificate-authority-data", checked_ca, ca) if ca else "",
        tls_server_name=_optional(cluster, "tls-server-name", checked_host),
        skips_tls_verification=skips,
        proxy_url=_optional(cluster, "proxy-url", checked_proxy),
    )


def _login(user: _Entry, read_file: FileReader) -> Login:
    _refuse_other_fields(user)
    token = _token(user, read_file)
    certificate = _inline(user, "client-certificate-data", "client-certificate", read_file)
    key = _inline(user, "client-key-data", "client-key", read_file)
    if token and (certificate or key):
        raise KubeconfigError(f"{user.path} has both a token and a client certificate; remove one.")
    if token:
        return _checked(user, "token", logins.token_login, token)
    if not certificate and not key:
        raise KubeconfigError(f"{user.path} holds no credential: neither a token nor a client certificate.")
    if not certificate or not key:
        missing = "client-key-data" if certificate else "client-certificate-data"
        raise KubeconfigError(f"{user.path}.{missing} is missing: certificate and key go together.")
    return _checked(user, "client-key-data", lambda pem: logins.certificate_login(certificate, pem), key)


def _token(user: _Entry, read_file: FileReader) -> str:
    """The token; a token file wins over the one inline, as it does for kubectl."""
    if "tokenFile" in user.fields:
        content = _checked(user, "tokenFile", read_file, _text(user, "tokenFile"))
        return _checked(user, "tokenFile", _ascii, content)
    return _text(user, "token") if "token" in user.fields else ""


def _inline(entry: _Entry, data_field: str, file_field: str, read_file: FileReader) -> str:
    """PEM text of a field in base64, or of the file beside it; "" where neither is given."""
    if data_field in entry.fields:
        if file_field in entry.fields:
            raise KubeconfigError(f"{entry.path}.{file_field} stands beside {data_field}; remove one.")
        return _checked(entry, data_field, _decoded, _text(entry, data_field))
    if file_field in entry.fields:
        content = _checked(entry, file_field, read_file, _text(entry, file_field))
        return _checked(entry, file_field, _ascii, content)
    return ""


def _refuse_program(name: str, cluster: _Entry, user: _Entry, endpoint: Endpoint) -> None:
    for field in _LOGIN_PROGRAMS:
        if field in user.fields:
            raise NeedsAccount(
                context=name,
                field=f"{user.path}.{field}",
                platform=_platform(endpoint.host, user.fields[field]),
                endpoint=endpoint,
                has_ca=bool(endpoint.ca_pem),
            )


def _platform(host: str, program: Any) -> str:
    """Whose login program it looks like. Judged by known words; nothing of the program is repeated."""
    words = str(program).lower() if isinstance(program, dict) and len(str(program)) < 10_000 else ""
    for platform, ending, marks in (
        ("Amazon EKS", ".eks.amazonaws.com", ("aws-iam-authenticator", "'eks'", "'aws'")),
        ("Google GKE", ".gke.goog", ("gke-gcloud-auth-plugin", "'gcp'", "gcloud")),
        ("Azure AKS", ".azmk8s.io", ("'azure'", "azurecli", "'--server-id'")),
    ):
        if host.endswith(ending) or any(mark in words for mark in marks):
            return platform
    return "such as cloud providers and OIDC plugins have"


def _text(entry: _Entry, field: str) -> str:
    value = entry.fields.get(field)
    if value is None:
        raise KubeconfigError(f"{entry.path}.{field} is missing.")
    if not isinstance(value, str):
        raise KubeconfigError(f"{entry.path}.{field} must be text.")
    return value


def _optional(entry: _Entry, field: str, check: Callable[[str], str]) -> str:
    return _checked(entry, field, check, _text(entry, field)) if field in entry.fields else ""


def _checked(entry: _Entry, field: str, check: Callable[[Any], _Checked], value: Any) -> _Checked:
    """What `check` makes of a value; its objection with the field's name before it."""
    try:
        return check(value)
    except ValueError as error:
        # Without the cause: it may hold the value.
        raise KubeconfigError(f"{entry.path}.{field} {error}.") from None


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("ascii")
    except (binascii.Error, UnicodeError):
        raise ValueError("is not base64 of PEM text") from None


def _ascii(content: bytes) -> str:
    try:
        return content.decode("ascii")
    except UnicodeError:
        raise ValueError("points to a file that is not plain text") from None


def _field(name: str) -> str:
    """A field's name as it stands in the document, or quoted where it is no usual one."""
    return name if name.isascii() and name.replace("-", "").isalnum() and len(name) <= 40 else shown(name)
