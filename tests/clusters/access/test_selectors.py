"""Label selectors mean what they mean in Kubernetes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.access.selectors import SelectorError, matches, parse_selector

KEYS = st.sampled_from(["env", "tier", "example.com/owner", "a", "in", "notin"])
VALUES = st.sampled_from(["prod", "stage", "a.b-c_d", "1", ""])
LABELS = st.dictionaries(KEYS, VALUES, max_size=4)
OPERATORS = st.sampled_from(["=", "==", "!=", "in", "notin", "exists", "absent"])
PARTS = st.tuples(KEYS, OPERATORS, st.lists(VALUES, min_size=1, max_size=3), st.sampled_from(["", " "]))


def written(part: tuple[str, str, list[str], str]) -> str:
    key, operator, values, space = part
    if operator in ("in", "notin"):
        return f"{key} {operator}{space}({(',' + space).join(values)})"
    if operator in ("exists", "absent"):
        return f"{'!' if operator == 'absent' else ''}{key}"
    return f"{key}{space}{operator}{space}{values[0]}"


def holds(part: tuple[str, str, list[str], str], labels: dict[str, str]) -> bool:
    """The plain model: the sentences of the Kubernetes documentation, one by one."""
    key, operator, values, _ = part
    if operator == "exists":
        return key in labels
    if operator == "absent":
        return key not in labels
    if operator in ("=", "=="):
        return key in labels and labels[key] == values[0]
    if operator == "!=":
        return key not in labels or labels[key] != values[0]
    if operator == "in":
        return key in labels and labels[key] in values
    return key not in labels or labels[key] not in values


@given(parts=st.lists(PARTS, min_size=1, max_size=4), labels=LABELS, space=st.sampled_from(["", " ", "  "]))
def test_a_selector_selects_what_the_plain_model_selects(parts, labels, space) -> None:
    text = f",{space}".join(written(part) for part in parts)

    assert matches(parse_selector(text), labels) == all(holds(part, labels) for part in parts)


@given(labels=LABELS)
def test_a_star_selects_everything(labels) -> None:
    assert matches(parse_selector("*"), labels)


@pytest.mark.parametrize(
    "text",
    ["", "  ", ",", "env=prod,", "=prod", "env==prod=", "env in prod", "env in (a", "env>1", "-env",
     "env=a b", "env in ((a))", "*,env", "env=<script>", "env=é", "x" * 501, "env=prod;drop", "a/b/c=d"],
)  # fmt: skip
def test_what_is_no_selector_is_refused_with_a_sentence(text) -> None:
    with pytest.raises(SelectorError) as refused:
        parse_selector(text)

    assert str(refused.value).endswith(".")


@given(text=st.text(max_size=60))
def test_any_text_is_either_understood_or_refused(text) -> None:
    try:
        requirements = parse_selector(text)
    except SelectorError:
        return
    assert matches(requirements, {}) in (True, False)
