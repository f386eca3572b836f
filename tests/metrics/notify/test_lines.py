"""A message as lines of text."""

from metrics.notify.facts import GroupFacts
from metrics.notify.lines import colour, facts, item_lines, plain_lines, shape
from tests.metrics.notify.builders import GROUP, a_message, a_node, ended


def test_each_state_and_severity_has_a_shape_and_a_colour_of_its_own() -> None:
    first = a_message(a_node(1))
    messages = [
        first,
        a_message(a_node(1, severity="warning")),
        a_message(a_node(1, state="unknown")),
        a_message(ended(a_node(1)), before=first),
        a_message(a_node(1, severity="info")),
    ]

    assert [shape(message) for message in messages] == ["◆", "▲", "◌", "●", "○"]
    assert len({colour(message) for message in messages}) == 5


def test_facts_say_where_since_when_how_many_and_who_is_on_it() -> None:
    message = a_message(a_node(1), a_node(2), group=GroupFacts(uuid=GROUP, taken_by="Oda Berg"))

    assert facts(message) == [
        ("Where", "prod-us-east-2"),
        ("Since", "14:17 UTC"),
        ("How many", "2"),
        ("On it", "Oda Berg"),
    ]
    assert ("On it", "Nobody yet") in facts(a_message(a_node(1)))


def test_the_end_has_its_time_and_length_and_needs_nobody() -> None:
    message = a_message(ended(a_node(1)), before=a_message(a_node(1)))

    assert facts(message)[1:] == [("Since", "14:17 UTC"), ("Until", "14:25 UTC (lasted 8 min)")]


def test_what_is_not_listed_is_counted() -> None:
    lines = item_lines(a_message(*(a_node(number) for number in range(13))))

    assert lines[0] == "◆ Node ip-10-4-0 · since 14:17 UTC"
    assert lines[-1] == "+3 more"


def test_things_name_their_cluster_where_there_are_several_and_their_state() -> None:
    lost = a_node(2, state="unknown", cluster_name="far")
    over = ended(a_node(3))

    assert item_lines(a_message(a_node(1), lost, over)) == [
        "◆ Node ip-10-4-1 · prod-us-east-2 · since 14:17 UTC",
        "◌ Node ip-10-4-2 · far · cannot be read",
        "● Node ip-10-4-3 · prod-us-east-2 · resolved",
    ]


def test_one_thing_that_the_sentence_names_is_not_said_twice() -> None:
    assert item_lines(a_message(a_node(1))) == []
    assert item_lines(a_message(a_node(1), rules={})) == ["◆ Node ip-10-4-1 · since 14:17 UTC"]


def test_a_message_is_whole_as_text_and_ends_with_its_link() -> None:
    assert plain_lines(a_message(a_node(1))) == [
        "◆ Critical: ip-10-4-1 is not ready · prod-us-east-2",
        "ip-10-4-1 is not ready.",
        "Where: prod-us-east-2",
        "Since: 14:17 UTC",
        "On it: Nobody yet",
        "Look whether the kubelet runs, and whether the node has power and network.",
        "kubectl describe node ip-10-4-1",
        "https://runbooks.example.org/node-not-ready",
        f"https://topmast.example.org/alerts/{GROUP}/",
    ]
