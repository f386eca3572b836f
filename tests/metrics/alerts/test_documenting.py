"""The table of rules in the docs is the rulebook."""

from io import StringIO
from pathlib import Path

from django.core.management import call_command

from metrics.alerts.documenting import BEGIN, END, condition_words, rulebook_table
from metrics.alerts.rules import rulebook
from tests.metrics.alerts.test_rules import read

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_shows_the_rulebook_as_it_is() -> None:
    page = (DOCS / "alerts.md").read_text()
    shown = page[page.index(BEGIN) : page.index(END) + len(END)]

    assert shown == rulebook_table(rulebook().values()), "print it anew: manage.py print_rulebook"


def test_the_command_prints_the_table() -> None:
    printed = StringIO()
    call_command("print_rulebook", stdout=printed)

    assert printed.getvalue().strip() == rulebook_table(rulebook().values())


def test_a_condition_is_told_in_words_with_its_limits() -> None:
    rule = read(
        when=[
            {"field": "restarts", "rises_by": {"limit": "many"}, "within": "1h"},
            {"any": [{"field": "restarts", "unchanged_for": "90s"}, {"field": "restarts", "is": "3"}]},
            {"not": {"all": [{"field": "is_finished", "is": True}, {"field": "name", "is": ["b", "a"]}]}},
        ],
        unless=[{"field": "created_ms", "sooner_than": {"limit": "ahead_days"}}],
        limits={"many": "5", "ahead_days": "7"},
    )

    assert condition_words(rule) == (
        "`restarts` rose by 5 or more in 1 h and (`restarts` has not changed for 90 s or `restarts` is 3) "
        "and not ((`is_finished` is true and `name` is a or b)); not where `created` is less than 7 d ahead"
    )


def test_a_bar_in_a_rule_does_not_break_the_table() -> None:
    rule = read(when=[{"field": "name", "is": "a|b"}])

    assert "a\\|b" in rulebook_table([rule])
