"""Fills the database of a portal that runs, in a process with its environment: people, and clusters."""

import json
import sys
import time
from typing import Any

import django


def make_people(visibilities: int) -> dict[str, Any]:
    """A token of the administrator, and one of each of so many users who see different clusters."""
    from bench.portals import LABEL
    from clusters.access.models import Grant, Team, User
    from clusters.access.tokens import READ, make_token

    now_ms = time.time_ns() // 1_000_000

    def token_of(user: User) -> str:
        return make_token(user, name="measured", scopes=(READ,), days=1, now_ms=now_ms)

    viewers = []
    for number in range(visibilities):
        user = User.objects.create(username=f"viewer-{number}")
        team = Team.objects.create(name=f"team-{number}", slug=f"team-{number}")
        team.members.add(user)
        Grant.objects.create(team=team, selector=f"{LABEL}!={number}")
        viewers.append(token_of(user))
    return {"admin": token_of(User.objects.get(username="admin")), "viewers": viewers}


def register(clusters: list[dict[str, Any]]) -> dict[str, Any]:
    """All of them in one transaction: the portal sees none, then all."""
    from django.conf import settings
    from django.db import transaction

    from clusters import registry
    from clusters.connection import login
    from clusters.connection.endpoint import Endpoint
    from clusters.connection.keyfile import make_or_load_public_key

    public_key = make_or_load_public_key(settings.KEY_FILE)
    uuids = {}
    with transaction.atomic():
        for one in clusters:
            registration = registry.Registration(
                name=one["name"],
                endpoint=Endpoint(server=one["server"], ca_pem=one["ca_pem"]),
                login=login.token_login(one["token"]),
                labels=one["labels"],
            )
            cluster = registry.add(registration, public_key, now_ms=time.time_ns() // 1_000_000)
            uuids[cluster.name] = str(cluster.uuid)
    return {"committed_at": time.time(), "uuids": uuids}


def make_destinations(urls: list[str]) -> dict[str, Any]:
    """A webhook at each address, each told of everything."""
    from django.conf import settings

    from clusters.connection.keyfile import make_or_load_public_key
    from metrics.alerts.audit import COMMAND
    from metrics.notify import destinations, routing

    key = make_or_load_public_key(settings.KEY_FILE)
    now_ms = time.time_ns() // 1_000_000
    for number, url in enumerate(urls):
        wanted = destinations.Wanted(
            name=f"destination-{number}", kind="webhook", url=url, secret=destinations.make_secret()
        )
        row = destinations.add_destination(wanted, key, user=None, via=COMMAND, now_ms=now_ms)
        routing.add_route(row, routing.Wanted(), user=None, via=COMMAND, now_ms=now_ms)
    return {}


def switch_rules_off(described: None) -> dict[str, Any]:
    """Every rule, in every cluster."""
    from metrics.alerts.audit import COMMAND
    from metrics.alerts.rules import rulebook
    from metrics.alerts.settings import Change, Scope, change_rule

    del described
    now_ms = time.time_ns() // 1_000_000
    for rule in rulebook():
        change_rule(rule, Scope(None, "", ""), Change(is_off=True), user=None, via=COMMAND, now_ms=now_ms)
    return {}


def main() -> None:
    """`python -m bench.preparing people|clusters|…`; what to make is on standard input."""
    django.setup()
    described = json.load(sys.stdin)
    making = {
        "people": make_people,
        "clusters": register,
        "rules-off": switch_rules_off,
        "destinations": make_destinations,
    }
    made = making[sys.argv[1]](described)
    print(json.dumps(made))


if __name__ == "__main__":
    main()
