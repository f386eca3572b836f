"""Pages for when something went wrong: they look like ours, and the last of them needs nothing at all."""

import re

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from portal.pages import errors
from portal.security import CONTENT_SECURITY_POLICY
from portal.urls import handler400, handler500
from portal.urls import urlpatterns as ours

__all__ = ["handler400", "handler500"]


def breaks(request: HttpRequest) -> HttpResponse:
    """A view with a fault."""
    raise RuntimeError("a fault")


urlpatterns = [path("breaks/", breaks), *ours]


def assert_stands_alone(html: str) -> None:
    sheets = re.findall(r'<link rel="stylesheet" href="/static/([^"]+)"', html)
    assert "css/tokens.css" in sheets
    for sheet in sheets:
        assert (settings.BASE_DIR / "static" / sheet).is_file(), "served under its plain name"
    assert "<script" not in html
    assert "style=" not in html


@pytest.mark.urls(__name__)
def test_a_fault_is_answered_without_the_database_and_with_the_headers_of_every_page() -> None:
    # Without the mark of pytest-django any query would be a failure of its own.
    client = Client(raise_request_exception=False, headers={"cookie": "theme=light"})

    answer = client.get("/breaks/")

    html = answer.content.decode()
    assert answer.status_code == 500
    assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "Something broke" in html
    assert 'data-theme="light"' in html
    assert "a fault" not in html
    assert_stands_alone(html)


@pytest.mark.parametrize("cookie", ["odd", '"><script>', ""])
def test_a_theme_that_is_none_of_ours_is_not_repeated(cookie: str) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = cookie

    html = errors.broken(request).content.decode()

    assert 'data-theme="dark"' in html


@pytest.mark.django_db
def test_an_address_with_nothing_behind_it_is_answered_with_a_page_of_ours(client: Client) -> None:
    answer = client.get("/nothing-here/")

    assert answer.status_code == 404
    assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "There is nothing at this address" in answer.content.decode()
    assert_stands_alone(answer.content.decode())


def test_a_form_without_its_token_is_answered_with_a_page_of_ours() -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "a", "password": "b"})

    assert answer.status_code == 403
    assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "This form was not accepted" in answer.content.decode()
    assert_stands_alone(answer.content.decode())


def test_a_host_that_is_not_the_portals_is_told_where_its_address_is_named() -> None:
    answer = Client().get("/sign-in/", headers={"host": "elsewhere.example", "cookie": "theme=light"})

    assert answer.status_code == 400
    assert "TOPMAST_PUBLIC_URL" in answer.content.decode()
    assert 'data-theme="light"' in answer.content.decode()
    assert_stands_alone(answer.content.decode())
