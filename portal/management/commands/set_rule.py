"""manage.py set_rule RULE [--off|--on] [--for 5m] [--severity S] [--limit NAME=VALUE] [--cluster NAME]"""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.alerts.audit import COMMAND
from metrics.alerts.settings import Change, Scope, SettingError, change_rule, reset_rule
from portal import registering
from portal.destination_commands import now_ms


class Command(BaseCommand):
    """Changes a rule everywhere, or for some; the narrowest setting wins."""

    help = (
        "Change a rule: off or on, how long, how severe, its limits. Without --cluster, --label and "
        "--namespace everywhere. The narrowest setting wins, and running evaluators follow within seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to change, and where."""
        parser.add_argument("rule", help="As docs/alerts.md lists them, such as pod-crash-looping.")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--off", action="store_true", help="Raise nothing of it.")
        switch.add_argument("--on", action="store_true", help="Raise it, though a wider setting has it off.")
        switch.add_argument("--reset", action="store_true", help="Forget what was set for this place.")
        parser.add_argument("--for", dest="wait", metavar="5m", help="How long it must hold first.")
        parser.add_argument("--keep-firing-for", dest="keep", metavar="5m", help="How long it goes on after.")
        parser.add_argument("--severity", help="critical, warning or info.")
        parser.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE", help="Repeatable.")
        parser.add_argument("--cluster", help="Name or slug.")
        parser.add_argument(
            "--label", action="append", default=[], help="Of clusters, as env=dev; repeatable."
        )
        parser.add_argument("--namespace", default="")

    def handle(self, *_: Any, **options: Any) -> None:
        """Set it and say what holds there now."""
        cluster = registering.cluster_named(options["cluster"]) if options["cluster"] else None
        scope = Scope(cluster, ",".join(options["label"]), options["namespace"])
        rule = options["rule"]
        if options["reset"]:
            was_set = reset_rule(rule, scope, user=None, via=COMMAND, now_ms=now_ms())
            self.stdout.write(f"{rule}, {scope.text}: {'forgotten' if was_set else 'nothing was set'}.")
            return
        change = Change(
            is_off=True if options["off"] else False if options["on"] else None,
            severity=options["severity"],
            wait=options["wait"],
            keep=options["keep"],
            limits=_limits(options["limit"]),
        )
        try:
            row = change_rule(rule, scope, change, user=None, via=COMMAND, now_ms=now_ms())
        except SettingError as error:
            raise CommandError(str(error)) from None
        parts = [{None: "", True: "off", False: "on"}[row.is_off]]
        parts += [f"{name}={value}" for name, value in sorted(row.limits.items())]
        self.stdout.write(f"{rule}, {scope.text}: {', '.join(filter(None, parts))}.")


def _limits(texts: Sequence[str]) -> dict[str, float]:
    limits: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            limits[name.strip()] = float(value)
        except ValueError:
            raise CommandError(f"--limit {text[:80]!r}: write NAME=NUMBER.") from None
    return limits
