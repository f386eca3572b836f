"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class LeanArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id at the least that OWASP's cheat sheet on password storage names first: 19 MiB, two passes.

    Django's own settings take 100 MiB and eight threads for each sign-in, its PBKDF2 400 ms of a core:
    beside a busy worker on two cores a sign-in would be slow, and many of them would starve it.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
