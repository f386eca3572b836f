"""Django admin: every model is there, what is derived is read only, and no secret is shown."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from clusters.access.models import ApiToken, Grant, SignInTries, Team, User
from clusters.access.tokens import make_token
from clusters.models import Cluster, Credential, Lease
from metrics.models import JournalEntry, ProcessSeen, SeriesHour, SeriesTick, Snapshot, UsageRound
from tests.builders import a_cluster, a_pod_row, a_team, a_user, an_admin, granted

pytestmark = pytest.mark.django_db

OURS = [
    model for name in ("clusters", "access", "metrics") for model in apps.get_app_config(name).get_models()
]
CANARIES = (b"canary-sealed", b"canary-proxy", b"canary-packed")


@pytest.fixture
def alice(client):
    """An administrator."""
    client.force_login(an_admin("alice"))
    return client


@pytest.fixture
def rows():
    """One row of each model, with secrets that must not show."""
    one = a_cluster("one", proxy_url="https://u:canary-proxy@p.example", labels={"env": "prod"})
    a_pod_row(one)
    Credential.objects.create(
        cluster=one, kind="token", sealed=b"canary-sealed", key_id="k", fingerprint="f", changed_at_ms=1
    )
    Lease.objects.create(cluster=one, owner="worker")
    bob = a_user("bob", password="correct-horse-battery")
    granted(a_team(bob), one)
    make_token(bob, name="", scopes=("read",), days=1, now_ms=1)
    SignInTries.objects.create(account="x" * 32, address="192.0.2.1", last_try_at_ms=1)
    packed = b"canary-packed"
    place = {"cluster": one, "history": 1, "fence": 1}
    times = {"first_at_ms": 1, "last_at_ms": 1}
    JournalEntry.objects.create(
        **place, **times, first_number=1, last_number=1, state=packed, keys=packed, changes=packed
    )
    Snapshot.objects.create(**place, number=1, at_ms=1, state=packed, picture=packed)
    UsageRound.objects.create(cluster=one, at_ms=1, pods=packed)
    SeriesTick.objects.create(cluster=one, at_ms=1, points=packed)
    SeriesHour.objects.create(cluster=one, step_seconds=30, from_ms=0, points=packed)
    ProcessSeen.objects.create(name="w", role="worker", seen_at_ms=1)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_each_model_can_be_looked_at_and_shows_no_secret(alice, rows, model) -> None:
    assert model in admin.site._registry
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.order_by("pk").first()

    pages = [alice.get(reverse(f"{name}_changelist")), alice.get(reverse(f"{name}_change", args=[row.pk]))]

    hashed = ApiToken.objects.get().hashed.encode()
    encoded = [user.password.encode() for user in User.objects.exclude(password="")]
    for page in pages:
        assert page.status_code == 200
        assert not [secret for secret in (*CANARIES, hashed, *encoded) if secret in page.content]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_only_people_and_what_they_may_see_is_changed_here(alice, rows, model) -> None:
    may_add = model in (User, Team, Grant)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"

    assert alice.get(reverse(f"{name}_add")).status_code == (200 if may_add else 403)


def test_the_names_of_the_lists_are_english(alice) -> None:
    page = alice.get(reverse("admin:index")).content.decode()

    assert "Journal entries" in page
    assert "Processes seen" in page
    assert not [model.__name__ for model in OURS if model._meta.verbose_name_plural.endswith(("ys", "seens"))]


def test_a_clusters_address_cannot_be_changed_without_its_credential(alice, rows) -> None:
    one = Cluster.objects.get()

    answer = alice.post(
        reverse("admin:clusters_cluster_change", args=[one.pk]),
        {"labels": '{"env": "stage"}', "server": "https://evil.example", "name": "other", "is_demo": "on"},
    )

    assert answer.status_code == 302
    one.refresh_from_db()
    assert (one.labels, one.server, one.name, one.is_demo) == (
        {"env": "stage"},
        "https://127.0.0.1:6443",
        "one",
        False,
    )


@pytest.mark.parametrize("labels", ['{"env": 1}', '["env"]', '"x"', '{"env": {"a": "b"}}'])
def test_labels_are_words(alice, rows, labels) -> None:
    one = Cluster.objects.get()

    answer = alice.post(reverse("admin:clusters_cluster_change", args=[one.pk]), {"labels": labels})

    assert answer.status_code == 200, "the form comes back with what is wrong"
    one.refresh_from_db()
    assert one.labels == {"env": "prod"}


def test_a_selector_that_nobody_understands_is_refused(alice, rows) -> None:
    team = Team.objects.get()

    answer = alice.post(reverse("admin:access_grant_add"), {"team": team.pk, "selector": "((("})
    assert answer.status_code == 200
    assert Grant.objects.count() == 1

    assert (
        alice.post(reverse("admin:access_grant_add"), {"team": team.pk, "selector": "env=prod"}).status_code
        == 302
    )
    assert Grant.objects.filter(selector="env=prod").exists()


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_nobody_but_administrators_looks(client, rows, model) -> None:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    assert client.get(address).status_code == 302
    client.force_login(User.objects.get(username="bob"))
    assert client.get(address, follow=True).status_code == 404


def test_a_team_is_made_with_its_grants_on_one_page(alice) -> None:
    grants = {"grants-TOTAL_FORMS": 1, "grants-INITIAL_FORMS": 0, "grants-0-selector": "env=prod"}

    answer = alice.post(reverse("admin:access_team_add"), {"name": "Payments", "slug": "payments", **grants})

    assert answer.status_code == 302
    assert Grant.objects.get().team.name == "Payments"
