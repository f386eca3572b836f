"""The addresses of what is kept, below /api/v1/."""

from django.urls import path

from metrics.api.views import JournalView

urlpatterns = [
    path("clusters/<slug:slug>/journal/", JournalView.as_view(), name="api-journal"),
]
