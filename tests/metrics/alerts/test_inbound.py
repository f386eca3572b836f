"""What an Alertmanager sends is read alert by alert, and nothing of it is trusted."""

import json

import pytest

from metrics.alerts.inbound import PayloadError, fingerprint_of, read_payload
from metrics.alerts.labelled import cause_of_sent
from metrics.alerts.rules import rulebook
from metrics.alerts.values import AlertKey, Kept, Match, Subject
from tests.metrics.alerts.rows import T0
from tests.metrics.alerts.sent import a_body, an_alert_sent, is_over

NOW_MS = T0 + 5_000


def read_one(**facts):
    """The one alert of a payload."""
    payload = read_payload(a_body(an_alert_sent(**facts)), NOW_MS)
    assert not payload.refused
    (sent,) = payload.alerts
    return sent


def refusal(alert: object) -> str:
    """Why an alert is refused; a good one beside it is taken."""
    payload = read_payload(a_body(an_alert_sent(), alert, an_alert_sent()), NOW_MS)
    assert [one.index for one in payload.alerts] == [0, 2]
    (refused,) = payload.refused
    assert refused.index == 1
    return refused.reason


def test_an_alert_says_what_where_how_badly_and_since_when() -> None:
    sent = read_one()

    assert (sent.rule, sent.severity, sent.cluster) == ("QueueTooLong", "critical", "prod")
    assert sent.subject == Subject("Pod", "shop", "web-1")
    assert (sent.starts_ms, sent.ends_ms) == (T0, None)
    assert sent.params == {
        "sentence": "The queue is too long.",
        "runbook_url": "https://runbooks.example/queue",
        "source_url": "http://prometheus:9090/graph?g0.expr=up",
    }


def test_a_resolved_one_ends_when_it_says_or_now_where_that_is_not_known() -> None:
    (over,) = read_payload(a_body(is_over(an_alert_sent(), T0 + 3_000)), NOW_MS).alerts
    assert over.ends_ms == T0 + 3_000
    assert read_one(status="resolved").ends_ms == NOW_MS
    assert read_one(status="resolved", endsAt=None).ends_ms == NOW_MS


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", "critical"),
        ("page", "critical"),
        ("warning", "warning"),
        ("info", "info"),
        (" Critical ", "critical"),
        ("none", "warning"),
        ("", "warning"),
        (None, "warning"),
        ("test", "warning"),
    ],
)
def test_severities_become_ours(word, severity) -> None:
    assert read_one(labels={"severity": word}).severity == severity


@pytest.mark.parametrize(
    ("labels", "subject"),
    [
        ({}, Subject("Pod", "shop", "web-1")),
        ({"deployment": "web"}, Subject("Deployment", "shop", "web")),
        ({"statefulset": "db"}, Subject("StatefulSet", "shop", "db")),
        ({"daemonset": "agent"}, Subject("DaemonSet", "shop", "agent")),
        ({"job_name": "nightly"}, Subject("Job", "shop", "nightly")),
        ({"pod": None, "node": "n1"}, Subject("Node", "", "n1")),
        ({"pod": None}, Subject("Namespace", "", "shop")),
        ({"pod": "", "namespace": ""}, Subject("Cluster")),
        # What the rule is about goes before the pod that measured it.
        ({"alertname": "KubeNodeNotReady", "node": "n1"}, Subject("Node", "", "n1")),
        ({"alertname": "KubePodCrashLooping", "deployment": "web"}, Subject("Pod", "shop", "web-1")),
        ({"alertname": "KubeCPUOvercommit"}, Subject("Cluster")),
        ({"alertname": "KubeAggregatedAPIDown", "name": "v1beta1.x"}, Subject("APIService", "", "v1beta1.x")),
        ({"alertname": "KubeNodeNotReady"}, Subject("Pod", "shop", "web-1")),
    ],
)
def test_labels_name_the_subject(labels, subject) -> None:
    assert read_one(labels=labels).subject == subject


def test_every_rule_of_ours_finds_its_subject_by_labels() -> None:
    from metrics.alerts import labelled

    for rule in rulebook().values():
        label = {**labelled._LABELS_OF_RULES, "Cluster": "cluster", "Portal": "cluster"}[rule.about]
        sent = read_one(labels={"alertname": rule.name, label: "it"})
        if rule.about != "Portal":
            assert sent.subject.kind == rule.about, rule.id


def test_the_cluster_is_named_by_either_label() -> None:
    assert read_one(labels={"k8s_cluster": "other"}).cluster == "prod"
    assert read_one(labels={"cluster": None, "k8s_cluster": "other"}).cluster == "other"
    assert read_one(labels={"cluster": None}).cluster == ""


def test_the_sentence_is_whatever_the_annotations_have() -> None:
    def sentence(**annotations: str) -> object:
        return read_one(annotations=annotations).params["sentence"]

    assert sentence(summary="A.", description="B\n  c.") == "A. B c."
    assert sentence(summary="A.", description="A.") == "A."
    assert sentence(message="Old.") == "Old."
    assert sentence() == "QueueTooLong"
    assert len(str(sentence(summary="x" * 9_000))) == 500


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:x", "https://a b", "https://" + "a" * 600, "//x"]
)
def test_links_that_are_none_are_left_out(link) -> None:
    params = read_one(generatorURL=link, annotations={"runbook_url": link}).params
    assert set(params) == {"sentence"}


def test_an_alert_is_never_called_by_the_id_of_a_rule_of_ours() -> None:
    assert read_one(labels={"alertname": "pod-crash-looping"}).rule == "KubePodCrashLooping"
    assert read_one(labels={"alertname": "test"}).rule == "Test"


