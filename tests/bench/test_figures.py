"""The table and the file of a run."""

import json

from jsonschema import validate

from bench.figures import Figure, as_json, table

NUMBER_OR_NULL = {"type": ["number", "null"]}
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "name", "value", "unit", "goal", "yardstick", "yardstick_value", "ratio"],
        "properties": {
            "id": {"type": "string", "pattern": "^B[0-9]+[a-z]?$"},
            "name": {"type": "string", "minLength": 1},
            "value": NUMBER_OR_NULL,
            "unit": {"type": "string"},
            "goal": {"type": "number"},
            "yardstick": {"type": "string", "minLength": 1},
            "yardstick_value": NUMBER_OR_NULL,
            "ratio": NUMBER_OR_NULL,
        },
    },
}


def figure(**given):
    values = {
        "id": "B1", "name": "CPU", "value": 0.05, "unit": "s", "goal": 0.1, "yardstick": "a peer",
        "yardstick_value": 10.0,
    }  # fmt: skip
    return Figure(**(values | given))


def test_the_file_has_the_fields_that_others_read():
    said = json.loads(as_json([figure(), figure(value=None), figure(id="B2a", ratio=3.0)]))
    validate(said, SCHEMA)
    assert [one["ratio"] for one in said] == [0.005, None, 3.0]


def test_a_value_is_written_with_four_digits():
    assert figure(value=0.123456).as_json()["value"] == 0.1235


def test_a_goal_is_the_most_that_the_value_may_be():
    assert figure(value=0.1).is_met()
    assert not figure(value=0.1001).is_met()


def test_what_could_not_be_measured_has_not_met_its_goal():
    assert not figure(value=None).is_met()
    assert "unknown s" in table([figure(value=None)])


def test_without_a_yardstick_there_is_no_ratio():
    assert figure(yardstick_value=None).as_json()["ratio"] is None
    assert figure(yardstick_value=0.0).as_json()["ratio"] is None


def test_the_table_has_a_line_a_figure_and_says_which_goals_are_missed():
    lines = table([figure(), figure(id="B10", value=2.0)]).splitlines()
    assert len(lines) == 3
    assert "met" in lines[1].split() and "MISSED" not in lines[1]
    assert lines[2].startswith("B10") and "MISSED" in lines[2]
    assert lines[1].index("0.1") == lines[2].index("0.1")
