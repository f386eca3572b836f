"""What the random timelines cannot show one by one: cases told as sentences."""

import msgspec

from metrics.alerts.effective import Terms
from metrics.alerts.evaluate import ClusterAlerts, Quiet, evaluate, quieted, shifted
from metrics.alerts.values import AlertKey, Kept, Match, Seen, Subject

MINUTE = 60_000
T0 = 1_700_000_000_000
KEY = AlertKey("pod-crash-looping", Subject("Pod", "shop", "web-1"))
HOLDS = Seen(matches={KEY: Match(key=KEY)})
CALM = Seen(matches={})
LOST = Seen(matches={}, is_readable=False)


def terms(**changed: object) -> Terms:
    rule = Terms(rule=KEY.rule, severity="warning", for_ms=5 * MINUTE)
    return msgspec.structs.replace(rule, **changed)


def alerts_after(*looks: tuple[int, Seen], rule: Terms | None = None) -> ClusterAlerts:
    rule = rule or terms()
    alerts = ClusterAlerts()
    for at_ms, seen in looks:
        alerts = evaluate(alerts, seen, lambda _key: rule, at_ms).after
    return alerts


def told(alerts: ClusterAlerts, at_ms: int, seen: Seen, rule: Terms | None = None) -> list[str]:
    rule = rule or terms()
    return [one.what for one in evaluate(alerts, seen, lambda _key: rule, at_ms).transitions]


def firing() -> ClusterAlerts:
    return alerts_after((T0, HOLDS), rule=terms(for_ms=0))


def test_an_alert_fires_when_its_condition_has_held_for_long_enough_and_not_before() -> None:
    pending = alerts_after((T0, HOLDS))

    assert told(pending, T0 + 5 * MINUTE - 1, HOLDS) == []
    assert told(pending, T0 + 5 * MINUTE, HOLDS) == ["fired"]


def test_what_came_and_went_while_nobody_looked_raises_nothing() -> None:
    assert told(alerts_after((T0, HOLDS)), T0 + 60 * MINUTE, CALM) == ["dropped"]


def test_a_cluster_that_cannot_be_read_resolves_nothing_and_fires_nothing() -> None:
    assert told(firing(), T0 + MINUTE, LOST) == ["unknown"]
    assert told(alerts_after((T0, HOLDS)), T0 + 60 * MINUTE, LOST) == []


def test_what_pended_before_an_outage_and_still_holds_after_it_fires_at_once() -> None:
    lost = alerts_after((T0, HOLDS), (T0 + MINUTE, LOST), (T0 + 8 * MINUTE, LOST))

    assert told(lost, T0 + 9 * MINUTE, HOLDS) == ["fired"]


def test_missing_figures_of_a_lost_cluster_resolve_nothing_whatever_the_policy_says() -> None:
    both = Seen(matches={}, is_readable=False, blind_rules=frozenset({KEY.rule}))

    assert told(firing(), T0 + MINUTE, both, terms(for_ms=0, no_data="resolve")) == ["unknown"]


def test_what_a_rule_cannot_find_without_the_past_stays_as_it_was() -> None:
    young = Seen(matches={}, young_rules=frozenset({KEY.rule}))

    assert told(firing(), T0 + 60 * MINUTE, young) == []
    assert told(alerts_after((T0, HOLDS)), T0 + 60 * MINUTE, young) == []
    found = Seen(matches=HOLDS.matches, young_rules=frozenset({KEY.rule}))
    assert told(alerts_after((T0, HOLDS)), T0 + 60 * MINUTE, found) == ["fired"]


def test_a_clock_set_forward_fires_nothing_early_and_one_set_back_loses_nothing() -> None:
    pending = alerts_after((T0, HOLDS))
    for by in (60 * MINUTE, -60 * MINUTE):
        moved, _ = shifted(pending, by, T0 + by)

        assert told(moved, T0 + by + MINUTE, HOLDS) == []
        assert told(moved, T0 + by + 5 * MINUTE, HOLDS) == ["fired"]


def test_a_first_sight_in_the_future_counts_from_now() -> None:
    pending = alerts_after((T0 + 60 * MINUTE, HOLDS), (T0, HOLDS))

    assert told(pending, T0 + 5 * MINUTE, HOLDS) == ["fired"]


def test_what_was_resolved_by_hand_is_not_told_again_while_it_holds() -> None:
    before = firing()
    alerts, _ = quieted(before, {KEY: quiet(before)}, T0)

    assert told(alerts, T0 + 60 * MINUTE, HOLDS) == []
    assert told(alerts, T0 + 60 * MINUTE, LOST) == []
    assert told(alerts, T0 + 60 * MINUTE, CALM) == ["rearmed"]
    assert told(alerts, T0 + 24 * 60 * MINUTE, HOLDS) == ["rearmed", "pending"]


def test_what_was_over_before_the_hand_was_heard_of_may_be_told_again() -> None:
    before = firing()
    over = alerts_after((T0, HOLDS), (T0 + MINUTE, CALM), rule=terms(for_ms=0))

    alerts, transitions = quieted(over, {KEY: quiet(before)}, T0 + MINUTE)

    assert [one.what for one in transitions] == ["rearmed"]
    assert told(alerts, T0 + 2 * MINUTE, HOLDS, terms(for_ms=0)) == ["fired"]


def test_a_later_alert_is_not_taken_for_the_one_that_was_resolved_by_hand() -> None:
    first = firing()
    later = alerts_after((T0, HOLDS), (T0 + 1, CALM), (T0 + 2, HOLDS), rule=terms(for_ms=0))

    alerts, _ = quieted(later, {KEY: quiet(first)}, T0 + 3)

    assert KEY in alerts.kept


def test_a_rule_that_is_no_more_ends_its_alerts() -> None:
    outcome = evaluate(firing(), HOLDS, lambda _key: None, T0 + MINUTE)

    assert [(one.what, one.reason) for one in outcome.transitions] == [("resolved", "rule_off")]
    assert not outcome.after.kept


def test_a_look_that_changes_nothing_costs_no_copy() -> None:
    alerts = firing()

    assert evaluate(alerts, HOLDS, lambda _key: terms(), T0 + MINUTE).after is alerts


def quiet(alerts: ClusterAlerts) -> Quiet:
    alert: Kept = alerts.kept[KEY]
    return Quiet(alert, T0 + 24 * 60 * MINUTE)
