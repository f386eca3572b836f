"""Lists of more than a page: forth, and back to the first."""

import re
from html import unescape

import pytest
from django.test import Client

from tests.builders import a_cluster, a_pod_row, an_admin


@pytest.mark.django_db
def test_a_later_page_keeps_the_filters_and_leads_back_to_the_first(client: Client) -> None:
    cluster = a_cluster("prod")
    for number in range(101):
        a_pod_row(cluster, f"web-{number:03}")
    client.force_login(an_admin())

    first = client.get("/clusters/prod/pods/?q=web").content.decode()
    following = unescape(re.findall(r'href="([^"]+)" rel="next"', first)[0])
    second = client.get(following).content.decode()

    assert "First page" not in first
    assert "web-100" in second and "web-000" not in second
    assert '<a class="button" href="/clusters/prod/pods/?q=web">First page</a>' in second
