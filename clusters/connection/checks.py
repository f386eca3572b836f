"""What is tried before a cluster is saved, so that whoever adds it learns at once what is missing."""

import asyncio
import email.utils
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.http import Answer, Connection, raise_for_status
from clusters.connection.rbac import USAGE_GROUP, USAGE_RESOURCES, USAGE_VERBS, VERBS, Readable, Rule
from clusters.connection.settings import ConnectionSettings

SKEW_SECONDS = 30
_LARGEST_ANSWER_BYTES = 1 << 20
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHO_AM_I = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_KUBE_SYSTEM = "/api/v1/namespaces?fieldSelector=metadata.name%3Dkube-system&limit=1"
_USAGE = f"/apis/{USAGE_GROUP}/v1beta1/nodes?limit=1"
_NO_WAY_THERE = (Reason.DNS, Reason.REFUSED, Reason.TIMEOUT, Reason.BLOCKED_ADDRESS)
_NO_TRUST = (Reason.TLS_EXPIRED, Reason.TLS_UNTRUSTED)


class Verdict(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    NOTED = "noted"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True)
class Check:
    """One line of the list: what was tried, how it ended, what was found and what to do."""

    name: str
    verdict: Verdict
    found: str = ""
    advice: str = ""


@dataclass(frozen=True)
class CheckList:
    """All that was tried on one cluster. `kube_system_uid` tells clusters apart; "" where unknown."""

    checks: tuple[Check, ...]
    version: str = ""
    kube_system_uid: str = ""
    missing_rules: tuple[Rule, ...] = ()

    @property
    def has_passed(self) -> bool:
        """Whether nothing failed; a note is not a failure."""
        return all(check.verdict in (Verdict.PASSED, Verdict.NOTED) for check in self.checks)


@dataclass
class _Findings:
    """The list while it is being made."""

    checks: list[Check] = field(default_factory=list)
    version: str = ""
    kube_system_uid: str = ""
    missing_rules: list[Rule] = field(default_factory=list)

    def add(self, name: str, verdict: Verdict, found: str = "", advice: str = "") -> None:
        self.checks.append(Check(name, verdict, found, advice))

    def failed(self, name: str, error: ClusterError) -> None:
        self.add(name, Verdict.FAILED, error.what, error.hint)


@dataclass
class _Asking:
    """One connection whose every request ends within the same time."""

    connection: Connection
    deadline_seconds: float

    async def get(self, target: str) -> Answer:
        return await self.connection.get(
            target, deadline_seconds=self.deadline_seconds, limit_bytes=_LARGEST_ANSWER_BYTES
        )

    async def post(self, target: str, body: Mapping[str, Any]) -> Answer:
        return await self.connection.post(
            target,
            json.dumps(body).encode(),
            deadline_seconds=self.deadline_seconds,
            limit_bytes=_LARGEST_ANSWER_BYTES,
        )


async def check_cluster(
    settings: ConnectionSettings,
    *,
    kinds: Iterable[Readable],
    known_uids: Mapping[str, str],
    now_ms: int,
    deadline_seconds: float = 10.0,
) -> CheckList:
    """Try all that reading this cluster will need. Never raises for what the cluster does.

    `known_uids` are the kube-system UIDs of the other clusters, each with that cluster's name. Each
    request ends within the deadline, and a cluster that hangs is not asked much more.
    """
    findings = _Findings()
    asking = _Asking(Connection(settings), deadline_seconds)
    try:
        if await _reached(asking, findings, now_ms) and await _knows_us(asking, findings):
            await _may_read(asking, findings, list(kinds))
            await _has_usage(asking, findings)
            await _is_new(asking, findings, known_uids)
    finally:
        await asking.connection.close()
    return CheckList(
        checks=tuple(findings.checks),
        version=findings.version,
        kube_system_uid=findings.kube_system_uid,
        missing_rules=tuple(findings.missing_rules),
    )


