"""Names and sentences of strangers made fit for a message: one line, short, nothing hidden. Pure.

Whoever may create an object in a cluster, or post an alert, chooses what stands in our messages.
"""

import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit

ELLIPSIS = "…"
_BREAK = "\u200b"
"""A space of no width: what stands behind it is read as text."""

_UNFIT = re.compile(
    "["
    "\ud800-\udfff"  # halves of characters, which no UTF-8 has
    "\0"  # no database and no mail keeps it
    "\ufffe\uffff"
    "]"
)
_HIDDEN = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"  # soft hyphens, fillers
    "\u200b\u200e\u200f"  # of no width; direction marks
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f"  # what turns text around: a name must not read backwards
    "\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff"  # tags: whole sentences that nobody sees
    "]"
)
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MENTION = re.compile(r"@(?=here|channel|everyone|all|group|team)|(?<![A-Za-z0-9])@(?=\w)", re.IGNORECASE)


def one_line(text: str, limit: int = 1_000) -> str:
    """A text as one line of at most `limit` characters, without what cannot be stored or seen.

    >>> one_line("a\\tb\\n\\n c\\x00\\ud800"), one_line("\\u202egnp.exe"), one_line("abcdef", 4)
    ('a b c��', 'gnp.exe', 'abc…')
    """
    text = _UNFIT.sub("\ufffd", text[: 4 * limit + 64])
    return clipped(_SPACES.sub(" ", _HIDDEN.sub("", text)).strip(), limit)


def length(text: str) -> int:
    """How long a product takes a text for: what Unicode has beyond its first 65,536 counts twice.

    >>> length("abc"), length("a🙂")
    (3, 3)
    """
    return len(text) + sum(1 for character in text if character > "\uffff")


def clipped(text: str, limit: int) -> str:
    """The beginning of a text, ended by `…` where that is not the whole."""
    return fitted(text, limit, str)


def fitted(text: str, limit: int, escape: Callable[[str], str]) -> str:
    """A text escaped, its beginning alone where the whole would be longer than `limit`.

    Cut before it is escaped: no half of an escape is left at the end.
    """
    whole = escape(text)
    if length(whole) <= limit:
        return whole
    shortest, longest = 0, min(len(text), limit)
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if length(escape(text[:middle].rstrip() + ELLIPSIS)) <= limit:
            shortest = middle
        else:
            longest = middle - 1
    return escape(text[:shortest].rstrip() + ELLIPSIS) if shortest else ELLIPSIS[:limit]


def unmentioned(text: str) -> str:
    """A text in which no product finds somebody to call: a break stands behind each `@` that begins a name.

    Digests of images keep theirs, so that they can be copied.

    >>> unmentioned("@here web@sha256:1f").encode("ascii", "backslashreplace")
    b'@\\\\u200bhere web@sha256:1f'
    """
    return _MENTION.sub("@" + _BREAK, text)


def web_link(text: str, limit: int = 500) -> str:
    """An address of the web that no markup can be hidden in; empty for any other.

    >>> web_link("https://a.example/x_(y)|@here"), web_link("javascript:alert(1)")
    ('https://a.example/x_%28y%29%7C%40here', '')
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or len(text) > limit:
        return ""
    try:
        link = quote(text, safe="%/:?#&=+,;.-_")
    except UnicodeEncodeError:
        return ""
    return link if len(link) <= limit else ""


def unquoted(text: str) -> str:
    """A text without the grave accents that would end a block of code.

    What stands for them means nothing to a shell, so a command that is pasted does no more than before.

    >>> unquoted("echo `id`")
    'echo ˋidˋ'
    """
    return text.replace("`", "ˋ")


def broken(text: str, before: str) -> str:
    """A text with a break behind each of the characters in `before`."""
    for character in before:
        text = text.replace(character, character + _BREAK)
    return text
