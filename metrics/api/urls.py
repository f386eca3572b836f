"""The addresses of what is kept, below /api/v1/."""

from django.urls import path

from metrics.api.alerts import acts
from metrics.api.alerts import views as alerts
from metrics.api.alerts.inbound import AlertmanagerView
from metrics.api.views import JournalView

urlpatterns = [
    path("clusters/<slug:slug>/journal/", JournalView.as_view(), name="api-journal"),
    path("alerts/", alerts.AlertListView.as_view(), name="api-alerts"),
    path("alerts/<uuid:uuid>/", alerts.AlertView.as_view(), name="api-alert"),
    path("alerts/<uuid:uuid>/take/", acts.TakeView.as_view(), name="api-alert-take"),
    path("alerts/<uuid:uuid>/release/", acts.ReleaseView.as_view(), name="api-alert-release"),
    path("alerts/<uuid:uuid>/assign/", acts.AssignView.as_view(), name="api-alert-assign"),
    path("alerts/<uuid:uuid>/notes/", acts.NoteView.as_view(), name="api-alert-notes"),
    path("alerts/<uuid:uuid>/resolve/", acts.ResolveView.as_view(), name="api-alert-resolve"),
    path("inbound/alertmanager/", AlertmanagerView.as_view(), name="api-inbound-alertmanager"),
    path("rules/", alerts.RuleListView.as_view(), name="api-rules"),
    path("silences/", alerts.SilenceListView.as_view(), name="api-silences"),
    path("silences/<uuid:uuid>/", alerts.SilenceView.as_view(), name="api-silence"),
    path("destinations/", alerts.DestinationListView.as_view(), name="api-destinations"),
]
