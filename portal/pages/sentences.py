"""Codes and parameters put into words: the same sentence for page, title, wall and screen reader. Pure."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Picture = dict[str, Any]

_CONNECTION = {
    "dns": "its name cannot be resolved",
    "refused": "connection refused",
    "timeout": "no answer in time",
    "tls_expired": "its certificate has expired",
    "tls_untrusted": "its certificate is not trusted",
    "auth_401": "it rejects our credential",
    "forbidden_403": "it lets us read nothing",
    "throttled_429": "it asks us to wait",
    "server_5xx": "it answers with server errors",
    "not_kubernetes": "what answers is not a Kubernetes API",
    "too_large": "its answers are too large",
    "protocol": "its answers cannot be read",
    "clock_skew": "its clock differs too much",
    "blocked_address": "its address is not allowed",
    "credential": "its credential cannot be opened",
}

_REASONS = {
    "CrashLoopBackOff": "crash-looping",
    "ImagePullBackOff": "without an image to run",
    "ErrImagePull": "without an image to run",
    "InvalidImageName": "with an invalid image name",
    "CreateContainerConfigError": "without a ConfigMap, Secret or key",
    "OOMKilled": "killed for lack of memory",
    "Unschedulable": "without a node to run on",
    "NotReady": "not ready",
    "Unknown": "without a sign of life",
    "Evicted": "evicted",
    "Restarted": "restarted in the last hour",
    "StuckTerminating": "stuck while ending",
    "Error": "failed",
    "NoneAvailable": "unavailable altogether",
    "PartlyAvailable": "available only in part",
    "PartlyReady": "ready only in part",
    "MinimumReplicasUnavailable": "below the wanted minimum",
    "RollingOut": "rolling out",
    "RolloutStuck": "stuck in its roll-out",
    "Starting": "starting",
    "SpecNotObserved": "not yet seen by its controller",
    "Paused": "paused",
    "ScaledToZero": "scaled to zero",
    "ScalingDown": "scaling down",
    "NoMatchingNodes": "without a node that matches",
    "Misscheduled": "running where it should not",
    "UpdateWaitsForDeletion": "waiting for old pods to be deleted",
    "NotAvailable": "not available",
    "Suspended": "suspended",
    "Running": "running",
    "RunsTooLong": "running for too long",
    "NotStarted": "not started",
    "NotScheduled": "not scheduled when due",
    "NoRecentSuccess": "without a recent success",
    "BackoffLimitExceeded": "failed too often",
    "DeadlineExceeded": "over its deadline",
    "cordoned": "cordoned",
    "Terminating": "ending",
    "SchedulingGated": "held back by a gate",
}

_KINDS = {
    "Node": ("node", "nodes"),
    "Pod": ("pod", "pods"),
    "Deployment": ("Deployment", "Deployments"),
    "StatefulSet": ("StatefulSet", "StatefulSets"),
    "DaemonSet": ("DaemonSet", "DaemonSets"),
    "ReplicaSet": ("ReplicaSet", "ReplicaSets"),
    "Job": ("Job", "Jobs"),
    "CronJob": ("CronJob", "CronJobs"),
    "Namespace": ("namespace", "namespaces"),
}


def health_word(health: str) -> str:
    """The word that stands for a health."""
    words = {
        "critical": _("Critical"),
        "degraded": _("Degraded"),
        "no_data": _("No data"),
        "pending": _("Pending"),
        "silenced": _("Silenced"),
        "healthy": _("Healthy"),
    }
    return words.get(health, health)


def fleet_verdict(fleet: Picture) -> str:
    """Is anything wrong, in one line: the heading of the fleet page and its title."""
    clusters = fleet["clusters"]
    number = clusters["total"]
    sentence = {
        "no_clusters": lambda: _("No clusters yet"),
        "critical": lambda: _needs(
            clusters["critical"], _("needs action"), _("need action"), clusters["no_data"]
        ),
        "degraded": lambda: _needs(
            clusters["degraded"], _("needs a look"), _("need a look"), clusters["no_data"]
        ),
        "nothing_read": lambda: _("No cluster can be read"),
        "no_data": lambda: _unread(clusters["no_data"]),
        "pending": lambda: _first_read(clusters["pending"]),
        "healthy": lambda: (
            _("The cluster is healthy")
            if number == 1
            else _("All %(n)s clusters are healthy") % {"n": number}
        ),
    }
    return sentence[fleet["verdict"]["code"]]()


def _unread(number: int) -> str:
    return ngettext("%(n)s cluster cannot be read", "%(n)s clusters cannot be read", number) % {"n": number}


def _first_read(number: int) -> str:
    return ngettext(
        "%(n)s cluster is being read for the first time",
        "%(n)s clusters are being read for the first time",
        number,
    ) % {"n": number}


def fleet_lead(causes: Iterable[tuple[str, Picture]]) -> str:
    """The first causes as sentences, each with its cluster's name."""
    return " ".join(f"{name}: {cause_sentence(cause)}." for name, cause in causes)


def cluster_verdict(picture: Picture) -> str:
    """How one cluster is, in one sentence."""
    health = picture["health"]
    if health == "no_data":
        return connection_sentence(picture)
    if health == "pending":
        return _("It is being read for the first time.")
    if health == "silenced":
        return _("Reading it is paused.")
    return _trouble(picture) if picture["causes"] else _all_well(picture)


def _trouble(picture: Picture) -> str:
    """The first cause, and how many more there are."""
    first = cause_sentence(picture["causes"][0])
    more = picture["causes_total"] - 1
    if more <= 0:
        return f"{first}."
    sentence = ngettext("%(first)s, and %(n)s more.", "%(first)s, and %(n)s more.", more)
    return sentence % {"first": first, "n": more}


