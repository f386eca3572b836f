"""Every change to what is registered: the one module that writes clusters and their credentials.

Each change commits whole, raises `settings_version` where the reader must notice, and wakes the other
processes afterwards. Nothing here speaks to a cluster.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.text import slugify

from clusters import wakeups
from clusters.connection import login as logins
from clusters.connection.credentials import Keyring, PublicKey, open_sealed, seal
from clusters.connection.endpoint import Endpoint
from clusters.connection.errors import ClusterError, Reason
from clusters.connection.login import Login
from clusters.connection.settings import AddressRange, ConnectionSettings, host_of
from clusters.models import Cluster, ClusterState, Credential, Lease

# Slices keep each transaction short, so that removing a big cluster holds nobody up.
_SLICE_ROWS = 5_000
_LONGEST_SLUG = 80
_LONGEST_NAME = 120
_LABEL_KEY = re.compile(
    r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")


class RegistryError(Exception):
    """A change that cannot be made, with a sentence for the operator. Holds no secret."""


@dataclass(frozen=True)
class Registration:
    """What is known of a cluster when it is registered."""

    name: str
    endpoint: Endpoint
    login: Login
    labels: Mapping[str, str] = field(default_factory=dict)
    kube_system_uid: str = ""
    is_demo: bool = False


def add(registration: Registration, public_key: PublicKey, *, now_ms: int) -> Cluster:
    """Register a cluster with its sealed credential. Raises RegistryError where the name is taken."""
    name = checked_name(registration.name)
    with transaction.atomic():
        _refuse_taken(name)
        cluster = Cluster(
            uuid=uuid4(),
            slug=_free_slug(name),
            name=name,
            labels=dict(registration.labels),
            kube_system_uid=registration.kube_system_uid,
            is_demo=registration.is_demo,
            added_at_ms=now_ms,
        )
        _put(cluster, registration.endpoint)
        cluster.save()
        ClusterState.objects.create(cluster=cluster, since_ms=now_ms, reason="first_read")
        Lease.objects.create(cluster=cluster)
        _store(cluster, registration.login, public_key, now_ms=now_ms)
        _wake_after_commit(cluster)
    return cluster


def update(cluster: Cluster, registration: Registration, public_key: PublicKey, *, now_ms: int) -> None:
    """Give a registered cluster another address and credential at once; name and slug stay."""
    with transaction.atomic():
        _put(cluster, registration.endpoint)
        cluster.labels = {**cluster.labels, **registration.labels}
        _save(cluster)
        _have_reader_notice(cluster)
        _store(cluster, registration.login, public_key, now_ms=now_ms)


def rename(cluster: Cluster, name: str) -> None:
    """Another name, and the slug that goes with it. Raises RegistryError where the name is taken."""
    name = checked_name(name)
    with transaction.atomic():
        _refuse_taken(name, but=cluster)
        cluster.name = name
        cluster.slug = _free_slug(name, but=cluster)
        _save(cluster)


def label(cluster: Cluster, labels: Mapping[str, str]) -> None:
    """Replace the operator's labels."""
    with transaction.atomic():
        cluster.labels = dict(labels)
        _save(cluster)


def pause(cluster: Cluster, *, now_ms: int) -> None:
    """Stop reading it; what was last seen stays. Whoever reads it now can write no more."""
    with transaction.atomic():
        cluster.is_paused = True
        _save(cluster)
        _have_reader_notice(cluster)
        _take_from_reader(cluster)
        _states_of(cluster).update(
            health="silenced", reason="paused", since_ms=now_ms, **_line("paused", now_ms=now_ms)
        )


def resume(cluster: Cluster, *, now_ms: int) -> None:
    """Read it again, as from the start."""
    with transaction.atomic():
        cluster.is_paused = False
        _save(cluster)
        _have_reader_notice(cluster)
        _states_of(cluster).update(
            health="pending", reason="first_read", since_ms=now_ms, **_line("syncing", now_ms=now_ms)
        )


def remove(cluster: Cluster) -> None:
    """Forget it and all that was kept of it, in slices."""
    with transaction.atomic():
        Cluster.objects.filter(pk=cluster.pk).update(is_paused=True)
        _take_from_reader(cluster)
    for relation in Cluster._meta.related_objects:
        _empty(relation.related_model, {relation.field.name: cluster})
    with transaction.atomic():
        cluster.delete()
        _wake_after_commit(cluster)


