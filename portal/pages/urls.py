"""The addresses of the pages."""

from django.urls import include, path

from portal.pages import views
from portal.pages.attention import attention

urlpatterns = [
    path("", views.fleet, name="fleet"),
    path("attention/", attention, name="attention"),
    path("", include("portal.pages.alerts.urls")),
    path("theme/", views.change_theme, name="change_theme"),
    path("clusters/", views.clusters, name="clusters"),
    path("clusters/<slug:slug>/", views.cluster, name="cluster"),
    path("clusters/<slug:slug>/<str:kind>/<str:uid>/", views.detail, name="detail"),
    path("clusters/<slug:slug>/<slug:name>/", views.cluster_list, name="cluster_list"),
    path("all/<slug:name>/", views.fleet_list, name="list"),
]
