"""Answers of receivers, and what each kind has to make of them: one table for all kinds."""

from typing import NamedTuple

from metrics.notify.kinds.kind import DELIVERED, FAILED_FOR_GOOD, GONE, PLAIN, RETRY, OutboundAnswer

KINDS = ("slack", "mattermost", "discord", "webhook")
OK, AGAIN, NEVER = DELIVERED, RETRY, FAILED_FOR_GOOD


class Row(NamedTuple):
    """One answer; what slack, mattermost, discord and webhook say to it; the wait it asks for."""

    name: str
    answer: OutboundAnswer
    outcomes: tuple[str, str, str, str]
    wait_ms: int | None = None


def answered(status: int, body: bytes = b"", **headers: str) -> OutboundAnswer:
    """An answer; `retry_after` is the header of that name."""
    return OutboundAnswer(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


_DATE = "Sat, 21 Nov 2026 14:25:00 GMT"
_LATER = "Sat, 21 Nov 2026 14:25:42 GMT"

TABLE = (
    Row("ok", answered(200, b"ok"), (OK, OK, OK, OK)),
    Row("another word", answered(200, b"<html>Sign in</html>"), (NEVER, NEVER, OK, OK)),
    Row("empty", answered(200), (NEVER, NEVER, OK, OK)),
    Row("created", answered(201, b"ok"), (NEVER, NEVER, OK, OK)),
    Row("no content", answered(204), (NEVER, NEVER, OK, OK)),
    Row("moved", answered(301, location="http://169.254.169.254/"), (NEVER,) * 4),
    Row("found", answered(302, location="https://example.org/login"), (NEVER,) * 4),
    Row("not modified", answered(304), (NEVER,) * 4),
    Row("permanent redirect", answered(308, location="/"), (NEVER,) * 4),
    Row("bad payload", answered(400, b"invalid_payload"), (PLAIN, PLAIN, PLAIN, NEVER)),
    Row("bad blocks", answered(400, b"invalid_blocks"), (PLAIN, PLAIN, PLAIN, NEVER)),
    Row("unauthorised", answered(401), (NEVER,) * 4),
    Row("prohibited", answered(403, b"action_prohibited"), (NEVER,) * 4),
    Row("no such webhook", answered(404, b"no_service"), (GONE, GONE, GONE, NEVER)),
    Row("wrong method", answered(405), (NEVER,) * 4),
    Row("slow", answered(408), (AGAIN,) * 4),
    Row("archived", answered(410, b"channel_is_archived"), (GONE,) * 4),
    Row("too large", answered(413), (NEVER,) * 4),
    Row("too early", answered(425), (AGAIN,) * 4),
    Row("too many", answered(429, retry_after="30"), (AGAIN,) * 4, 30_000),
    Row("too many, fraction", answered(429, retry_after="1.5"), (AGAIN,) * 4, 1_500),
    Row("too many, at once", answered(429, retry_after="0"), (AGAIN,) * 4, 1_000),
    Row("too many, for years", answered(429, retry_after="999999999"), (AGAIN,) * 4, 3_600_000),
    Row("too many, a date", answered(429, retry_after=_LATER, date=_DATE), (AGAIN,) * 4, 42_000),
    Row("too many, past", answered(429, retry_after=_DATE, date=_LATER), (AGAIN,) * 4, 1_000),
    Row("too many, date alone", answered(429, retry_after=_LATER), (AGAIN,) * 4),
    Row("too many, nonsense", answered(429, retry_after="-1 or so"), (AGAIN,) * 4),
    Row("too many, odd digits", answered(429, retry_after="٣٠"), (AGAIN,) * 4, 30_000),
    Row("too many, endless", answered(429, retry_after="9" * 5000), (AGAIN,) * 4),
    Row("server error", answered(500, b"rollup_error"), (AGAIN,) * 4),
    Row("bad gateway", answered(502), (AGAIN,) * 4),
    Row("maintenance", answered(503, retry_after="120"), (AGAIN,) * 4, 120_000),
    Row("gateway timeout", answered(504), (AGAIN,) * 4),
    Row("no known status", answered(799), (AGAIN,) * 4),
    Row("early hints", answered(103), (NEVER,) * 4),
    Row("bytes that are no text", answered(400, b"\xff\xfe\x00"), (PLAIN, PLAIN, PLAIN, NEVER)),
)
