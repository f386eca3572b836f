"""Users, teams, what a team may see, and the tokens of programs."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from clusters.models import Cluster


class User(AbstractUser):
    """Somebody who signs in. A superuser sees every cluster; anybody else what their teams see."""

    access_epoch = models.PositiveIntegerField(
        default=1, help_text="Rises whenever what this user may see or do changes; open sockets compare it."
    )
    time_zone = models.CharField(max_length=64, blank=True, help_text="Empty: the portal's.")
    theme = models.CharField(max_length=8, blank=True, help_text="dark, light or empty for the browser's.")


class Team(models.Model):
    """People who look after the same clusters."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    members = models.ManyToManyField(User, related_name="teams", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """A team may see one cluster, or all whose labels match a selector; all namespaces, or some.

    Exactly one of `cluster` and `selector` is set. Only "all namespaces" (None) is offered so far.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="grants")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, null=True, blank=True)
    selector = models.CharField(max_length=500, blank=True, help_text="Such as env=prod,tier!=batch or *.")
    namespaces = models.JSONField(null=True, blank=True, help_text="Empty: all of them.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cluster__isnull=False, selector="")
                | (models.Q(cluster__isnull=True) & ~models.Q(selector="")),
                name="grant_is_of_a_cluster_or_a_selector",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team}: {self.cluster or self.selector}"


class ApiToken(models.Model):
    """A program's key, kept as a hash. Shown once by create_token; ends by expiry or revocation."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True, help_text="The first letters, to find it by.")
    hashed = models.CharField(max_length=64, help_text="sha256 of the whole token.")
    scopes = models.JSONField(default=list)
    created_at_ms = models.BigIntegerField()
    expires_at_ms = models.BigIntegerField()
    revoked_at_ms = models.BigIntegerField(null=True, blank=True)
    last_used_at_ms = models.BigIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.user}"


class SignInTries(models.Model):
    """How often somebody tried to sign in from one address: to one account, or (account "") to any.

    In the database, as a cache can be emptied by whoever fills it. Written before each try, removed by
    success, forgotten by clusters.access.sign_in after a quarter of an hour of peace.
    """

    account = models.CharField(max_length=32, blank=True, help_text="Of the typed name, a hash.")
    address = models.CharField(max_length=45, help_text="IPv4 address, or the /64 of an IPv6 one.")
    tries = models.PositiveIntegerField(default=0)
    last_try_at_ms = models.BigIntegerField(db_index=True, help_text="UTC, our clock.")
    blocked_until_ms = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "sign-in tries"
        constraints = [
            models.UniqueConstraint(fields=["account", "address"], name="sign_in_tries_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tries} from {self.address}"
