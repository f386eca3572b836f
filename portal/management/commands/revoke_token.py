"""manage.py revoke_token PREFIX"""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clusters.access.models import ApiToken
from clusters.access.tokens import revoke_token


class Command(BaseCommand):
    """Ends a token at once."""

    help = "End a token at once. PREFIX is its first 12 letters, as list_tokens shows them."

    def add_arguments(self, parser: CommandParser) -> None:
        """PREFIX."""
        parser.add_argument("prefix")

    def handle(self, *_: Any, **options: Any) -> None:
        """End it; twice is the same as once."""
        token = ApiToken.objects.filter(prefix=options["prefix"][:12]).first()
        if token is None:
            raise CommandError("There is no token that begins so. manage.py list_tokens shows all.")
        revoke_token(token, time.time_ns() // 1_000_000)
        self.stdout.write(f"{token.prefix}… of {token.user.username} is revoked.")
