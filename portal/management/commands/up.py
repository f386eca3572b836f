"""Starts the whole portal on this machine, and keeps it running."""

import logging
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from portal.demo_process import demo_child, watch_with_demo
from portal.environment import Environment
from portal.health import redis_fault
from portal.preparation import ADMIN_NAME, make_first_admin, prepare
from portal.supervision.child import Child
from portal.supervision.claims import ClaimRefused, check_port, data_directory
from portal.supervision.programs import all_programs, child_variables
from portal.supervision.supervisor import Supervisor
from portal.supervision.valkey import NoValkey, prepare_directory

log = logging.getLogger("portal.up")


class Command(BaseCommand):
    """Web, worker and beat, with a Valkey and SQLite of their own where no others are named."""

    help = "Start web, worker and beat, and what they need, on this machine. Stop with Ctrl-C."
    # Only ours: the rest would load every page of the portal into this small process.
    requires_system_checks = ["topmast"]

    def handle(self, *args: Any, **options: Any) -> None:
        """Claim, prepare, start, and watch until told to stop."""
        environment: Environment = settings.ENVIRONMENT
        try:
            with data_directory(environment.data_dir):
                check_port(environment.bind, environment.port)
                self._run(environment)
        except (ClaimRefused, NoValkey) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _run(self, environment: Environment) -> None:
        valkey_directory = environment.data_dir / "valkey"
        if not environment.redis_url:
            prepare_directory(valkey_directory)
        prepare()
        variables = child_variables(os.environ)
        programs = all_programs(environment, valkey_directory=valkey_directory)
        supervisor = Supervisor(
            [Child(program, directory=settings.BASE_DIR, environment=variables) for program in programs]
        )
        with supervisor.running():
            supervisor.start_first()
            password = make_first_admin() if supervisor.watch(until=_redis_answers) else None
            if (demo := demo_child(variables)) is not None:
                supervisor.add(demo[1])
            connections.close_all()
            supervisor.start_all()
            if supervisor.watch(until=lambda: _serves(environment)):
                self._welcome(environment, password)
                watch_with_demo(supervisor, *demo) if demo else supervisor.watch()

    def _welcome(self, environment: Environment, password: str | None) -> None:
        if password:
            how = f"as {ADMIN_NAME} with the password {password} (shown only now)"
        elif environment.admin_password:
            how = f"as {ADMIN_NAME} with the password in TOPMAST_ADMIN_PASSWORD, unless it was changed since"
        else:
            how = f"as {ADMIN_NAME}, or get a new password with: {_manage()} reset_password {ADMIN_NAME}"
        self.stdout.write(
            f"\nTopmast runs at {environment.public_url}/\nSign in {how}.\nStop with Ctrl-C.\n\n"
        )
        self.stdout.flush()


def _manage() -> str:
    """What to type for another command, in the folder where this one was typed."""
    python, here = Path(sys.executable), Path.cwd()
    return f"{python.relative_to(here) if python.is_relative_to(here) else python} {sys.argv[0]}"


def _redis_answers() -> bool:
    return redis_fault() is None


def _serves(environment: Environment) -> bool:
    """Whether the web process answers yet."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(environment.bind, environment.bind)  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{host}:{environment.port}/healthz", timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False
