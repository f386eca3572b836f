"""Texts of a cluster made fit to keep: short, without NUL, and the same text kept once."""

import sys

LONGEST_MESSAGE = 1_000
LONGEST_REASON = 80
_LONGEST_LIST = 2_000


def word(text: str | None, limit: int = 253) -> str:
    """A text that repeats (a node, an owner, a status), as one shared object; empty for none."""
    if not text:
        return ""
    if len(text) > limit or "\0" in text:
        text = clipped(text, limit)
    return sys.intern(text)


def reason_word(text: str | None) -> str:
    """A reason, short enough for its column."""
    return word(text, LONGEST_REASON)


def clipped(text: str | None, limit: int = LONGEST_MESSAGE) -> str:
    """A free text of at most `limit` characters, the last one then `…`. PostgreSQL keeps no NUL."""
    if not text:
        return ""
    text = text.replace("\0", "\ufffd")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def joined(texts: list[str]) -> str:
    """Names or images as one printed cell."""
    return clipped(",".join(texts), _LONGEST_LIST)
