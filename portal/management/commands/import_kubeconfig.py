"""manage.py import_kubeconfig PATH [--context NAME …|--all] [--name NAME] [--label env=prod …]"""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clusters import registry
from clusters.connection.kubeconfig import (
    Context,
    Kubeconfig,
    KubeconfigError,
    NeedsAccount,
    inline_files,
    parse,
    read_context,
)
from clusters.connection.plain_yaml import LARGEST_BYTES
from clusters.models import Cluster
from clusters.registry import Registration
from portal import registering
from portal.account_commands import account_commands


@dataclass(frozen=True)
class _Wish:
    """What the command line asks for, beside the contexts."""

    path: Path
    name: str
    labels: Mapping[str, str]
    label_words: Sequence[str]
    anyway: bool
    allows_unchecked_tls: bool


class Command(BaseCommand):
    """Registers the clusters of a kubeconfig; those that are registered already are updated."""

    help = (
        "Register clusters from a kubeconfig: the current context, those named, or all. "
        "No program it names is run. Importing again updates."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """PATH and which contexts."""
        parser.add_argument("path", type=Path)
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--context", action="append", default=[], help="Repeatable.")
        which.add_argument("--all", action="store_true", help="Every context.")
        parser.add_argument("--name", default="", help="The cluster's name; default: the context's.")
        parser.add_argument("--label", action="append", default=[], help="Such as env=prod; repeatable.")
        parser.add_argument(
            "--insecure-skip-tls-verify",
            action="store_true",
            help="Take contexts that do not check the server's certificate.",
        )
        registering.add_anyway_option(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        """Each context by itself: one that is refused does not stop the next."""
        wish = _Wish(
            path=options["path"].expanduser(),
            name=options["name"],
            labels=registering.labels_of(options),
            label_words=options["label"],
            anyway=options["anyway"],
            allows_unchecked_tls=options["insecure_skip_tls_verify"],
        )
        self._saved: dict[int, str] = {}
        kubeconfig = _read(wish.path)
        names = _chosen(kubeconfig, options)
        refused = [name for name in names if not self._import(kubeconfig, name, wish)]
        if refused:
            raise CommandError(f"{len(names) - len(refused)} of {len(names)} contexts are registered.")

    def _import(self, kubeconfig: Kubeconfig, context_name: str, wish: _Wish) -> bool:
        """Whether the context is registered now; why not is printed."""
        try:
            context = read_context(kubeconfig, context_name, inline_files(wish.path.parent))
            self._register(context, wish)
        except NeedsAccount as refusal:
            self._advise(refusal, wish)
        except (KubeconfigError, CommandError) as error:
            self.stderr.write(f"{context_name}: {error}")
        else:
            return True
        return False

    def _register(self, context: Context, wish: _Wish) -> None:
        name = registering.sentence(lambda: registry.checked_name(wish.name or context.name))
        if context.endpoint.skips_tls_verification and not wish.allows_unchecked_tls:
            raise CommandError(
                "insecure-skip-tls-verify is set: anybody on the way could read the credential. "
                "Put the authority into the kubeconfig, or add --insecure-skip-tls-verify."
            )
        existing = registering.registered_like(name, context.endpoint.server)
        if existing and existing.pk in self._saved:
            raise CommandError(
                f"This is the cluster of context {self._saved[existing.pk]}, which is registered now. "
                "Where this one's credential is wanted, import it by --context."
            )
        checks = registering.try_cluster(context.endpoint, context.login, but=existing)
        registering.report(self.stdout, context.name, checks, anyway=wish.anyway)
        if existing and not wish.anyway:
            _refuse_another(existing, checks.kube_system_uid)
        registration = Registration(
            name=name,
            endpoint=context.endpoint,
            login=context.login,
            labels=wish.labels,
            kube_system_uid=checks.kube_system_uid,
        )
        cluster = registering.save(registration, existing)
        self._saved[cluster.pk] = context.name
        self.stdout.write(f"{'Updated' if existing else 'Added'} {cluster.name} as {cluster.slug}.")

    def _advise(self, refusal: NeedsAccount, wish: _Wish) -> None:
        lines = account_commands(
            refusal,
            kubeconfig=wish.path,
            name=(wish.name or refusal.context).lstrip("-"),
            labels=wish.label_words,
        )
        self.stderr.write(f"{refusal.context}: {refusal}")
        self.stderr.write("Paste these, where kubectl works:")
        self.stderr.write(lines)


def _read(path: Path) -> Kubeconfig:
    try:
        with path.open("rb") as file:
            return parse(file.read(LARGEST_BYTES + 1))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
    except KubeconfigError as error:
        raise CommandError(f"{path}: {error}") from None


def _chosen(kubeconfig: Kubeconfig, options: Mapping[str, Any]) -> list[str]:
    names = list(kubeconfig.contexts) if options["all"] else list(dict.fromkeys(options["context"]))
    if not names and kubeconfig.current_context:
        names = [kubeconfig.current_context]
    if not names:
        raise CommandError("The kubeconfig has no current context; name some with --context, or say --all.")
    if len(names) > 1 and options["name"]:
        raise CommandError("--name is for one context at a time.")
    return names


def _refuse_another(existing: Cluster, kube_system_uid: str) -> None:
    """A name that is taken by another cluster must not be pointed elsewhere by accident."""
    if existing.kube_system_uid and kube_system_uid and existing.kube_system_uid != kube_system_uid:
        raise CommandError(
            f"{existing.name} is registered already and is another cluster. Choose a --name, "
            "or add --anyway if it was built anew."
        )
