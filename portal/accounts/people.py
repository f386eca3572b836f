"""What the commands do to users and teams: found by name, with an error that says what to do."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from clusters.access.models import Grant, Team, User
from clusters.access.selectors import SelectorError, parse_selector
from clusters.models import Cluster


def user_named(name: str) -> User:
    """The user of that name."""
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist:
        raise CommandError(f"There is no user {name}. Make one with: manage.py create_user {name}") from None


def team_named(name: str) -> Team:
    """The team of that name or slug."""
    team = Team.objects.filter(name=name).first() or Team.objects.filter(slug=name).first()
    if team is None:
        raise CommandError(f"There is no team {name}. Make one with: manage.py create_team {name}")
    return team


def make_team(name: str) -> Team:
    """A new team without members and grants."""
    slug = slugify(name)
    if not slug:
        raise CommandError("A team's name needs at least one letter or digit.")
    try:
        with transaction.atomic():
            return Team.objects.create(name=name, slug=slug)
    except IntegrityError:
        raise CommandError(f"There is a team {name} already.") from None


def make_user(name: str, *, email: str, password: str, teams: list[Team]) -> User:
    """A new user in these teams."""
    if User.objects.filter(username__iexact=name).exists():
        raise CommandError(
            f"There is a user {name} already. For another password: manage.py reset_password {name}"
        )
    user = User(username=name, email=email)
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    set_password(user, password)
    with transaction.atomic():
        user.save()
        user.teams.add(*teams)
    return user


def set_password(user: User, password: str) -> None:
    """Set the password, unless it is too easy. The caller saves."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    user.set_password(password)


def new_password() -> str:
    """A password nobody guesses, in letters that are told apart on paper."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def grant_of(team: Team, *, cluster: str | None, selector: str | None) -> tuple[dict[str, object], str]:
    """The fields of a grant, and how to say it."""
    if bool(cluster) == bool(selector):
        raise CommandError("Say what to grant: either --cluster NAME or --selector env=prod.")
    if selector:
        try:
            parse_selector(selector)
        except SelectorError as error:
            raise CommandError(str(error)) from None
        return {"team": team, "selector": selector}, f"clusters with {selector}"
    found = Cluster.objects.filter(slug=cluster).first() or Cluster.objects.filter(name=cluster).first()
    if found is None:
        raise CommandError(f"There is no cluster {cluster}.")
    return {"team": team, "cluster": found}, found.name


def grants_like(fields: dict[str, object]) -> list[Grant]:
    """The grants of the whole cluster or selector that are already there."""
    return [grant for grant in Grant.objects.filter(**fields) if grant.namespaces is None]
