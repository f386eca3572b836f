"""The addresses of the alerts' pages."""

from django.urls import path

from portal.pages.alerts import acts, views

urlpatterns = [
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/rules/", views.rules, name="rules"),
    path("alerts/silences/", views.silences, name="silences"),
    path("alerts/silences/add/", acts.add_silence, name="add_silence"),
    path("alerts/silences/<uuid:uuid>/end/", acts.end_silence, name="end_silence"),
    path("alerts/destinations/", views.destinations, name="destinations"),
    path("alerts/<uuid:uuid>/", views.alert, name="alert"),
    path("alerts/<uuid:uuid>/<slug:what>/", acts.act, name="alert_act"),
]
