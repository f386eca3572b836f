"""What the detail panel tells of one object. Pure but for the names of addresses."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from portal.pages import formats, links
from portal.pages.sentences import health_word, reason_words

Picture = dict[str, Any]


@dataclass(frozen=True)
class Fact:
    """One line: a label and a text, a link or a moment; text with a moment has been so since."""

    label: str
    text: str = ""
    href: str = ""
    moment: str | None = None


def facts_of(resource: Picture, slug: str) -> list[Fact]:
    """Everything worth a line, in order; what is unknown is left out."""
    facts = [
        Fact(_("Health"), health_word(resource["health"]), moment=resource["since"]),
        Fact(_("Why"), reason_words(resource["reason"])) if resource["reason"] else None,
        *_container_facts(resource),
        *_pod_facts(resource),
        *_replica_facts(resource),
        *_place_facts(resource, slug),
        *_amounts(resource),
        *_others(resource),
        Fact(_("Created"), moment=resource["created"]) if resource["created"] else None,
        Fact(_("UID"), resource["uid"]),
    ]
    return [fact for fact in facts if fact is not None]


def _container_facts(resource: Picture) -> list[Fact | None]:
    container = resource.get("container")
    if not container:
        return [_said(_("Message"), resource.get("message"))]
    last = [container["last_reason"], _exit_code(container["last_exit_code"])]
    return [
        Fact(_("Container"), container["name"]),
        _said(_("Reason"), container["reason"]),
        _said(_("Message"), container["message"] or resource.get("message")),
        _said(_("Ended before"), ", ".join(part for part in last if part)),
        Fact(_("Ended"), moment=container["last_finished_at"]) if container["last_finished_at"] else None,
    ]


def _pod_facts(resource: Picture) -> list[Fact | None]:
    if resource["kind"] != "Pod":
        return []
    return [
        Fact(_("Status"), resource["status"]),
        Fact(_("Ready"), resource["ready"]),
        Fact(_("Restarts"), formats.count(resource["restarts"])),
        _said(_("IP"), resource.get("ip")),
    ]


def _replica_facts(resource: Picture) -> list[Fact | None]:
    """How many pods a workload has of those it wants."""
    replicas = resource.get("replicas")
    if replicas is None:
        return []
    numbers = (
        f"{formats.count(replicas[word])} {said}" for word, said in _replica_words() if word in replicas
    )
    return [Fact(_("Replicas"), ", ".join(numbers))]


def _replica_words() -> tuple[tuple[str, str], ...]:
    return (
        ("wanted", _("wanted")),
        ("current", _("there")),
        ("updated", _("up to date")),
        ("ready", _("ready")),
        ("available", _("available")),
        ("misscheduled", _("where none should be")),
    )


def _place_facts(resource: Picture, slug: str) -> list[Fact | None]:
    node, workload, namespace = resource["node"], resource["workload"], resource["namespace"]
    return [
        Fact(_("Node"), node, links.list_of("pods", slug, node=node)) if node else None,
        Fact(_("Part of"), workload, links.list_of("pods", slug, namespace=namespace, workload=workload))
        if workload
        else None,
    ]


def _amounts(resource: Picture) -> list[Fact | None]:
    cpu, memory = resource["cpu"], resource["memory"]
    what = "allocatable" if resource["kind"] == "Node" else "requested"
    if resource["kind"] not in ("Node", "Pod"):
        return []
    label = _("allocatable") if what == "allocatable" else _("requested")
    used_cores, used_bytes = formats.cores(cpu["used_cores"]), formats.memory(memory["used_bytes"])
    return [
        Fact(_("CPU"), f"{used_cores} {_('used')}, {formats.cores(cpu[f'{what}_cores'])} {label}"),
        Fact(
            _("Memory"),
            f"{used_bytes} {_('used')}, {formats.memory(memory[f'{what}_bytes'])} {label}",
        ),
    ]


def _others(resource: Picture) -> list[Fact | None]:
    """The kind's own plain values, under their own names."""
    shown = {
        "kind", "group", "namespace", "name", "uid", "health", "reason", "since", "created", "age_seconds",
        "node", "workload", "cpu", "memory", "container", "message", "status", "restarts", "ip", "limits",
    } | ({"ready"} if resource["kind"] == "Pod" else set())  # fmt: skip
    return [
        _other(key, value)
        for key, value in resource.items()
        if key not in shown and isinstance(value, (str, int, float, bool)) and value != ""
    ]


def _other(key: str, value: str | int | float | bool) -> Fact:
    if key.endswith("_at") and isinstance(value, str):
        return Fact(_label(key.removesuffix("_at")), moment=value)
    return Fact(_label(key), _plain(value))


def _label(key: str) -> str:
    written = {
        "os": _("Operating system"),
        "internal_ip": _("Internal IP"),
        "external_ip": _("External IP"),
        "pods_allocatable": _("Room for pods"),
    }
    words = key.removeprefix("is_").replace("_", " ")
    return written.get(key) or words[:1].upper() + words[1:]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _said(label: str, text: str | None) -> Fact | None:
    return Fact(label, text) if text else None


def _exit_code(code: int | None) -> str:
    return "" if code is None else _("exit code %(code)s") % {"code": code}