def change_server(cluster: Cluster, endpoint: Endpoint) -> None:
    """Another address, authority or proxy. Drops the credential: it must be given again.

    Otherwise whoever may change an address could have the stored secret sent to their own.
    """
    with transaction.atomic():
        _put(cluster, endpoint)
        _save(cluster)
        _have_reader_notice(cluster)
        Credential.objects.filter(cluster=cluster).delete()


def change_credential(cluster: Cluster, login: Login, public_key: PublicKey, *, now_ms: int) -> None:
    """Another credential for the same address."""
    with transaction.atomic():
        _save(cluster)
        _have_reader_notice(cluster)
        _store(cluster, login, public_key, now_ms=now_ms)


def seal_anew(keyring: Keyring) -> tuple[int, list[ClusterError]]:
    """Seal with the first key what another one sealed: how many were, and why the others could not be.

    Safe to stop and to repeat; each credential is changed only if nobody changed it meanwhile.
    """
    changed, failures = 0, []
    for credential in Credential.objects.exclude(key_id=keyring.public_key.key_id).select_related("cluster"):
        cluster, before = credential.cluster, bytes(credential.sealed)
        host = host_of(cluster.server)
        try:
            content = open_sealed(before, keyring, cluster.uuid, host)
        except ClusterError as error:
            failures.append(ClusterError(error.reason, f"{cluster.name}: {error.what}", error.hint))
            continue
        after = seal(content, keyring.public_key, cluster.uuid, host)
        unchanged = Credential.objects.filter(pk=credential.pk, sealed=before)
        changed += unchanged.update(sealed=after, key_id=keyring.public_key.key_id)
    return changed, failures


def settings_of(
    cluster: Cluster, keyring: Keyring, allowed_ranges: Sequence[AddressRange]
) -> ConnectionSettings:
    """How to reach a cluster, with its credential opened. Raises ClusterError where it does not open."""
    credential = Credential.objects.filter(cluster=cluster).first()
    if credential is None:
        raise ClusterError(
            Reason.CREDENTIAL,
            "There is no credential for this cluster.",
            f"Give it one: manage.py set_credential {cluster.slug}.",
        )
    content = open_sealed(bytes(credential.sealed), keyring, cluster.uuid, host_of(cluster.server))
    return settings_for(endpoint_of(cluster), logins.decode(content), allowed_ranges)


def settings_for(
    endpoint: Endpoint, login: Login, allowed_ranges: Sequence[AddressRange]
) -> ConnectionSettings:
    """How to reach an address with a login, registered or not."""
    token = login.token
    if login.kind == logins.SERVICE_ACCOUNT:
        token = logins.service_account_token(settings.SERVICE_ACCOUNT_FOLDER)
    return ConnectionSettings(
        server=endpoint.server,
        ca_pem=endpoint.ca_pem or None,
        tls_server_name=endpoint.tls_server_name or None,
        skips_tls_verification=endpoint.skips_tls_verification,
        proxy_url=endpoint.proxy_url or None,
        token=token or None,
        client_certificate_pem=login.certificate_pem or None,
        client_key_pem=login.key_pem or None,
        allowed_ranges=tuple(allowed_ranges),
    )


def endpoint_of(cluster: Cluster) -> Endpoint:
    """Where a registered cluster is."""
    return Endpoint(
        server=cluster.server,
        ca_pem=cluster.ca_pem,
        tls_server_name=cluster.tls_server_name,
        skips_tls_verification=cluster.skips_tls_verification,
        proxy_url=cluster.proxy_url,
    )


def cluster_named(text: str) -> Cluster:
    """The cluster of that slug or name. Raises RegistryError with the names there are."""
    found = Cluster.objects.filter(Q(slug=text) | Q(name=text)).order_by(
        models.Case(models.When(slug=text, then=0), default=1)
    )
    cluster = found.first()
    if cluster is None:
        known = ", ".join(Cluster.objects.values_list("slug", flat=True)[:20]) or "none"
        raise RegistryError(f"There is no cluster {text[:_LONGEST_NAME]!r}. Registered: {known}.")
    return cluster


