"""What must be true before the processes start: keys, tables, static files, somebody who may sign in."""

import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from clusters.connection.keyfile import make_or_load_keyring
from portal.private_files import read_or_make_secret

ADMIN_NAME = "admin"


def prepare() -> None:
    """Make the keys, tables and static files that are missing. Safe to repeat; one at a time.

    WAL is on from the first connection, before children race for the file.
    """
    make_keys()
    call_command("migrate", interactive=False, verbosity=0)
    collect_static_files()


def make_keys() -> None:
    """The key that signs sessions, unless it is set, and the one that opens credentials."""
    if not settings.ENVIRONMENT.secret_key:
        read_or_make_secret(settings.DATA_DIR)
    make_or_load_keyring(settings.KEY_FILE)


def collect_static_files() -> None:
    """Hash and compress static files where that was not done since the tree was checked out."""
    if not (settings.STATIC_ROOT / "staticfiles.json").exists():
        call_command("collectstatic", interactive=False, verbosity=0)


def make_first_admin() -> str | None:
    """The first administrator, where there is none. Returns the password if it was made here: shown once."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    chosen = settings.ENVIRONMENT.admin_password
    password = chosen or secrets.token_urlsafe(12)
    users.create_superuser(username=ADMIN_NAME, email="", password=password)
    return None if chosen else password
