"""Pages for when something went wrong. They ask nobody anything: no database, no session, no manifest."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from portal.pages.themes import theme_of_browser


def broken(request: HttpRequest) -> HttpResponse:
    """A page could not be made: whatever broke it may break again, so this one stands on its own."""
    page = render_to_string("500.html", {"theme": theme_of_browser(request)})
    return HttpResponse(page, status=500)


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A host that is not ours, or what nobody can read. It may come before anybody is signed in."""
    page = render_to_string("400.html", {"theme": theme_of_browser(request)})
    return HttpResponse(page, status=400)


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token. `reason` is Django's, for developers: it is in the log."""
    page = render_to_string("403_csrf.html", {"theme": theme_of_browser(request)})
    return HttpResponse(page, status=403)
