"""The addresses of the alerts' pages."""

from django.urls import path

from portal.pages.alerts import acts, rules, views

urlpatterns = [
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/rules/", rules.rules, name="rules"),
    path("alerts/rules/<slug:name>/", rules.rule, name="rule"),
    path("alerts/rules/<slug:name>/change/", rules.change, name="change_rule"),
    path("alerts/silences/", views.silences, name="silences"),
    path("alerts/silences/add/", acts.add_silence, name="add_silence"),
    path("alerts/silences/<uuid:uuid>/end/", acts.end_silence, name="end_silence"),
    path("alerts/destinations/", views.destinations, name="destinations"),
    path("alerts/destinations/<uuid:uuid>/test/", acts.test_destination, name="test_destination"),
    path("alerts/<uuid:uuid>/", views.alert, name="alert"),
    path("alerts/<uuid:uuid>/<slug:what>/", acts.act, name="alert_act"),
]
