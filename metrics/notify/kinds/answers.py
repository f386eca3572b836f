"""What HTTP itself says in an answer, whoever gave it. Kinds look first for what their product adds. Pure."""

from email.utils import parsedate_to_datetime
from http import HTTPStatus

from metrics.notify.kinds.kind import DELIVERED, FAILED_FOR_GOOD, RETRY, OutboundAnswer, Verdict

LONGEST_WAIT_MS = 3_600_000
"""No product may have us wait longer, by mistake or by malice."""
_SHORTEST_WAIT_MS = 1_000
_TRANSIENT = (408, 425, 429)


def delivered(answer: OutboundAnswer) -> Verdict:
    """It was taken."""
    return Verdict(DELIVERED, f"Answered {spelt(answer.status)}.")


def judged(answer: OutboundAnswer) -> Verdict:
    """The verdict on whatever is no success: what may pass is tried again, the rest fails for good."""
    status, said = answer.status, f"Answered {spelt(answer.status)}"
    if status in _TRANSIENT or status >= 500:
        return Verdict(RETRY, f"{said}.", retry_after_ms=retry_after_ms(answer))
    if 300 <= status < 400:
        return Verdict(FAILED_FOR_GOOD, f"{said}: redirects are not followed. Give it the new address.")
    if 200 <= status < 300:
        return Verdict(FAILED_FOR_GOOD, f"{said}, but not as this product says that it took a message.")
    return Verdict(FAILED_FOR_GOOD, f"{said}.")


def spelt(status: int) -> str:
    """A status with its name.

    >>> spelt(404), spelt(799)
    ('404 Not Found', '799')
    """
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after_ms(answer: OutboundAnswer) -> int | None:
    """How long the answer asks to wait, within reason; None where it does not say or says nonsense."""
    text = answer.headers.get("retry-after", "").strip()
    if text.replace(".", "", 1).isdecimal() and len(text) <= 12:
        return clamped_ms(float(text) * 1000)
    return _until_ms(text, answer.headers.get("date", ""))


def clamped_ms(wait_ms: float) -> int:
    """A wait that is neither nothing nor for ever."""
    return int(min(max(wait_ms, _SHORTEST_WAIT_MS), LONGEST_WAIT_MS))


def _until_ms(moment: str, now: str) -> int | None:
    """From one moment of the receiver's clock to another."""
    try:
        wait = parsedate_to_datetime(moment) - parsedate_to_datetime(now)
        return clamped_ms(wait.total_seconds() * 1000)
    except (ValueError, TypeError, IndexError, OverflowError):  # TypeError: one of them names no zone
        return None