def test_the_same_labels_are_the_same_alert_and_any_other_label_is_another() -> None:
    mark = fingerprint_of(read_one(), "a")

    assert mark == fingerprint_of(read_one(fingerprint="0", annotations={}, status="resolved"), "a")
    assert mark != fingerprint_of(read_one(labels={"queue": "mail"}), "a")
    assert mark != fingerprint_of(read_one(), "b")


@pytest.mark.parametrize(
    ("alertname", "subject", "cluster", "cause"),
    [
        ("X", Subject("Pod", "shop", "web-1"), "c", ("workload", "workload:c:shop:Deployment/web")),
        ("X", Subject("Node", "", "n1"), "c", ("node", "node:c:X")),
        ("X", Subject("Cluster"), "c", ("cluster", "cluster:c:X")),
        ("X", Subject("Cluster"), "", ("inbound", "inbound:X")),
        ("KubeNodeNotReady", Subject("Node", "", "n1"), "c", ("node", "node:c:node-lost")),
        (
            "KubePodCrashLooping",
            Subject("Pod", "shop", "web-1"),
            "c",
            ("workload", "workload:c:shop:Deployment/web"),
        ),
    ],
)
def test_it_is_told_with_what_ours_would_be_told_with(alertname, subject, cluster, cause) -> None:
    match = Match(key=AlertKey(alertname, subject), workload="Deployment/web")
    alert = Kept(match=match, severity="info", state="firing", since_ms=1)

    assert tuple(cause_of_sent(cluster, alert)) == cause


@pytest.mark.parametrize(
    ("alert", "reason"),
    [
        (7, "It is not as alerts are. Expected `object`, got `int`."),
        (None, "It is not as alerts are. Expected `object`, got `null`."),
        ({}, "It is not as alerts are. Object missing required field `status`."),
        (
            an_alert_sent(status="pending"),
            "It is not as alerts are. Invalid enum value 'pending' - at `$.status`.",
        ),
        (
            an_alert_sent(labels={"pod": 7}),
            "It is not as alerts are. Expected `str`, got `int` - at `$.labels[...]`.",
        ),
        (an_alert_sent(labels={"alertname": None}), "It has no label alertname."),
        (an_alert_sent(labels={"alertname": "\0"}), "It has no label alertname."),
        (
            an_alert_sent(labels={str(n): "" for n in range(96)}),
            "It has more than 100 labels or annotations.",
        ),
        (
            an_alert_sent(annotations={str(n): "" for n in range(101)}),
            "It has more than 100 labels or annotations.",
        ),
        (an_alert_sent(labels={"pod": "x" * 1_001}), "Its label pod is longer than 1,000 characters."),
        (an_alert_sent(labels={"x" * 1_001: ""}), f"Its label {'x' * 80} is longer than 1,000 characters."),
        (
            an_alert_sent(annotations=[]),
            "It is not as alerts are. Expected `object`, got `array` - at `$.annotations`.",
        ),
        (
            an_alert_sent(generatorURL=None),
            "It is not as alerts are. Expected `str`, got `null` - at `$.generatorURL`.",
        ),
    ],
)
def test_what_is_no_alert_is_refused_by_name_and_keeps_nothing_back(alert, reason) -> None:
    assert refusal(alert) == reason


@pytest.mark.parametrize("moment", ["yesterday", "2023-01-01T00:00:00", "", 7, None, "2023-13-01T00:00:00Z"])
def test_a_beginning_that_is_no_moment_is_refused(moment) -> None:
    assert "startsAt" in refusal(an_alert_sent(startsAt=moment))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_moments_at_the_ends_of_time_are_kept_within_ours(moment) -> None:
    assert 0 <= read_one(startsAt=moment).starts_ms < 2**62
    over = read_one(status="resolved", endsAt=moment)
    assert over.ends_ms is not None and over.ends_ms >= NOW_MS


def test_a_refused_one_is_named() -> None:
    payload = read_payload(a_body(an_alert_sent(labels={"pod": "x" * 2_000})), NOW_MS)
    assert [(one.index, one.alert) for one in payload.refused] == [(0, "QueueTooLong")]


def test_the_limits_themselves_are_within() -> None:
    labels = {f"l{n}": "x" * 1_000 for n in range(95)}
    assert len(read_one(labels=labels).labels) == 100


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b"{", "bad_json"),
        (b'{"alerts": [NaN]}', "bad_json"),
        (b'{"version": "4", "alerts": ' + b"[" * 300_000, "bad_json"),
        (b'{"version": "4", "alerts": [], "x": ' + b'{"a":' * 100_000, "bad_json"),
        (b"null", "bad_payload"),
        (b"[]", "bad_payload"),
        (b"{}", "bad_payload"),
        (b'{"version": "4"}', "bad_payload"),
        (b'{"version": "4", "alerts": {}}', "bad_payload"),
        (b'{"version": 4, "alerts": []}', "bad_payload"),
        (b'{"version": "3", "alerts": []}', "bad_version"),
        (b'{"version": "4", "alerts": [' + b"0," * 10_000 + b"0]}", "too_many_alerts"),
    ],
)
def test_what_is_no_notification_is_refused_whole(body, code) -> None:
    with pytest.raises(PayloadError) as refused:
        read_payload(body, NOW_MS)
    assert refused.value.code == code


def test_nothing_lasts_where_nothing_is_sent() -> None:
    payload = read_payload(a_body(truncatedAlerts=3), NOW_MS)
    assert (payload.alerts, payload.refused, payload.left_out) == ([], [], 3)


def test_no_character_is_kept_that_a_database_refuses() -> None:
    sent = read_one(labels={"pod": "we\0b", "o\0dd": "\0"}, annotations={"summary": "a\0b"})
    assert "\0" not in json.dumps([sent.labels, sent.params, sent.subject]).replace("\\u0000", "\0")
    assert sent.subject.name == "web"
