"""Quantities against the API server's own parser and against fractions."""

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.state.quantities import (
    LIMIT_NANOS,
    NANOS,
    millis,
    nanos,
    nanos_or_none,
    nanos_or_zero,
    rounded_up,
    whole,
)
from tests.clusters import recorded

QUANTITIES = list(recorded.values("quantities.jsonl"))
VALID = [one for one in QUANTITIES if not one.get("invalid")]
SUFFIXES = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1),
    **{prefix: Fraction(1000) ** power for power, prefix in enumerate("kMGTPE", start=1)},
    **{f"{prefix}i": Fraction(1024) ** power for power, prefix in enumerate("KMGTPE", start=1)},
}  # fmt: skip


def test_the_recording_has_both_kinds() -> None:
    assert len(VALID) > 150
    assert len(QUANTITIES) - len(VALID) > 50


@pytest.mark.parametrize("text", [one["text"] for one in QUANTITIES if one.get("invalid")])
def test_what_the_api_server_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        nanos(text)
    assert nanos_or_none(text) is None
    assert nanos_or_zero(text) == 0


@pytest.mark.parametrize("one", [one for one in VALID if "value" in one], ids=lambda one: one["text"])
def test_units_and_thousandths_are_rounded_up_as_the_api_server_does(one: dict[str, str]) -> None:
    amount = nanos(one["text"])

    assert whole(amount) == int(one["value"])
    assert millis(amount) == int(one["milli"])


@pytest.mark.parametrize("one", VALID, ids=lambda one: one["text"])
def test_a_quantity_and_its_canonical_form_are_the_same_amount(one: dict[str, str]) -> None:
    assert nanos(one["text"]) == nanos(one["canonical"])


@given(
    sign=st.sampled_from(["", "+", "-"]),
    digits=st.integers(0, 10**18),
    places=st.integers(0, 18),
    suffix=st.sampled_from(sorted(SUFFIXES)),
)
def test_every_suffix_agrees_with_fractions(sign: str, digits: int, places: int, suffix: str) -> None:
    padded = f"{digits:0{places + 1}d}"
    text = sign + (f"{padded[:-places]}.{padded[-places:]}" if places else padded) + suffix

    assert nanos(text) == _by_fractions(sign, Fraction(digits, 10**places) * SUFFIXES[suffix])


@given(
    sign=st.sampled_from(["", "-"]),
    digits=st.integers(0, 10**12),
    exponent=st.integers(-60, 60),
    e=st.sampled_from("eE"),
)
def test_every_exponent_agrees_with_fractions(sign: str, digits: int, exponent: int, e: str) -> None:
    exact = Fraction(digits) * Fraction(10) ** exponent

    assert nanos(f"{sign}{digits}{e}{exponent}") == _by_fractions(sign, exact)


def _by_fractions(sign: str, exact: Fraction) -> int:
    size = min(-(-exact.numerator * NANOS // exact.denominator), LIMIT_NANOS)
    return -size if sign == "-" else size


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        amount = nanos(text)
    except ValueError:
        return
    assert abs(amount) <= LIMIT_NANOS


@pytest.mark.parametrize(
    "text", ["1e2147483647", "1e-2147483647", f"1e{'9' * 190}", "9" * 200, "9" * 5_000_000]
)
def test_an_absurd_quantity_costs_nothing(text: str) -> None:
    begin = time.perf_counter()

    amount = nanos_or_none(text)

    assert time.perf_counter() - begin < 0.05
    assert amount in (None, 1, LIMIT_NANOS)


@pytest.mark.parametrize(
    "text", ["²", "１２", "1_000", " 1", "1\n", "", ".", "1.5.5", "0x10", "١٢", "-", "1e", "Ki"]
)
def test_what_only_python_takes_for_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantity"):
        nanos(text)


def test_less_than_nothing_is_no_amount() -> None:
    assert nanos_or_none("-1") is None
    assert nanos_or_zero("-1") == 0


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_rounding_never_makes_an_amount_smaller(amount: int, unit: int) -> None:
    assert abs(rounded_up(amount, unit)) == -(-abs(amount) // unit)
