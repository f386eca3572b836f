"""manage.py list_tokens [--user NAME]"""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clusters.access.models import ApiToken
from clusters.state.picture import iso


class Command(BaseCommand):
    """Lists the tokens; never their text, which nobody keeps."""

    help = "List the tokens with whose they are, whether they work, and when each was last used."

    def add_arguments(self, parser: CommandParser) -> None:
        """Of one user, or all."""
        parser.add_argument("--user", default="")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print one line a token."""
        tokens = ApiToken.objects.select_related("user").order_by("user__username", "created_at_ms")
        if options["user"]:
            tokens = tokens.filter(user__username=options["user"])
        now_ms = time.time_ns() // 1_000_000
        for token in tokens:
            self.stdout.write("\t".join(_cells(token, now_ms)))


def _cells(token: ApiToken, now_ms: int) -> list[str]:
    state = "works"
    if token.revoked_at_ms is not None:
        state = f"revoked {iso(token.revoked_at_ms)}"
    elif token.expires_at_ms <= now_ms:
        state = f"expired {iso(token.expires_at_ms)}"
    used = iso(token.last_used_at_ms) or "never"
    return [
        token.prefix, token.user.username, ",".join(token.scopes), state, f"until {iso(token.expires_at_ms)}",
        f"last used {used}", token.name,
    ]  # fmt: skip
