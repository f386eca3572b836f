"""Says whether a text of Markdown shows as nothing but text."""

import re

BREAK = "\u200b"
_ESCAPED = re.compile(r"\\[\\`*_\[\]|~#=+.)-]")
_MARKS = re.compile(r"[`*_\[\]|<>\\]|(?<!\w)~~")
_STARTS = re.compile(r"^\s*(?:[-+=#]|\d+[.)])", re.MULTILINE)
CALLS = re.compile(r"@(here|channel|everyone|all)|(?<![A-Za-z0-9])@\w", re.IGNORECASE)
_EMOJI = re.compile(r":[\w+-]+:|&#?\w+;")


def marks_in(text: str) -> str:
    """The first thing in a text that would be more than text; empty for none."""
    bare = _ESCAPED.sub("\ue000", text)
    for form in (_MARKS, _STARTS, CALLS, _EMOJI):
        found = form.search(bare if form is not CALLS else text.replace("\\", ""))
        if found:
            return found[0]
    return ""


def shown(text: str) -> str:
    """What somebody reads of it."""
    return re.sub(r"\\(.)", r"\1", text).replace(BREAK, "").replace("  \n", "\n")
