"""What templates need to write numbers, moments, shapes and bars. No query and no rule in here."""

from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.pages import formats
from portal.pages.sentences import health_word

register = template.Library()

WARN_PERCENT = 70
CRITICAL_PERCENT = 90
STRIP_ROWS = 3
STRIP_CELL = 4.5
STRIP_STEP = 5.9
STRIP_WIDTH = 240.0
STRIP_LIMIT = 600

register.filter("cores", formats.cores)
register.filter("memory", formats.memory)
register.filter("count", formats.count)
register.filter("health_word", health_word)


@register.filter
def at(picture: dict[str, Any], key: str) -> Any:
    """One value of a mapping whose key is a variable."""
    return picture.get(key)


@register.simple_tag
def ago(moment: str | None) -> str | SafeString:
    """How long ago, as an element that keeps counting; a dash where nobody can tell."""
    seconds = formats.seconds_since(moment, now=formats.utc_now())
    if moment is None or seconds is None:
        return formats.NO_VALUE
    return format_html('<time datetime="{}" data-as="age">{}</time>', moment, formats.age(seconds))


@register.simple_tag
def clock(moment: str | None) -> str | SafeString:
    """When it was, in the reader's zone."""
    zone = timezone.get_current_timezone()
    text = formats.clock(moment, now=formats.utc_now(), zone=ZoneInfo(str(zone)))
    return (
        text if moment is None else format_html('<time datetime="{}" data-as="clock">{}</time>', moment, text)
    )


@register.simple_tag
def percent(part: float | None, whole: float | None) -> str:
    """`54 %`, or a dash."""
    value = formats.percent_of(part, whole)
    return formats.NO_VALUE if value is None else f"{value} %"


@register.simple_tag
def bar(label: str, used: float | None, requested: float | None, allocatable: float | None) -> SafeString:
    """Used as a fill and requested as a tick, both of allocatable.

    An SVG, because the security policy allows no style attribute.
    """
    fill = formats.percent_of(used, allocatable)
    tick = formats.percent_of(requested, allocatable)
    kind = "memory" if label == "Memory" else "cpu"
    spoken = _("%(label)s %(used)s used, %(requested)s requested") % {
        "label": label,
        "used": _spoken(fill),
        "requested": _spoken(tick),
    }
    level = "critical" if (fill or 0) >= CRITICAL_PERCENT else "warn" if (fill or 0) >= WARN_PERCENT else "ok"
    return format_html(
        '<svg class="bar" role="img" aria-label="{}" data-level="{}" data-bar="{}">'
        '<rect class="used {}" width="{}%" height="100%"/>'
        '<rect class="requested" x="{}%" width="{}" height="100%"/></svg>',
        spoken,
        level,
        kind,
        kind,
        min(fill or 0, 100),
        min(tick or 0, 99),
        "0" if tick is None else "1.5",
    )


@register.simple_tag
def node_strip(letters: str) -> SafeString:
    """One cell a node, in order of name; trouble differs in shape as well as in colour."""
    cells = letters[:STRIP_LIMIT]
    columns = -(-len(cells) // STRIP_ROWS)
    width = max(columns * STRIP_STEP + 2, STRIP_WIDTH)
    bad = sum(letter in "cdn" for letter in letters)
    spoken = _("%(total)s nodes, %(bad)s not healthy") % {"total": len(letters), "bad": bad}
    shapes = format_html_join("", "{}", ((_cell(index, letter),) for index, letter in enumerate(cells)))
    return format_html(
        '<svg class="strip" viewBox="-1.5 -1.5 {} {}" preserveAspectRatio="xMinYMid meet" role="img" '
        'aria-label="{}" data-part="strip">{}</svg>',
        f"{width:.1f}",
        f"{STRIP_ROWS * STRIP_STEP + 2:.1f}",
        spoken,
        shapes,
    )


def _cell(index: int, letter: str) -> SafeString:
    x, y = index // STRIP_ROWS * STRIP_STEP, index % STRIP_ROWS * STRIP_STEP
    middle, end = STRIP_CELL / 2, STRIP_CELL
    points: tuple[tuple[float, float], ...]
    if letter == "c":
        points = ((middle, -1.3), (end + 1.3, middle), (middle, end + 1.3), (-1.3, middle))
    elif letter == "d":
        points = ((middle, -0.6), (end + 0.7, end + 0.1), (-0.7, end + 0.1))
    else:
        return format_html(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1.1"/>',
            letter, f"{x:.1f}", f"{y:.1f}", STRIP_CELL, STRIP_CELL,
        )  # fmt: skip
    path = "L".join(f"{x + dx:.1f} {y + dy:.1f}" for dx, dy in points)
    return format_html('<path class="{}" d="M{}Z"/>', letter, path)


def _spoken(value: int | None) -> str:
    return _("unknown") if value is None else _("%(value)s percent") % {"value": value}
