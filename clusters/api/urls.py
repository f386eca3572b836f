"""The addresses of clusters and what is in them, below /api/v1/."""

from django.urls import path

from clusters.api import views

urlpatterns = [
    path("fleet/", views.FleetView.as_view(), name="api-fleet"),
    path("resources/", views.FleetResourceListView.as_view(), name="api-resources"),
    path("clusters/", views.ClusterListView.as_view(), name="api-clusters"),
    path("clusters/<slug:slug>/", views.ClusterView.as_view(), name="api-cluster"),
    path("clusters/<slug:slug>/resources/", views.ResourceListView.as_view(), name="api-cluster-resources"),
    path(
        "clusters/<slug:slug>/resources/<str:kind>/<str:uid>/",
        views.ResourceView.as_view(),
        name="api-resource",
    ),
]
