"""Log lines for people and for programs."""

import json
import logging
import sys

from portal.logs import JsonFormatter, TextFormatter


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("portal", logging.WARNING, __file__, 1, "%s ended", ("web",), None)
    made.created = 0.25
    made.__dict__.update(extra)
    return made


def test_a_json_line_is_one_object_with_what_was_given() -> None:
    line = JsonFormatter().format(record(cluster="prod"))

    assert "\n" not in line
    assert json.loads(line) == {
        "at": "1970-01-01T00:00:00.250+00:00", "level": "warning", "logger": "portal",
        "message": "web ended", "cluster": "prod",
    }  # fmt: skip


def test_a_traceback_stays_inside_the_json_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        broken = record(exc_info=sys.exc_info())

    line = JsonFormatter().format(broken)

    assert "\n" not in line
    assert "ValueError: two\nlines" in json.loads(line)["traceback"]


def test_a_line_for_people_says_its_level_only_where_it_matters() -> None:
    assert TextFormatter().format(record()) == "00:00:00 portal: warning: web ended"
    assert TextFormatter().format(record(levelno=logging.INFO)) == "00:00:00 portal: web ended"
