"""Django admin of the clusters. What is derived can be looked at; sealed bytes are shown nowhere."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from clusters.models import Cluster, ClusterState, Credential, Lease, Resource


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """For rows that only the portal itself writes."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds one by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes one by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes one by hand."""
        return False


class ClusterForm(forms.ModelForm):  # type: ignore[type-arg]
    """The labels of a cluster."""

    class Meta:
        model = Cluster
        fields = ("labels",)

    def clean_labels(self) -> dict[str, str]:
        """Words to words, as selectors expect."""
        labels: object = self.cleaned_data["labels"]
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
            raise ValidationError('Labels are words, such as {"env": "prod"}.')
        return labels


@admin.register(Cluster)
class ClusterAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A cluster's labels. All else is changed by commands, which tell the workers and ask for credentials."""

    form = ClusterForm

    list_display = ("name", "slug", "server", "is_paused", "is_demo", "labels")
    list_filter = ("is_paused", "is_demo")
    search_fields = ("name", "slug")
    fields = ("name", "slug", "uuid", "labels", "is_paused", "gentle_seconds", "server", "is_demo", "history")
    readonly_fields = ("slug", "uuid", "server", "is_demo", "is_paused", "gentle_seconds", "name", "history")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Clusters are added by add_cluster and import_kubeconfig, which check them first."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Cluster | None = None) -> bool:
        """Clusters are removed by remove_cluster, which tells the workers."""
        return False


@admin.register(Credential)
class CredentialAdmin(ReadOnlyAdmin):
    """That there is a credential, of which kind, and until when."""

    list_display = ("cluster", "kind", "fingerprint", "key_id", "expires_at_ms", "changed_at_ms")
    fields = list_display
    list_select_related = ("cluster",)


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    """Who reads which cluster."""

    list_display = ("cluster", "owner", "fence", "expires_at_ms", "is_handing_over")
    list_select_related = ("cluster",)


@admin.register(ClusterState)
class ClusterStateAdmin(ReadOnlyAdmin):
    """What each card shows."""

    list_display = ("cluster", "health", "reason", "connection", "connection_reason", "fence", "number")
    list_filter = ("health", "connection")
    list_select_related = ("cluster",)
    exclude = ("summary",)


@admin.register(Resource)
class ResourceAdmin(ReadOnlyAdmin):
    """One object as it is now."""

    list_display = ("cluster", "kind", "namespace", "name", "health", "reason", "node")
    list_select_related = ("cluster",)
    list_per_page = 50
    exclude = ("record",)
    # No search and no filters: over 420,000 rows each would walk through the table. The lists have both.
    ordering = ("-id",)
