"""The JSON document of our own, signed."""

import base64
import json
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import msgspec
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from metrics.notify.kinds.kind import OutboundRequest, Target
from metrics.notify.kinds.webhook import KIND, MOST_BYTES, key_of
from metrics.notify.message import Message
from tests.metrics.notify.builders import NODES, a_message, a_node, ended

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLDER = "whsec_" + base64.b64encode(b"o" * 24).decode()
DOCS = Path(__file__).parents[4] / "docs"


def sent(message: Message, **target: object) -> OutboundRequest:
    target = {"url": "https://in.example.org/x", "secret": SECRET, "at_ms": int(time.time() * 1000), **target}
    request = KIND.request(message, Target(**target))  # type: ignore[arg-type]
    assert isinstance(request, OutboundRequest)
    return request


def test_a_message_is_a_document_with_everything_it_tells() -> None:
    document = json.loads(sent(a_message(*(a_node(number) for number in range(12)))).body)

    assert document["type"] == "alert.firing"
    assert document["timestamp"] == "2026-11-21T14:25:00Z"
    assert document["data"]["title"] == "Critical: 12 nodes are not ready · prod-us-east-2"
    assert document["data"]["since"] == "2026-11-21T14:17:00Z"
    assert document["data"]["until"] is None
    assert document["data"]["items"][0] == {
        "text": "Node ip-10-4-0",
        "severity": "critical",
        "state": "firing",
        "since": "2026-11-21T14:17:00Z",
        "cluster": "prod-us-east-2",
    }
    assert document["data"]["more"] == 2


def test_the_end_of_an_alert_has_a_type_of_its_own() -> None:
    document = json.loads(sent(a_message(ended(a_node(1)), before=a_message(a_node(1)))).body)

    assert (document["type"], document["data"]["until"]) == ("alert.resolved", "2026-11-21T14:25:00Z")


def test_the_signature_holds_for_whoever_has_the_secret_and_nobody_else() -> None:
    request = sent(a_message(a_node(1)))

    assert Webhook(SECRET).verify(request.body, dict(request.headers))["type"] == "alert.firing"
    with pytest.raises(WebhookVerificationError):
        Webhook(OLDER).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body + b" ", dict(request.headers))


def test_while_a_secret_is_changed_both_hold() -> None:
    request = sent(a_message(a_node(1)), older_secret=OLDER)

    for secret in (SECRET, OLDER):
        Webhook(secret).verify(request.body, dict(request.headers))


def test_each_attempt_has_its_own_time_and_the_same_id() -> None:
    message = a_message(a_node(1))
    first, second = sent(message, at_ms=1_795_271_100_999), sent(message, at_ms=1_795_271_105_000)

    assert first.headers["webhook-id"] == second.headers["webhook-id"] == message.id
    assert (first.headers["webhook-timestamp"], second.headers["webhook-timestamp"]) == (
        "1795271100",
        "1795271105",
    )
    assert first.body == second.body


@pytest.mark.parametrize(
    "secret", ["whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"k" * 23).decode(), "x" * 999]
)
def test_a_secret_that_is_none_is_refused_without_being_said(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as refusal:
        key_of(secret)

    assert secret == "whsec_" or secret not in str(refusal.value)


def test_a_document_stays_below_20_kb_whatever_the_names() -> None:
    wide = "\U0001f9d1" * 5_000
    node = a_node(1, name=wide, cluster_name=wide, cluster_labels={f"{n}{wide}": wide for n in range(40)})
    nodes = [msgspec.structs.replace(node, uuid=str(number), params={"node": wide}) for number in range(30)]

    body = sent(a_message(*nodes)).body
    alone = sent(a_message(nodes[0], zone="UTC")).body

    assert len(body) <= MOST_BYTES
    assert len(alone) <= MOST_BYTES
    document = json.loads(body)
    assert len(document["data"]["items"]) + document["data"]["more"] == 30


def test_every_document_fits_the_schema_in_the_docs() -> None:
    schema = json.loads((DOCS / "webhook.schema.json").read_text())
    first = a_message(a_node(1))

    for message in (first, a_message(ended(a_node(1)), before=first), a_message(a_node(1, severity="test"))):
        jsonschema.validate(json.loads(sent(message).body), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"type": "alert.firing", "timestamp": "", "data": {}}, schema)


def test_the_docs_explain_each_field() -> None:
    page = (DOCS / "webhooks.md").read_text()
    data = json.loads(sent(a_message(a_node(1))).body)["data"]

    assert [name for name in data if f"`{name}`" not in page] == []


def test_labels_go_before_items_and_items_before_what_to_do() -> None:
    wide = "漢" * 250
    labelled = a_node(1, cluster_labels={f"{n}{wide}": wide for n in range(20)})
    named = [
        a_node(n, name=f"{n}{wide}", cluster_name=f"{n}{wide}", namespace=wide, params={"node": wide * 4})
        for n in range(10)
    ]
    rules = {"node-not-ready": replace(NODES, advice=lambda params: wide * 4)}
    one = json.loads(sent(a_message(labelled)).body)["data"]
    many = json.loads(sent(a_message(*named, rules=rules)).body)["data"]

    assert (one["labels"], len(one["items"])) == ({}, 1)
    assert 0 < len(many["items"]) < 10
    assert len(many["items"]) + many["more"] == 10
    assert many["advice"].startswith(wide)


@pytest.mark.parametrize("url", ["https://in.example.org/x?key=1", "http://10.0.0.7:8080/"])
def test_any_address_of_the_web_will_do(url: str) -> None:
    KIND.check_address(url)


@pytest.mark.parametrize(
    "url", ["", "ftp://example.org/", "in.example.org", "https://a:b@example.org/", "https://x/#y"]
)
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        KIND.check_address(url)
