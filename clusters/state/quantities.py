"""Kubernetes quantities such as 250m, 1.5Gi or 123456789n, exact, at a cost that no text can raise.

Everything is counted in whole nanos (1e-9 of the unit), which is as fine as the API server itself counts.
"""

import re
from functools import lru_cache

NANOS = 10**9
"""One unit."""
LIMIT_NANOS = (2**63 - 1) * NANOS
"""Nothing is more than 64 bits hold: the API server's own sums end there."""
LONGEST_TEXT = 200
_DIGITS = 400
"""An exponent beyond this is beyond every limit, whatever stands before it in LONGEST_TEXT."""

_DECIMAL = {
    "n": 1, "u": 10**3, "m": 10**6, "k": 10**12, "M": 10**15, "G": 10**18, "T": 10**21,
    "P": 10**24, "E": 10**27,
}  # fmt: skip
_BINARY = {
    "Ki": NANOS << 10, "Mi": NANOS << 20, "Gi": NANOS << 30, "Ti": NANOS << 40,
    "Pi": NANOS << 50, "Ei": NANOS << 60,
}  # fmt: skip
_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<whole>[0-9]+)\.?(?P<fraction>[0-9]*)|\.(?P<only_fraction>[0-9]+))"
    r"(?:[eE](?P<exponent>[+-]?[0-9]+)|(?P<suffix>[numkMGTPE]|[KMGTPE]i)?)"
)


def nanos(text: str) -> int:
    """The quantity in nanos, rounded away from zero where it is finer, and held within 64 bits of units.

    Raises ValueError for what is no quantity.

    >>> nanos("250m"), nanos("1.5Gi"), nanos("1E3"), nanos("0.1n")
    (250000000, 1610612736000000000, 1000000000000, 1)
    """
    if text.isascii() and len(text) <= LONGEST_TEXT:
        if text.isdigit():
            return min(int(text) * NANOS, LIMIT_NANOS)
        factor = _DECIMAL.get(text[-1:])
        if factor is not None and text[:-1].isdigit():
            return min(int(text[:-1]) * factor, LIMIT_NANOS)
        factor = _BINARY.get(text[-2:])
        if factor is not None and text[:-2].isdigit():
            return min(int(text[:-2]) * factor, LIMIT_NANOS)
    return _any_nanos(text)


@lru_cache(maxsize=8192)
def nanos_or_zero(text: str | None) -> int:
    """A requested or allowed amount: absent is nothing asked for, and so is what is no sensible amount."""
    if text is None:
        return 0
    try:
        return max(nanos(text), 0)
    except ValueError:
        return 0


@lru_cache(maxsize=8192)
def nanos_or_none(text: str | None) -> int | None:
    """A measured or offered amount: None where it is absent, no quantity, or less than nothing."""
    if text is None:
        return None
    try:
        amount = nanos(text)
    except ValueError:
        return None
    return amount if amount >= 0 else None


@lru_cache(maxsize=8192)
def cores(amount_nanos: int | None) -> float | None:
    """CPU in cores, for whoever shows it. Equal amounts share one object.

    >>> cores(250_000_000)
    0.25
    """
    return None if amount_nanos is None else amount_nanos / NANOS


@lru_cache(maxsize=8192)
def whole(amount_nanos: int | None) -> int | None:
    """Whole units, rounded up as Kubernetes does. Equal amounts share one object.

    >>> whole(nanos("1.5Gi")), whole(nanos("100m"))
    (1610612736, 1)
    """
    return None if amount_nanos is None else min(rounded_up(amount_nanos, NANOS), 2**63 - 1)


def millis(amount_nanos: int) -> int:
    """Thousandths, rounded up as Kubernetes does.

    >>> millis(nanos("123456789n"))
    124
    """
    return rounded_up(amount_nanos, 10**6)


def rounded_up(amount: int, unit: int) -> int:
    """How many of `unit` are in `amount`, a part counting as a whole, away from zero."""
    return -(-amount // unit) if amount >= 0 else amount // unit


def _any_nanos(text: str) -> int:
    match = _QUANTITY.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a Kubernetes quantity; expected e.g. '250m' or '1.5Gi'.")
    fraction = match["fraction"] or match["only_fraction"] or ""
    digits = int((match["whole"] or "") + fraction)
    size = min(_scaled(digits, len(fraction), match), LIMIT_NANOS)
    return -size if match["sign"] == "-" else size


def _scaled(digits: int, places: int, match: "re.Match[str]") -> int:
    """`digits` shifted right by `places` and multiplied by the suffix, in nanos, rounded up."""
    if match["exponent"] is None:
        factor = _BINARY.get(match["suffix"] or "") or _DECIMAL.get(match["suffix"] or "", NANOS)
        return rounded_up(digits * factor, 10**places)
    exponent = max(-_DIGITS, min(int(match["exponent"]), _DIGITS)) - places + 9
    if exponent >= 0:
        return digits * int(10**exponent)
    return rounded_up(digits, int(10**-exponent))
