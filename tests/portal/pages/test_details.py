"""What the detail panel tells of one object."""

import pytest
from django.test import Client

from portal.pages.details import facts_of
from portal.pages.sentences import cause_sentence, kind_words, left_out_sentence
from tests.builders import a_cluster, a_row, an_admin, an_object

ORDINARY = {
    "kind": "Deployment", "name": "web", "namespace": "shop", "uid": "u", "health": "degraded",
    "reason": "MinimumReplicasUnavailable", "since": None, "created": None, "node": "", "workload": "",
    "cpu": {}, "memory": {},
}  # fmt: skip


def said(**facts: object) -> dict[str, str]:
    return {fact.label: fact.text for fact in facts_of({**ORDINARY, **facts}, "prod")}


def test_a_workload_says_how_many_pods_it_has_of_those_it_wants() -> None:
    replicas = {"wanted": 1200, "current": 3, "ready": 2, "updated": 3, "available": None}

    facts = said(replicas=replicas)

    assert facts["Replicas"] == "1,200 wanted, 3 there, 3 up to date, 2 ready, – available"


def test_a_reason_is_in_words() -> None:
    assert said()["Why"] == "below the wanted minimum"


def test_labels_are_written_as_people_write_them() -> None:
    facts = said(os="Flatcar", internal_ip="10.0.0.1", is_finished=False, container_runtime="containerd")

    assert facts["Operating system"] == "Flatcar"
    assert facts["Internal IP"] == "10.0.0.1"
    assert facts["Finished"] == "no"
    assert facts["Container runtime"] == "containerd"


def test_a_heading_names_the_objects_of_a_kind() -> None:
    assert [kind_words(kind) for kind in ("Node", "Deployment", "Widget")] == [
        "Nodes",
        "Deployments",
        "Widget",
    ]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (0, ""),
        (1, "Without 1 cluster that cannot be read now."),
        (2, "Without 2 clusters that cannot be read now."),
    ],
)
def test_a_list_says_how_many_clusters_it_leaves_out(number: int, sentence: str) -> None:
    assert left_out_sentence(number) == sentence


def test_a_workload_with_nothing_left_is_said_to_be_so() -> None:
    cause = {
        "health": "critical", "reason": "NoneAvailable", "kind": "Deployment", "namespace": "mail",
        "name": "mailer", "counted_kind": "Deployment", "count": 1,
    }  # fmt: skip

    assert cause_sentence(cause) == "Deployment mail / mailer: unavailable altogether"


@pytest.mark.django_db
def test_the_page_of_a_workload_shows_its_replicas(client: Client) -> None:
    row = a_row(a_cluster("prod"), an_object("Deployment", "web", wanted=3, ready=1))
    client.force_login(an_admin())

    html = client.get(f"/clusters/prod/Deployment/{row.uid}/").content.decode()

    assert "3 wanted" in html
    assert "1 ready" in html
