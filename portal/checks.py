"""What production refuses to start with; each refusal says what to set.

`manage.py up`, `manage.py check` and the web and worker processes all ask here.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from portal.environment import Environment


@register("topmast")
def check_production(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Django's door to `production_faults`."""
    return list(
        production_faults(
            settings.ENVIRONMENT,
            secret_key=settings.SECRET_KEY,
            allowed_hosts=settings.ALLOWED_HOSTS,
            is_debug=settings.DEBUG,
        )
    )


def production_faults(
    environment: Environment, *, secret_key: str, allowed_hosts: list[str], is_debug: bool
) -> Iterable[CheckMessage]:
    """Every reason why these settings are not fit for production; none where they are not for it."""
    if not environment.is_production:
        return
    if secret_key == settings.DEFAULT_SECRET_KEY:
        yield _refusal(
            "E001",
            "The key that signs sessions is the default one.",
            "Set TOPMAST_SECRET_KEY to 50 random characters, the same for all processes; "
            "`openssl rand -base64 48` prints some.",
        )
    if is_debug:
        yield _refusal(
            "E002",
            "DEBUG is on and would show its insides to visitors.",
            "Set TOPMAST_DEBUG=0, or leave it out.",
        )
    if not allowed_hosts or "*" in allowed_hosts:
        yield _refusal(
            "E003",
            "No allowed host is known.",
            "Set TOPMAST_PUBLIC_URL to the address people open, such as https://topmast.example.org.",
        )
    yield from _key_file_faults(environment)
    if not environment.database_url.startswith("postgres"):
        yield _refusal(
            "E006", "There is no PostgreSQL.", "Set DATABASE_URL to postgres://USER:PASSWORD@HOST:5432/NAME."
        )
    if not environment.redis_url:
        yield _refusal("E007", "There is no Redis or Valkey.", "Set REDIS_URL to redis://HOST:6379/0.")


def _key_file_faults(environment: Environment) -> Iterable[CheckMessage]:
    path = environment.key_file
    if not environment.is_key_file_set:
        yield _refusal(
            "E004",
            "No key file is named; credentials of clusters are sealed with it.",
            "Set TOPMAST_KEY_FILE to its path. `manage.py make_key` makes a new one; keep a copy.",
        )
    elif not path.exists() and not path.with_name(path.name + ".pub").exists():
        yield _refusal(
            "E005",
            f"The key file {path} is not there.",
            "Put it back; where no cluster is registered yet, `manage.py make_key` makes a new one.",
        )


def refuse_unsafe_production() -> None:
    """Stop a process that must not run; for those that Django's own checks do not guard."""
    if faults := check_production():
        raise ImproperlyConfigured("\n".join(f"{fault.msg} {fault.hint}" for fault in faults))


def _refusal(number: str, message: str, hint: str) -> CheckMessage:
    return Error(message, hint=hint, id=f"topmast.{number}")
