"""What pages say above everything else."""

import pytest
from django.test import Client

from tests.builders import a_cluster, a_pod_row, an_admin

SIMULATED = "These clusters are simulated"


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/", "/clusters/", "/all/pods/", "/clusters/prod/", "/clusters/prod/pods/"])
def test_every_page_that_shows_demo_clusters_says_so(client: Client, page: str) -> None:
    a_pod_row(a_cluster("prod", is_demo=True), "web-1")
    client.force_login(an_admin())

    assert SIMULATED in client.get(page).content.decode()


@pytest.mark.django_db
def test_a_list_of_real_clusters_does_not_call_them_simulated(client: Client) -> None:
    a_pod_row(a_cluster("prod"), "web-1")
    client.force_login(an_admin())

    assert SIMULATED not in client.get("/all/pods/").content.decode()
