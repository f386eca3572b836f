"""The addresses of the API, version 1."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView

from portal.api.views import Docs, NoSuchAddress, Root

urlpatterns = [
    path("api/v1/", Root.as_view(), name="api-root"),
    path("api/v1/schema/", SpectacularJSONAPIView.as_view(), name="api-schema"),
    path("api/v1/docs/", Docs.as_view(), name="api-docs"),
    path("api/v1/", include("clusters.api.urls")),
    path("api/v1/", include("metrics.api.urls")),
    re_path(r"^api/", NoSuchAddress.as_view()),
]