def _all_well(picture: Picture) -> str:
    """Nothing is wrong, or nothing that can be seen."""
    unread = unread_kinds(picture)
    if unread:
        return _("Nothing is wrong in what can be read; %(kinds)s cannot.") % {"kinds": ", ".join(unread)}
    return _("Nothing is wrong.")


def unread_kinds(picture: Picture) -> list[str]:
    """The kinds of which nobody can say how they are now."""
    return [kind for kind, state in picture["kinds"].items() if state["state"] not in ("live", "syncing")]


def connection_sentence(picture: Picture) -> str:
    """How reading a cluster goes."""
    line = picture["connection"]
    reason = _CONNECTION.get(line["reason"], line["reason"])
    if line["state"] == "live":
        refused = [kind for kind, state in picture["kinds"].items() if state["state"] != "live"]
        return _("Live, but for %(kinds)s.") % {"kinds": ", ".join(refused)} if refused else _("Live.")
    if line["state"] == "syncing":
        return _("Its first lists are being read.")
    if line["state"] == "paused":
        return _("Paused.")
    if line["state"] == "stale":
        return _("Its data is out of date: %(reason)s.") % {"reason": reason or _("nothing was read lately")}
    if line["state"] == "never_reached":
        return _("Never reached: %(reason)s.") % {"reason": reason} if reason else _("Not read yet.")
    return _("API server unreachable: %(reason)s.") % {"reason": reason}


def usage_sentence(picture: Picture) -> str:
    """Where CPU and memory in use come from, or why they are unknown."""
    usage = picture["usage"]
    if usage["state"] == "live":
        return _("metrics.k8s.io")
    if usage["state"] is None:
        return _("not read yet")
    if usage["reason"] == "forbidden_403":
        return _("unknown: we may not read metrics.k8s.io")
    return _("unknown: metrics.k8s.io does not answer; requests only")


def kind_sentence(state: Picture) -> str:
    """How reading one kind goes."""
    if state["state"] == "refused":
        return _("No permission; grant it with print_cluster_role")
    if state["state"] == "syncing":
        return _("Being read")
    if state["state"] == "unread":
        return _("Not read yet: %(reason)s") % {"reason": _CONNECTION.get(state["reason"], state["reason"])}
    if state["state"] == "stale":
        return _("Out of date: %(reason)s") % {"reason": _CONNECTION.get(state["reason"], state["reason"])}
    skipped = state["skipped"]
    if skipped:
        return ngettext(
            "Live; %(n)s object is left out: %(key)s",
            "Live; %(n)s objects are left out, such as %(key)s",
            skipped,
        ) % {"n": skipped, "key": state["skipped_key"]}
    return _("Live")


def cause_sentence(cause: Picture) -> str:
    """What is wrong, without where and since."""
    if cause["kind"] == "Cluster":
        return _("No data: %(reason)s") % {"reason": _CONNECTION.get(cause["reason"], cause["reason"])}
    one, many = _KINDS.get(cause["counted_kind"], (cause["counted_kind"], cause["counted_kind"]))
    number = cause["count"]
    counted = f"{number:,} {one if number == 1 else many}"
    what = reason_words(cause["reason"])
    if cause["kind"] == cause["counted_kind"] and number == 1:
        return f"{_KINDS.get(cause['kind'], (cause['kind'],))[0]} {_place(cause)}: {what}".strip()
    return _("%(counted)s %(what)s") % {"counted": counted, "what": what} + (
        _(" in %(place)s") % {"place": _place(cause)} if _place(cause) else ""
    )


def left_out_sentence(number: int) -> str:
    """What a list over all clusters does not show; empty where it shows all."""
    if number == 0:
        return ""
    return ngettext(
        "Without %(n)s cluster that cannot be read now.",
        "Without %(n)s clusters that cannot be read now.",
        number,
    ) % {"n": number}


def unowned(unowned: int, firing: int) -> str:
    """How many alerts nobody looks after; empty where somebody is on each."""
    if not unowned:
        return ""
    sentence = ngettext("%(n)s alert needs an owner", "%(n)s alerts need an owner", unowned) % {"n": unowned}
    return sentence if unowned == firing else sentence + _(" of %(n)s") % {"n": firing}


def delivery_trouble(what: str) -> str:
    """What keeps people from being told, without names."""
    words = {
        "stuck": _("Messages wait and nobody sends them."),
        "nothing": _("Nothing can be delivered to anybody."),
    }
    return words.get(what) or _("Some messages do not reach their destination.")


def kind_words(kind: str) -> str:
    """The objects of a kind, as a heading."""
    many = _KINDS.get(kind, (kind, kind))[1]
    return many[:1].upper() + many[1:]


def reason_words(reason: str) -> str:
    """A reason in words; one we have no words for stays as Kubernetes writes it."""
    return _REASONS.get(reason) or (reason.replace("_", " ") if "_" in reason else reason) or _("in trouble")


def resource_sentence(resource: Picture, health_word: str) -> str:
    """How one object is."""
    if resource["reason"] and resource["health"] != "healthy":
        return f"{health_word}: {reason_words(resource['reason'])}."
    return f"{health_word}."


def _needs(number: int, one: str, many: str, unread: int) -> str:
    noun = ngettext("%(n)s cluster", "%(n)s clusters", number) % {"n": number}
    sentence = f"{noun} {one if number == 1 else many}"
    return sentence + (_(", %(n)s cannot be read") % {"n": unread} if unread else "")


def _place(cause: Picture) -> str:
    return " / ".join(part for part in (cause["namespace"], cause["name"]) if part)