def checked_name(text: str) -> str:
    """A name fit for pages and paths. Raises RegistryError."""
    name = text.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise RegistryError(f"A name has 1 to {_LONGEST_NAME} printable characters.")
    return name


def parse_labels(pairs: Sequence[str]) -> dict[str, str]:
    """Labels such as env=prod, written as Kubernetes writes its own. Raises RegistryError."""
    labels = {}
    for pair in pairs:
        key, parted, value = pair.partition("=")
        if not parted or not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            raise RegistryError(f"{pair[:80]!r} is not a label; write them like env=prod.")
        labels[key] = value
    return labels


def _put(cluster: Cluster, endpoint: Endpoint) -> None:
    cluster.server = endpoint.server
    cluster.ca_pem = endpoint.ca_pem
    cluster.tls_server_name = endpoint.tls_server_name
    cluster.skips_tls_verification = endpoint.skips_tls_verification
    cluster.proxy_url = endpoint.proxy_url


def _save(cluster: Cluster) -> None:
    """Save what the operator may change; kube_system_uid and history are the reader's."""
    fields = ("name", "slug", "labels", "is_paused", "server", "ca_pem", "tls_server_name")
    cluster.save(update_fields=[*fields, "skips_tls_verification", "proxy_url"])
    _wake_after_commit(cluster)


def _have_reader_notice(cluster: Cluster) -> None:
    """Have the cluster read anew; not for a name or a label, which would only interrupt it."""
    Cluster.objects.filter(pk=cluster.pk).update(settings_version=F("settings_version") + 1)
    cluster.refresh_from_db(fields=["settings_version"])


def _store(cluster: Cluster, login: Login, public_key: PublicKey, *, now_ms: int) -> None:
    sealed = seal(logins.encode(login), public_key, cluster.uuid, host_of(cluster.server))
    Credential.objects.update_or_create(
        cluster=cluster,
        defaults={
            "kind": login.kind,
            "sealed": sealed,
            "key_id": public_key.key_id,
            "fingerprint": login.fingerprint,
            "expires_at_ms": login.expires_at_ms,
            "changed_at_ms": now_ms,
        },
    )


def _take_from_reader(cluster: Cluster) -> None:
    """Whoever holds the lease holds it no more, so their late writes are refused."""
    Lease.objects.filter(cluster=cluster).update(
        owner="", expires_at_ms=0, is_handing_over=False, fence=F("fence") + 1
    )


def _states_of(cluster: Cluster) -> models.QuerySet[ClusterState]:
    return ClusterState.objects.filter(cluster=cluster)


def _line(state: str, *, now_ms: int) -> dict[str, object]:
    return {
        "connection": state,
        "connection_reason": "",
        "connection_message": "",
        "connection_since_ms": now_ms,
        "next_try_at_ms": None,
    }


def _empty(model: type[models.Model], where: Mapping[str, object]) -> None:
    rows = model._base_manager.filter(**where)
    while keys := list(rows.values_list("pk", flat=True)[:_SLICE_ROWS]):
        model._base_manager.filter(pk__in=keys).delete()


def _refuse_taken(name: str, *, but: Cluster | None = None) -> None:
    if _others(but).filter(name__iexact=name).exists():
        raise RegistryError(f"There is a cluster named {name!r} already; choose another name.")


def _free_slug(name: str, *, but: Cluster | None = None) -> str:
    """`name` fit for a path; with a number where another cluster has it."""
    wanted = slugify(name)[:_LONGEST_SLUG] or "cluster"
    alike = _others(but).filter(slug__startswith=wanted[: _LONGEST_SLUG - 6])
    taken = set(alike.values_list("slug", flat=True))
    slug, number = wanted, 1
    while slug in taken:
        number += 1
        slug = f"{wanted[: _LONGEST_SLUG - 6]}-{number}"
    return slug


def _others(but: Cluster | None) -> models.QuerySet[Cluster]:
    return Cluster.objects.exclude(pk=but.pk) if but else Cluster.objects.all()


def _wake_after_commit(cluster: Cluster) -> None:
    uuid = cluster.uuid
    transaction.on_commit(lambda: wakeups.publish_cluster(uuid))
