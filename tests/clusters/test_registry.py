"""Registering, changing and removing clusters, and what each change does to the credential."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers

from clusters import registry
from clusters.connection import login as logins
from clusters.connection.credentials import Keyring, PrivateKey
from clusters.connection.endpoint import Endpoint
from clusters.connection.errors import ClusterError, Reason
from clusters.connection.guard import LOOPBACK
from clusters.models import Cluster, ClusterState, Credential, Lease, Resource
from clusters.registry import Registration, RegistryError
from metrics.models import JournalEntry
from tests.clusters.certificates import make_pair

pytestmark = pytest.mark.django_db

NOW_MS = 1_800_000_000_000
KEYRING = Keyring((PrivateKey.generate(),))
CANARY = "canary-9b74c9897bac770ffc029102a200c5de"


def registration(name: str = "Prod EU", **changes: Any) -> Registration:
    plain = Registration(
        name=name,
        endpoint=Endpoint(server="https://api.example.com:6443", ca_pem="CA"),
        login=logins.token_login(CANARY),
    )
    return replace(plain, **changes)


def added(name: str = "Prod EU", **changes: Any) -> Cluster:
    return registry.add(registration(name, **changes), KEYRING.public_key, now_ms=NOW_MS)


def opened(cluster: Cluster) -> str | None:
    return registry.settings_of(Cluster.objects.get(pk=cluster.pk), KEYRING, LOOPBACK).token


def test_a_registered_cluster_can_be_reached_with_its_credential() -> None:
    cluster = added(labels={"env": "prod"})

    settings = registry.settings_of(Cluster.objects.get(), KEYRING, LOOPBACK)

    assert (cluster.slug, cluster.name, cluster.labels) == ("prod-eu", "Prod EU", {"env": "prod"})
    assert (settings.server, settings.ca_pem) == ("https://api.example.com:6443", "CA")
    assert (settings.token, settings.allowed_ranges) == (CANARY, LOOPBACK)
    assert (settings.proxy_url, settings.tls_server_name, settings.client_key_pem) == (None, None, None)
    assert (cluster.state.health, cluster.state.reason) == ("pending", "first_read")
    assert cluster.lease.fence == 0


def test_the_secret_is_in_no_row() -> None:
    pair = make_pair(ends="2031-05-06")
    added(login=logins.certificate_login(pair.certificate_pem, pair.key_pem))
    added("Other")

    models = (Cluster, Credential, ClusterState, Lease)
    rows = "".join(serializers.serialize("json", model.objects.all()) for model in models)

    assert CANARY not in rows
    assert pair.key_pem.splitlines()[1] not in rows
    assert "canary" not in "".join(repr(vars(row)) + str(row) for row in Credential.objects.all())


def test_the_credential_says_when_it_ends_and_which_key_sealed_it() -> None:
    pair = make_pair(ends="2031-05-06")
    cluster = added(login=logins.certificate_login(pair.certificate_pem, pair.key_pem))

    credential = cluster.credential

    assert (credential.kind, credential.key_id) == ("client_certificate", KEYRING.public_key.key_id)
    assert credential.expires_at_ms == 1_935_792_000_000
    assert len(credential.fingerprint) == 8


@pytest.mark.parametrize(
    ("names", "slugs"),
    [
        (["prod", "Prod!", "prod?"], ["prod", "prod-2", "prod-3"]),
        (["日本", "中国"], ["cluster", "cluster-2"]),
        (["a" * 100, "a" * 101], ["a" * 80, "a" * 74 + "-2"]),
        (["x/../../admin", "<script>"], ["xadmin", "script"]),
    ],
)
def test_every_cluster_has_a_slug_of_its_own(names: list[str], slugs: list[str]) -> None:
    assert [added(name).slug for name in names] == slugs


@pytest.mark.parametrize("name", ["", "  ", "a" * 121, "two\nlines", "bell\x07", "\u202ereversed"])
def test_a_name_that_is_not_fit_for_a_page_is_refused(name: str) -> None:
    with pytest.raises(RegistryError, match="printable"):
        added(name)
    assert not Cluster.objects.exists()


def test_a_name_is_given_once_whatever_its_case() -> None:
    added("prod")
    with pytest.raises(RegistryError, match="already"):
        added("PROD")


def test_renaming_changes_name_and_slug_and_keeps_the_rest() -> None:
    cluster = added()
    before = cluster.settings_version

    registry.rename(cluster, "Staging")
    registry.label(cluster, {"env": "test"})

    cluster.refresh_from_db()
    assert (cluster.name, cluster.slug, cluster.labels) == ("Staging", "staging", {"env": "test"})
    assert cluster.settings_version == before, "a name interrupts no reader"
    assert opened(cluster) == CANARY


def test_a_cluster_may_be_renamed_to_its_own_name_in_another_case() -> None:
    cluster = added("prod")
    registry.rename(cluster, "PROD")
    assert (cluster.name, cluster.slug) == ("PROD", "prod")


def test_renaming_to_a_taken_name_is_refused() -> None:
    added("one")
    with pytest.raises(RegistryError, match="already"):
        registry.rename(added("two"), "ONE")


@pytest.mark.parametrize(
    "change",
    [
        {"server": "https://evil.example.com:6443"},
        {"server": "https://api.example.com:6444"},
        {"proxy_url": "http://evil.example.com:3128"},
        {"ca_pem": "another"},
        {"skips_tls_verification": True},
    ],
)
def test_changing_how_it_is_reached_asks_for_the_credential_again(change: dict[str, Any]) -> None:
    cluster = added()

    registry.change_server(cluster, replace(registry.endpoint_of(cluster), **change))

    with pytest.raises(ClusterError, match=r"no credential.*set_credential prod-eu") as raised:
        opened(cluster)
    assert raised.value.reason is Reason.CREDENTIAL
    assert not Credential.objects.exists()


def test_a_server_changed_in_the_database_does_not_get_the_credential() -> None:
    cluster = added()
    Cluster.objects.update(server="https://evil.example.com:6443")
    with pytest.raises(ClusterError, match="not sealed for this cluster"):
        opened(cluster)


def test_credentials_swapped_between_rows_do_not_open() -> None:
    one, two = added("one"), added("two")
    theirs = bytes(two.credential.sealed)
    Credential.objects.filter(cluster=one).update(sealed=theirs)
    with pytest.raises(ClusterError, match="not sealed for this cluster"):
        opened(one)
    assert opened(two) == CANARY


def test_a_service_account_moved_to_another_server_is_refused_before_its_token_is_read() -> None:
    cluster = added(login=logins.service_account_login())
    Cluster.objects.update(server="https://evil.example.com")
    with pytest.raises(ClusterError, match="not sealed for this cluster"):
        opened(cluster)


def test_a_service_account_has_its_token_read_anew_each_time(tmp_path: Path) -> None:
    for text in ("first\n", "second\n"):
        (tmp_path / "token").write_text(text)
        assert logins.service_account_token(tmp_path) == text.strip()
    with pytest.raises(ClusterError, match="no service account token"):
        logins.service_account_token(tmp_path / "missing")


def test_another_credential_takes_effect_and_is_noticed() -> None:
    cluster = added()
    before = cluster.settings_version

    registry.change_credential(cluster, logins.token_login("another"), KEYRING.public_key, now_ms=NOW_MS + 1)

    assert opened(cluster) == "another"
    assert Cluster.objects.get().settings_version == before + 1
    assert Credential.objects.get().changed_at_ms == NOW_MS + 1


def test_updating_keeps_identity_and_adds_labels() -> None:
    cluster = added(labels={"env": "prod", "tier": "1"})

    registry.update(
        cluster,
        registration(
            "ignored",
            endpoint=Endpoint(server="https://new.example.com"),
            login=logins.token_login("new"),
            labels={"env": "test"},
        ),
        KEYRING.public_key,
        now_ms=NOW_MS,
    )

    now = Cluster.objects.get()
    assert (now.uuid, now.slug, now.name) == (cluster.uuid, "prod-eu", "Prod EU")
    assert (now.server, now.labels) == ("https://new.example.com", {"env": "test", "tier": "1"})
    assert opened(now) == "new"


def test_a_change_does_not_undo_what_the_reader_wrote_meanwhile() -> None:
    cluster = added()
    Cluster.objects.update(kube_system_uid="found-by-the-reader", history=2)
    registry.rename(cluster, "Staging")
    now = Cluster.objects.get()
    assert (now.kube_system_uid, now.history) == ("found-by-the-reader", 2)


def test_pausing_takes_the_cluster_from_its_reader() -> None:
    cluster = added()
    Lease.objects.update(owner="worker-1", fence=7, expires_at_ms=NOW_MS * 2)

    registry.pause(cluster, now_ms=NOW_MS)

    lease, state = Lease.objects.get(), ClusterState.objects.get()
    assert (lease.owner, lease.fence) == ("", 8)
    assert (state.health, state.connection, state.connection_since_ms) == ("silenced", "paused", NOW_MS)
    assert Cluster.objects.get().is_paused


def test_resuming_starts_as_at_first() -> None:
    cluster = added()
    registry.pause(cluster, now_ms=NOW_MS)
    registry.resume(cluster, now_ms=NOW_MS + 5)
    state = ClusterState.objects.get()
    assert (state.health, state.connection, state.since_ms) == ("pending", "syncing", NOW_MS + 5)
    assert not Cluster.objects.get().is_paused


def test_removing_leaves_nothing_of_it_and_all_of_the_others() -> None:
    gone, stays = added("gone"), added("stays")
    for cluster in (gone, stays):
        Resource.objects.bulk_create(
            Resource(cluster=cluster, kind="Pod", name=f"p{n}", uid=str(n), record=b"") for n in range(12)
        )
        JournalEntry.objects.create(
            cluster=cluster, history=1, fence=1, first_number=1, last_number=1, first_at_ms=1, last_at_ms=1
        )

    registry.remove(gone)

    assert [cluster.name for cluster in Cluster.objects.all()] == ["stays"]
    assert Resource.objects.count() == 12
    assert JournalEntry.objects.count() == Credential.objects.count() == Lease.objects.count() == 1


def test_the_others_are_woken_after_the_commit(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        registry.rename(added(), "Staging")
    assert sum(callback.__module__ == "clusters.registry" for callback in callbacks) == 2


def test_a_cluster_is_found_by_slug_before_name() -> None:
    first, second = added("b c"), added("prod")
    Cluster.objects.filter(pk=second.pk).update(name="b-c")
    assert registry.cluster_named("b-c").pk == first.pk
    assert registry.cluster_named("b c").pk == first.pk
    with pytest.raises(RegistryError, match=r"no cluster 'x'.*b-c, prod"):
        registry.cluster_named("x")


def test_labels_are_written_as_kubernetes_does() -> None:
    assert registry.parse_labels(["env=prod", "example.com/team=a.b_c", "empty="]) == {
        "env": "prod",
        "example.com/team": "a.b_c",
        "empty": "",
    }


@pytest.mark.parametrize("pair", ["env", "=x", "-a=b", "a=b c", "a=<b>", "a b=c", "a=" + "x" * 64])
def test_a_wrong_label_is_refused(pair: str) -> None:
    with pytest.raises(RegistryError, match="is not a label"):
        registry.parse_labels([pair])


def test_a_new_key_seals_every_credential_anew() -> None:
    one, two = added("one"), added("two")
    ring = Keyring((PrivateKey.generate(), *KEYRING.keys))

    assert registry.seal_anew(ring) == (2, [])
    assert registry.seal_anew(ring) == (0, [])

    only_new = Keyring(ring.keys[:1])
    for cluster in (one, two):
        assert registry.settings_of(cluster, only_new, LOOPBACK).token == CANARY
    assert set(Credential.objects.values_list("key_id", flat=True)) == {ring.public_key.key_id}


def test_a_credential_that_does_not_open_stays_as_it_was() -> None:
    broken, _ = added("broken"), added("well")
    Credential.objects.filter(cluster=broken).update(sealed=b"damaged")

    changed, failures = registry.seal_anew(Keyring((PrivateKey.generate(), *KEYRING.keys)))

    assert changed == 1
    assert [str(failure).partition(":")[0] for failure in failures] == ["broken"]
    assert bytes(Credential.objects.get(cluster=broken).sealed) == b"damaged"
