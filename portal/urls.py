"""Every address of the portal."""

from django.contrib import admin
from django.urls import include, path

from portal.health import readyz

urlpatterns = [
    path("", include("portal.accounts.urls")),
    path("", include("portal.api.urls")),
    path("admin/", admin.site.urls),
    path("readyz", readyz, name="readyz"),
    path("", include("portal.pages.urls")),
]

handler400 = "portal.pages.errors.not_understood"
handler500 = "portal.pages.errors.broken"
