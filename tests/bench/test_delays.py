"""Which arrival at a page belongs to which change."""

from bench.delays import Change, Places, Told, changes_of, delays_of, told_by

CLUSTER = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"


def pod(name: str, restarts: int) -> dict[str, object]:
    return {"op": "set", "resource": {"kind": "Pod", "namespace": "shop", "name": name, "restarts": restarts}}


def change(sent_at_ms: float, name: str = "web", restarts: int = 1, uuid: str = CLUSTER) -> Change:
    return Change(sent_at_ms, uuid, f"shop/{name}", restarts)


def test_a_change_is_told_by_the_first_arrival_of_its_number():
    places = Places()
    places.publish(CLUSTER, 7, [pod("web", 1)])
    page = [Told(10.0, CLUSTER, 6), Told(15.0, CLUSTER, 7), Told(20.0, CLUSTER, 8)]
    assert delays_of(page, [change(9.0)], places) == ([6.0], 0)


def test_a_later_number_tells_it_too_where_frames_were_joined():
    places = Places()
    places.publish(CLUSTER, 7, [pod("web", 1)])
    assert delays_of([Told(30.0, CLUSTER, 9)], [change(9.0)], places) == ([21.0], 0)


def test_two_restarts_in_one_frame_are_both_told_by_it():
    places = Places()
    places.publish(CLUSTER, 7, [pod("web", 2)])
    page = [Told(12.0, CLUSTER, 7)]
    assert delays_of(page, [change(9.0), change(10.0, restarts=2)], places) == ([3.0, 2.0], 0)


def test_a_change_that_never_arrives_is_counted():
    places = Places()
    places.publish(CLUSTER, 7, [pod("web", 1)])
    page = [Told(10.0, CLUSTER, 6)]
    assert delays_of(page, [change(9.0), change(9.0, name="unpublished")], places) == ([], 2)


def test_clusters_that_a_page_does_not_see_are_not_its_matter():
    assert delays_of([Told(10.0, CLUSTER, 6)], [change(9.0, uuid=OTHER)], Places()) == ([], 0)


def test_what_is_no_pod_and_what_is_gone_does_not_count():
    places = Places()
    gone = {"op": "gone", "kind": "Pod", "uid": "1"}
    places.publish(CLUSTER, 7, [gone, {"op": "set", "resource": {"kind": "Node", "name": "web"}}])
    assert places.number_of(change(9.0)) is None


def test_each_change_of_a_pod_is_one_restart_more():
    sent = [{"cluster": "a", "key": "shop/web", "sent_at_ms": at} for at in (1.0, 2.0)]
    sent.append({"cluster": "b", "key": "shop/web", "sent_at_ms": 3.0})
    found = changes_of(sent, {"a": CLUSTER, "b": OTHER})
    assert [(one.uuid, one.restarts) for one in found] == [(CLUSTER, 1), (CLUSTER, 2), (OTHER, 1)]


def test_a_fleet_message_tells_the_place_of_each_card_in_it():
    text = b'{"type":"frame","clusters":[{"id":"%b","place":"7.41"},{"id":"%b","place":"3.5"}]}'
    text %= (CLUSTER.encode(), OTHER.encode())
    assert told_by(1.0, text) == [Told(1.0, CLUSTER, 41), Told(1.0, OTHER, 5)]


def test_a_cluster_message_tells_its_place_once():
    text = b'{"type":"frame","place":"7.41","cluster":{"id":"%b","place":"7.41"},"changes":[]}'
    assert told_by(1.0, text % CLUSTER.encode()) == [Told(1.0, CLUSTER, 41)]


def test_a_heartbeat_tells_nothing():
    assert told_by(1.0, b'{"type":"heartbeat","at":"2026-01-01T00:00:00Z","place":"7.41"}') == []