def as_text(checks: CheckList) -> str:
    """The list for a terminal. Never colour alone: each line begins with its verdict in words."""
    words = {
        Verdict.PASSED: "ok    ",
        Verdict.NOTED: "note  ",
        Verdict.FAILED: "FAILED",
        Verdict.NOT_TRIED: "-     ",
    }
    lines = []
    for check in checks.checks:
        lines.append(f"  {words[check.verdict]}  {check.name}{': ' if check.found else ''}{check.found}")
        if check.advice:
            lines.append(f"          {check.advice}")
    if checks.missing_rules:
        lines += ["", "  Rules to add to the ClusterRole:"]
        lines += [f"    {rule}" for rule in checks.missing_rules]
        lines += ["  Or apply the whole of it: manage.py print_cluster_role | kubectl apply -f -"]
    return "\n".join(lines)


async def _reached(asking: _Asking, findings: _Findings, now_ms: int) -> bool:
    """Whether there is an API server that we trust, at /version, which everybody may read."""
    try:
        answer = await asking.get("/version")
    except ClusterError as error:
        _not_reached(findings, error)
        return False
    findings.add("Reached", Verdict.PASSED, asking.connection.settings.server)
    _trusted(asking.connection.settings, findings)
    return _is_kubernetes(findings, answer, now_ms)


def _not_reached(findings: _Findings, error: ClusterError) -> None:
    if error.reason in _NO_TRUST:
        findings.add("Reached", Verdict.PASSED)
        findings.failed("Certificate", error)
    else:
        findings.failed("Reached", error)
        findings.add("Certificate", Verdict.NOT_TRIED)
    for name in ("Kubernetes", "Who we are", "What we may read"):
        findings.add(name, Verdict.NOT_TRIED)


def _trusted(settings: ConnectionSettings, findings: _Findings) -> None:
    if settings.skips_tls_verification:
        findings.add(
            "Certificate",
            Verdict.NOTED,
            "not checked: anybody on the way can read the credential.",
            "Give the certificate authority instead of skipping the check.",
        )
    else:
        whose = "the cluster's own authority" if settings.ca_pem else "the system's authorities"
        findings.add("Certificate", Verdict.PASSED, f"signed by {whose}")


def _is_kubernetes(findings: _Findings, answer: Answer, now_ms: int) -> bool:
    try:
        if answer.status not in (401, 403):  # a server may keep its version to itself
            raise_for_status(answer)
            findings.version = _text(_object(answer).get("gitVersion"))
            if not findings.version:
                raise _not_kubernetes()
    except ClusterError as error:
        findings.failed("Kubernetes", error)
        findings.add("Who we are", Verdict.NOT_TRIED)
        findings.add("What we may read", Verdict.NOT_TRIED)
        return False
    findings.add("Kubernetes", Verdict.PASSED, findings.version or "keeps its version to itself")
    _clock(findings, answer, now_ms)
    return True


def _clock(findings: _Findings, answer: Answer, now_ms: int) -> None:
    try:
        theirs = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return
    ahead_seconds = round(theirs - now_ms / 1000)
    if abs(ahead_seconds) > SKEW_SECONDS:
        way = "ahead of" if ahead_seconds > 0 else "behind"
        findings.add(
            "Clock",
            Verdict.NOTED,
            f"the cluster's is {abs(ahead_seconds)} s {way} ours.",
            "Ages are shown by our clock; set both by NTP.",
        )


async def _knows_us(asking: _Asking, findings: _Findings) -> bool:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = await asking.post(_WHO_AM_I, body)
        if answer.status == 404:
            findings.add("Who we are", Verdict.NOTED, "servers older than 1.28 do not tell.")
            return True
        raise_for_status(answer)
        name = _text(_mapping(_mapping(_object(answer).get("status")).get("userInfo")).get("username"))
        if name in ("", "system:anonymous"):
            raise _nobody()
    except ClusterError as error:
        findings.failed("Who we are", error)
        findings.add("What we may read", Verdict.NOT_TRIED)
        return False
    findings.add("Who we are", Verdict.PASSED, name)
    return True


