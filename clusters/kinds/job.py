"""Jobs: what is to be done once."""

from msgspec import Struct

from clusters.kinds.kind import Column, Kind
from clusters.state.ages import age, duration, moment_ms
from clusters.state.objects import (
    Conditions,
    Int32,
    Metadata,
    Moment,
    Selector,
    Template,
    condition,
    holds,
)
from clusters.state.owners import workload_of
from clusters.state.picture import iso
from clusters.state.resource import HEALTHY, Resource
from clusters.state.selectors import container_images, container_names, selector_text
from clusters.state.texts import clipped, reason_word, word
from clusters.state.verdicts_jobs import job_verdict


class JobSpec(Struct, gc=False):
    """A Job as it should be."""

    parallelism: Int32 | None = None
    completions: Int32 | None = None
    suspend: bool | None = None
    selector: Selector | None = None
    template: Template | None = None


class JobStatus(Struct, gc=False, rename="camel"):
    """A Job as it is."""

    active: Int32 | None = None
    succeeded: Int32 | None = None
    failed: Int32 | None = None
    start_time: Moment | None = None
    completion_time: Moment | None = None
    conditions: Conditions = None


class JobObject(Struct, gc=False):
    """A Job as the API server gives it."""

    metadata: Metadata
    spec: JobSpec | None = None
    status: JobStatus | None = None


class Job(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A Job."""

    status: str = ""
    """kubectl's STATUS."""
    wanted: int | None = None
    """How many completions; None where any one will do."""
    parallelism: int = 0
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    started_ms: int | None = None
    completed_ms: int | None = None
    containers: str = ""
    images: str = ""
    selector: str = ""
    message: str = ""
    """Why it failed."""


def read(job: JobObject, now_ms: int) -> Job:
    """One Job as we keep it."""
    metadata, spec, status = job.metadata, job.spec or JobSpec(), job.status or JobStatus()
    started_ms = moment_ms(status.start_time)
    verdict = job_verdict(
        metadata,
        is_suspended=bool(spec.suspend),
        started_ms=started_ms,
        conditions=status.conditions,
        now_ms=now_ms,
    )
    return Job(
        kind="Job",
        group="batch",
        namespace=word(metadata.namespace),
        name=metadata.name,
        uid=metadata.uid,
        version=metadata.resource_version,
        created_ms=moment_ms(metadata.creation_timestamp),
        health=verdict.health,
        reason=reason_word(verdict.reason),
        since_ms=verdict.since_ms,
        turns=verdict.turns,
        workload=workload_of(metadata),
        status=_status_word(metadata, status.conditions),
        wanted=spec.completions,
        parallelism=spec.parallelism or 0,
        active=status.active or 0,
        succeeded=status.succeeded or 0,
        failed=status.failed or 0,
        started_ms=started_ms,
        completed_ms=moment_ms(status.completion_time),
        containers=container_names(spec.template),
        images=container_images(spec.template),
        selector=selector_text(spec.selector),
        message="" if verdict.health == HEALTHY else _message(status.conditions),
    )


def _status_word(metadata: Metadata, conditions: Conditions) -> str:
    for type_ in ("Complete", "Failed"):
        if holds(conditions, type_):
            return type_
    if metadata.deletion_timestamp is not None:
        return "Terminating"
    for type_ in ("Suspended", "FailureTarget"):
        if holds(conditions, type_):
            return type_
    return "Running"


def _message(conditions: Conditions) -> str:
    for type_ in ("Failed", "FailureTarget"):
        one = condition(conditions, type_)
        if one is not None and one.status == "True":
            return clipped(one.message)
    return ""


def _completions(job: Job) -> str:
    if job.wanted is not None:
        return f"{job.succeeded}/{job.wanted}"
    return f"{job.succeeded}/1 of {job.parallelism}" if job.parallelism > 1 else f"{job.succeeded}/1"


def _length(job: Job, now_ms: int) -> str:
    if job.started_ms is None:
        return ""
    return duration((now_ms if job.completed_ms is None else job.completed_ms) - job.started_ms)


def _extra(job: Job) -> dict[str, object]:
    return {
        "status": job.status,
        "completions": _completions(job),
        "active": job.active,
        "succeeded": job.succeeded,
        "failed": job.failed,
        "started": iso(job.started_ms),
        "completed": iso(job.completed_ms),
        "images": job.images,
        "message": job.message,
    }


KIND = Kind(
    name="Job",
    group="batch",
    version="v1",
    plural="jobs",
    namespaced=True,
    api_object=JobObject,
    resource=Job,
    read=read,
    columns=(
        Column("Name", lambda job, _: job.name),
        Column("Status", lambda job, _: job.status),
        Column("Completions", lambda job, _: _completions(job)),
        Column("Duration", _length),
        Column("Age", lambda job, now_ms: age(job.created_ms, now_ms)),
        Column("Containers", lambda job, _: job.containers, wide=True),
        Column("Images", lambda job, _: job.images, wide=True),
        Column("Selector", lambda job, _: job.selector, wide=True),
    ),
    extra=_extra,
    is_workload=True,
)
