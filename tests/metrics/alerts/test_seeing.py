"""May a stranger? Alerts are seen with their cluster."""

import pytest

from metrics.alerts.seeing import alerts_visible_to, groups_visible_to
from tests.builders import a_cluster, a_team, a_user, an_admin, an_alert, granted

pytestmark = pytest.mark.django_db


def test_an_alert_is_seen_with_its_cluster() -> None:
    bob, charlie = a_user("bob"), a_user("charlie")
    ours, theirs = a_cluster("ours"), a_cluster("theirs")
    granted(a_team(bob), ours)
    seen, hidden = an_alert(ours), an_alert(theirs)

    assert list(alerts_visible_to(bob)) == [seen]
    assert list(groups_visible_to(bob)) == [seen.group]
    assert set(alerts_visible_to(an_admin())) == {seen, hidden}
    assert not alerts_visible_to(charlie).exists()
    assert not groups_visible_to(charlie).exists()


def test_what_is_about_the_portal_is_seen_by_administrators() -> None:
    bob = a_user("bob")
    granted(a_team(bob), "*")
    alert = an_alert(None, rule="evaluator-late", kind="Portal")

    assert list(alerts_visible_to(an_admin())) == [alert]
    assert not alerts_visible_to(bob).exists()


def test_nobody_who_may_not_sign_in_sees_any() -> None:
    alice = an_admin("alice")
    alice.is_active = False
    an_alert(a_cluster())

    assert not alerts_visible_to(alice).exists()