async def _may_read(asking: _Asking, findings: _Findings, kinds: list[Readable]) -> None:
    """One line a kind, in the order given; a few questions at a time."""
    rights = await asyncio.gather(*(_rights(asking, kind) for kind in kinds))
    for kind, refused in zip(kinds, rights, strict=True):
        if isinstance(refused, ClusterError):
            findings.failed(kind.name, refused)
        elif refused:
            missing = Rule(kind.group, (kind.plural,), refused)
            findings.add(kind.name, Verdict.FAILED, f"may not {' or '.join(refused)} {kind.plural}.")
            findings.missing_rules.append(missing)
        else:
            findings.add(kind.name, Verdict.PASSED, f"may {' and '.join(VERBS)}")


async def _rights(asking: _Asking, kind: Readable) -> tuple[str, ...] | ClusterError:
    """The verbs we may not use on a kind, or why that could not be found out."""
    try:
        allowed = [await _may(asking, verb, kind.group, kind.plural) for verb in VERBS]
    except ClusterError as error:
        return error
    return tuple(verb for verb, is_allowed in zip(VERBS, allowed, strict=True) if not is_allowed)


async def _may(asking: _Asking, verb: str, group: str, resource: str) -> bool:
    attributes = {"verb": verb, "group": group, "resource": resource}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await asking.post(_REVIEW, body)
    raise_for_status(answer)
    return _mapping(_object(answer).get("status")).get("allowed") is True


async def _has_usage(asking: _Asking, findings: _Findings) -> None:
    """Never a failure: without metrics.k8s.io usage is unknown and all else works."""
    advice = "Without it CPU and memory in use are unknown; all else works."
    try:
        answer = await asking.get(_USAGE)
        if answer.status == 404:
            findings.add("Usage", Verdict.NOTED, "metrics.k8s.io is not installed.", advice)
            return
        if answer.status == 403:
            findings.missing_rules.append(Rule(USAGE_GROUP, USAGE_RESOURCES, USAGE_VERBS))
        raise_for_status(answer)
        refused = [name for name in USAGE_RESOURCES if not await _may(asking, "list", USAGE_GROUP, name)]
    except ClusterError as error:
        findings.add("Usage", Verdict.NOTED, f"metrics.k8s.io: {error.what}", advice)
        return
    if refused:
        findings.missing_rules.append(Rule(USAGE_GROUP, tuple(refused), USAGE_VERBS))
        findings.add("Usage", Verdict.NOTED, f"may not list {' or '.join(refused)} of {USAGE_GROUP}.", advice)
    else:
        findings.add("Usage", Verdict.PASSED, "metrics.k8s.io answers")


async def _is_new(asking: _Asking, findings: _Findings, known_uids: Mapping[str, str]) -> None:
    """Whether no other registered cluster is this very one, told by the UID of its kube-system."""
    try:
        answer = await asking.get(_KUBE_SYSTEM)
        raise_for_status(answer)
        items = _object(answer).get("items")
    except ClusterError:
        return  # the line of Namespace says why
    first = _mapping(items[0]) if isinstance(items, list) and items else {}
    uid = _text(_mapping(first.get("metadata")).get("uid"))
    findings.kube_system_uid = uid if len(uid) <= 64 else ""
    if uid in known_uids and uid:
        findings.add(
            "Registered once",
            Verdict.FAILED,
            f"this is the same cluster as {known_uids[uid]}.",
            "Change that one with import_kubeconfig or set_credential, or remove it first.",
        )


def _object(answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise _not_kubernetes() from None
    if not isinstance(content, dict):
        raise _not_kubernetes()
    return content


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """A stranger's word, fit for a terminal: one line, printable, short."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= 253 else ""


def _not_kubernetes() -> ClusterError:
    return ClusterError(
        Reason.NOT_KUBERNETES,
        "Something answers there, but not as a Kubernetes API server does.",
        "Check address, port and path.",
    )


def _nobody() -> ClusterError:
    return ClusterError(
        Reason.AUTH_401,
        "The API server takes us for nobody.",
        "Give a credential it knows: a token of the account that print_cluster_role makes.",
    )
