"""What each rule says and whose alerts its own keep quiet, as messages are made of it."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from metrics.alerts.rules import rulebook
from metrics.notify.facts import RuleWords

TEST_RULE = "test"

TEST_WORDS = RuleWords(
    name="Test",
    sentence=lambda params, count: f"This is a test of {params.get('destination_name', 'a destination')}",
    advice=lambda params: "Nothing is wrong: somebody tried whether messages arrive here.",
)


@dataclass(frozen=True)
class Words:
    """The rules' own texts and reaches, by rule id."""

    said: Mapping[str, RuleWords] = field(default_factory=dict)
    reaches: Mapping[str, str] = field(default_factory=dict)


@functools.cache
def shipped_words() -> Words:
    """Of the rulebook, and of the test that no rule raises."""
    rules = rulebook()
    said = {name: RuleWords.of(rule) for name, rule in rules.items()}
    return Words({**said, TEST_RULE: TEST_WORDS}, {name: rule.reach for name, rule in rules.items()})
