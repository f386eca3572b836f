"""Label selectors and templates as printed."""

from collections.abc import Sequence

from clusters.state.objects import ContainerImage, Expression, Selector, Template
from clusters.state.texts import clipped, joined

NOTHING = "<none>"
_LONGEST = 2_000


def selector_text(selector: Selector | None) -> str:
    """A selector in one line, in order of key, as kubectl prints it."""
    if selector is None:
        return NOTHING
    parts = [(key, f"{key}={value or ''}") for key, value in (selector.match_labels or {}).items()]
    for expression in selector.match_expressions or ():
        text = _expression_text(expression)
        if text is None:
            return "<error>"
        parts.append((expression.key, text))
    return clipped(",".join(text for _, text in sorted(parts, key=lambda part: part[0])), _LONGEST) or NOTHING


def labels_text(labels: dict[str, str | None] | None) -> str:
    """Plain labels in one line, in order of key."""
    pairs = sorted((labels or {}).items())
    return clipped(",".join(f"{key}={value or ''}" for key, value in pairs), _LONGEST) or NOTHING


def container_names(template: Template | None) -> str:
    """The names of a template's containers, as one cell."""
    return joined([one.name for one in _containers(template)])


def container_images(template: Template | None) -> str:
    """The images of a template's containers, as one cell."""
    return joined([one.image or "" for one in _containers(template)])


def _containers(template: Template | None) -> Sequence[ContainerImage]:
    return (template.spec.containers if template and template.spec else None) or ()


def _expression_text(one: Expression) -> str | None:
    values = ",".join(sorted(one.values or ()))
    match one.operator:
        case "In":
            return f"{one.key} in ({values})"
        case "NotIn":
            return f"{one.key} notin ({values})"
        case "Exists":
            return one.key
        case "DoesNotExist":
            return f"!{one.key}"
    return None
