"""Which setting holds where."""

import itertools

import pytest

from metrics.alerts.effective import ClusterTerms, Place, Setting, Terms, resolve

RULE = "pod-crash-looping"
DEFAULTS = Terms(rule=RULE, severity="warning", for_ms=300_000, limits={"restarts": 3})
PLACE = Place(cluster_id=1, labels={"env": "dev"})

EVERYWHERE = Setting(rule=RULE, limits={"for_seconds": 1})
NAMESPACE = Setting(rule=RULE, namespace="shop", limits={"for_seconds": 2})
SOME = Setting(rule=RULE, selector="env=dev", limits={"for_seconds": 3})
SOME_NAMESPACE = Setting(rule=RULE, selector="env=dev", namespace="shop", limits={"for_seconds": 4})
CLUSTER = Setting(rule=RULE, cluster_id=1, limits={"for_seconds": 5})
CLUSTER_NAMESPACE = Setting(rule=RULE, cluster_id=1, namespace="shop", limits={"for_seconds": 6})
NARROWING = [EVERYWHERE, NAMESPACE, SOME, SOME_NAMESPACE, CLUSTER, CLUSTER_NAMESPACE]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("narrowest", range(6))
def test_the_narrowest_setting_wins_in_whatever_order_they_come(
    narrowest: int, order: tuple[int, ...]
) -> None:
    present = NARROWING[: narrowest + 1]
    shuffled = sorted(present, key=lambda one: order[NARROWING.index(one) % 3])

    assert resolve(DEFAULTS, shuffled, place=PLACE, namespace="shop").for_ms == (narrowest + 1) * 1000


def test_what_a_narrow_setting_does_not_name_comes_from_the_wider_one() -> None:
    wide = Setting(rule=RULE, is_off=True, limits={"severity": "critical"})
    narrow = Setting(rule=RULE, cluster_id=1, limits={"restarts": 9})

    terms = resolve(DEFAULTS, [narrow, wide], place=PLACE, namespace="")

    assert (terms.is_off, terms.severity, terms.limits) == (True, "critical", {"restarts": 9})


def test_a_narrow_setting_switches_on_what_is_off_everywhere() -> None:
    settings = [Setting(rule=RULE, is_off=True), Setting(rule=RULE, cluster_id=1, is_off=False)]

    assert not resolve(DEFAULTS, settings, place=PLACE, namespace="").is_off


def test_settings_of_other_clusters_namespaces_labels_and_rules_do_not_reach() -> None:
    others = [
        Setting(rule=RULE, cluster_id=2, is_off=True),
        Setting(rule=RULE, namespace="other", is_off=True),
        Setting(rule=RULE, selector="env=prod", is_off=True),
        Setting(rule=RULE, selector="env=dev,team=shop", is_off=True),
        Setting(rule="another", is_off=True),
    ]

    assert resolve(DEFAULTS, others, place=PLACE, namespace="shop") == DEFAULTS


@pytest.mark.parametrize("value", ["soon", -1, True, None])
def test_a_duration_that_is_none_changes_nothing(value: object) -> None:
    setting = Setting(rule=RULE, limits={"for_seconds": value, "severity": "loud"})  # type: ignore[dict-item]

    terms = resolve(DEFAULTS, [setting], place=PLACE, namespace="")

    assert (terms.for_ms, terms.severity) == (300_000, "warning")


def test_terms_of_a_rule_that_is_no_more_are_none() -> None:
    terms = ClusterTerms({RULE: DEFAULTS}, [CLUSTER], PLACE)

    assert terms.of("gone", "shop") is None
    assert terms.of(RULE, "shop") is terms.of(RULE, "shop"), "worked out once"
    assert terms.of(RULE, "").for_ms == 5_000  # type: ignore[union-attr]
