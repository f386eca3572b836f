"""What the commands that register clusters share: read secrets, try the cluster, save it, say so."""

import asyncio
import getpass
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper

from clusters import registry
from clusters.connection import login as logins
from clusters.connection.checks import CheckList, as_text, check_cluster
from clusters.connection.endpoint import Endpoint, checked_ca, checked_host, checked_proxy, checked_server
from clusters.connection.errors import ClusterError
from clusters.connection.keyfile import make_or_load_public_key
from clusters.connection.login import Login
from clusters.kinds import all_kinds
from clusters.models import Cluster
from clusters.registry import Registration, RegistryError

_LARGEST_FILE_BYTES = 128 * 1024
_Parsed = TypeVar("_Parsed")


def add_login_options(parser: ArgumentParser) -> None:
    """The ways to give a credential; never on the command line itself, where others can see it."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--token-file", metavar="FILE", help="A bearer token; - reads standard input.")
    group.add_argument("--client-certificate-file", metavar="FILE", help="PEM, with --client-key-file.")
    group.add_argument(
        "--in-cluster", action="store_true", help="The service account of the pod the portal runs in."
    )
    parser.add_argument("--client-key-file", metavar="FILE", help="PEM without a pass phrase.")


def add_endpoint_options(parser: ArgumentParser) -> None:
    """Where a cluster is and whom to trust there."""
    parser.add_argument("--server", metavar="URL", help="https address of the API server.")
    parser.add_argument("--ca-file", metavar="FILE", help="PEM; default: the system's authorities.")
    parser.add_argument("--tls-server-name", metavar="NAME", help="The name in the server's certificate.")
    parser.add_argument("--proxy-url", metavar="URL", help="An http proxy for this cluster alone.")
    parser.add_argument(
        "--insecure-skip-tls-verify",
        action="store_true",
        help="Do not check the server's certificate: anybody on the way can read the credential.",
    )


def add_anyway_option(parser: ArgumentParser) -> None:
    """For a cluster that is not well just now."""
    parser.add_argument("--anyway", action="store_true", help="Save although a check failed.")


def login_of(options: Mapping[str, Any]) -> Login:
    """The credential the options name. Raises CommandError with the option."""
    if options["in_cluster"]:
        return logins.service_account_login()
    if options["token_file"]:
        return parsed("--token-file", logins.token_login, read_secret(options["token_file"], "--token-file"))
    if not options["client_key_file"]:
        raise CommandError("--client-certificate-file needs --client-key-file beside it.")
    certificate = read_file(options["client_certificate_file"], "--client-certificate-file")
    key = read_file(options["client_key_file"], "--client-key-file")
    return parsed("--client-key-file", lambda pem: logins.certificate_login(certificate, pem), key)


def endpoint_of(options: Mapping[str, Any], *, before: Endpoint | None = None) -> Endpoint:
    """Where the options say the cluster is; what they leave out stays as it was `before`."""
    start = before or Endpoint(server="")
    changes: dict[str, Any] = {}
    if options["server"]:
        changes["server"] = parsed("--server", checked_server, options["server"])
    if options["ca_file"]:
        ca_pem = parsed("--ca-file", checked_ca, read_file(options["ca_file"], "--ca-file"))
        changes |= {"ca_pem": ca_pem, "skips_tls_verification": False}
    if options["tls_server_name"]:
        changes["tls_server_name"] = parsed("--tls-server-name", checked_host, options["tls_server_name"])
    if options["proxy_url"]:
        changes["proxy_url"] = parsed("--proxy-url", checked_proxy, options["proxy_url"])
    if options["insecure_skip_tls_verify"]:
        if options["ca_file"]:
            raise CommandError("--insecure-skip-tls-verify contradicts --ca-file.")
        changes |= {"skips_tls_verification": True, "ca_pem": ""}
    return replace(start, **changes)


def labels_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The labels the options name. Raises CommandError."""
    return sentence(lambda: registry.parse_labels(options["label"]))


def read_secret(path: str, option: str) -> str:
    """A secret from a file, from standard input, or typed unseen where that is a terminal."""
    if path != "-":
        return read_file(path, option)
    if sys.stdin.isatty():
        return getpass.getpass("Token (not shown): ")
    return sys.stdin.read(_LARGEST_FILE_BYTES)


def read_file(path: str, option: str) -> str:
    """A small text file. Raises CommandError with the option, never with what is in the file."""
    try:
        with Path(path).expanduser().open("rb") as file:
            return file.read(_LARGEST_FILE_BYTES).decode("ascii")
    except OSError as error:
        raise CommandError(f"{option} {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{option} {path} is not plain text.") from None


def parsed(option: str, check: Callable[[str], _Parsed], text: str) -> _Parsed:
    """What `check` makes of a text; its objection with the option's name before it."""
    try:
        return check(text)
    except ValueError as error:
        raise CommandError(f"{option} {error}.") from None


def sentence(change: Callable[[], _Parsed]) -> _Parsed:
    """Do it; an objection of the registry or of a credential ends the command in its own words."""
    try:
        return change()
    except (RegistryError, ClusterError) as error:
        raise CommandError(str(error)) from None


def cluster_named(text: str) -> Cluster:
    """The registered cluster of that slug or name. Raises CommandError with those there are."""
    return sentence(lambda: registry.cluster_named(text))


def registered_like(name: str, server: str) -> Cluster | None:
    """The cluster that is registered under this name, or else at this address."""
    real = Cluster.objects.filter(is_demo=False)
    return real.filter(name__iexact=name.strip()).first() or real.filter(server=server).first()


def try_cluster(endpoint: Endpoint, login: Login, *, but: Cluster | None = None) -> CheckList:
    """Ask the cluster itself, here and now. `but` is the row that it may be the same cluster as."""
    others = Cluster.objects.exclude(kube_system_uid="")
    if but:
        others = others.exclude(pk=but.pk)
    connection_settings = sentence(lambda: registry.settings_for(endpoint, login, settings.CLUSTER_RANGES))
    return asyncio.run(
        check_cluster(
            connection_settings,
            kinds=all_kinds(),
            known_uids=dict(others.values_list("kube_system_uid", "name")),
            now_ms=now_ms(),
        )
    )


def report(stdout: OutputWrapper, name: str, checks: CheckList, *, anyway: bool) -> None:
    """Print the list. Raises CommandError where something failed and `anyway` was not said."""
    stdout.write(f"{name}:")
    stdout.write(as_text(checks))
    if not checks.has_passed and not anyway:
        raise CommandError("Not saved, because a check failed. Mend it, or add --anyway.")


def save(registration: Registration, existing: Cluster | None) -> Cluster:
    """Add it, or change the one that is registered already."""
    public_key = sentence(lambda: make_or_load_public_key(settings.KEY_FILE))
    if existing is None:
        return sentence(lambda: registry.add(registration, public_key, now_ms=now_ms()))
    sentence(lambda: registry.update(existing, registration, public_key, now_ms=now_ms()))
    return existing


def now_ms() -> int:
    """Our clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000
