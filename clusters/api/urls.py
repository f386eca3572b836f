"""The addresses of clusters and what is in them, below /api/v1/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from clusters.api import views


class PlainConverter(StringConverter):
    """A part of a path without control characters, which no database need be asked about."""

    regex = r"[^/\x00-\x1f\x7f\ud800-\udfff]{1,253}"


register_converter(PlainConverter, "plain")

urlpatterns = [
    path("fleet/", views.FleetView.as_view(), name="api-fleet"),
    path("resources/", views.FleetResourceListView.as_view(), name="api-resources"),
    path("clusters/", views.ClusterListView.as_view(), name="api-clusters"),
    path("clusters/<slug:slug>/", views.ClusterView.as_view(), name="api-cluster"),
    path("clusters/<slug:slug>/resources/", views.ResourceListView.as_view(), name="api-cluster-resources"),
    path(
        "clusters/<slug:slug>/resources/<plain:kind>/<plain:uid>/",
        views.ResourceView.as_view(),
        name="api-resource",
    ),
]
