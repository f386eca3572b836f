"""CronJobs: what is to be done again and again."""

from msgspec import Struct

from clusters.kinds.kind import Column, Kind
from clusters.state.ages import age, moment_ms
from clusters.state.objects import Metadata, Moment, Selector, Template
from clusters.state.owners import workload_of
from clusters.state.picture import iso
from clusters.state.resource import Resource
from clusters.state.selectors import NOTHING, container_images, container_names, selector_text
from clusters.state.texts import reason_word, word
from clusters.state.verdicts_jobs import CronFacts, cron_job_verdict


class JobTemplateSpec(Struct, gc=False):
    """The Job that is made, as far as it is printed."""

    selector: Selector | None = None
    template: Template | None = None


class JobTemplate(Struct, gc=False):
    """spec.jobTemplate."""

    spec: JobTemplateSpec | None = None


class CronJobSpec(Struct, gc=False, rename="camel"):
    """A CronJob as it should be."""

    schedule: str | None = None
    time_zone: str | None = None
    suspend: bool | None = None
    job_template: JobTemplate | None = None


class ActiveJob(Struct, gc=False):
    """An entry of status.active: only how many there are is kept."""


class CronJobStatus(Struct, gc=False, rename="camel"):
    """A CronJob as it is."""

    active: list[ActiveJob] | None = None
    last_schedule_time: Moment | None = None
    last_successful_time: Moment | None = None


class CronJobObject(Struct, gc=False):
    """A CronJob as the API server gives it."""

    metadata: Metadata
    spec: CronJobSpec | None = None
    status: CronJobStatus | None = None


class CronJob(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A CronJob."""

    schedule: str = ""
    time_zone: str = ""
    """Empty: that of the cluster's controllers."""
    is_suspended: bool | None = None
    active: int = 0
    scheduled_ms: int | None = None
    succeeded_ms: int | None = None
    containers: str = ""
    images: str = ""
    selector: str = ""


def read(cron_job: CronJobObject, now_ms: int) -> CronJob:
    """One CronJob as we keep it."""
    metadata = cron_job.metadata
    spec, status = cron_job.spec or CronJobSpec(), cron_job.status or CronJobStatus()
    made = (spec.job_template.spec if spec.job_template else None) or JobTemplateSpec()
    facts = _facts(spec, status)
    verdict = cron_job_verdict(metadata, facts, now_ms)
    return CronJob(
        kind="CronJob",
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
        schedule=word(spec.schedule),
        time_zone=word(spec.time_zone),
        is_suspended=spec.suspend,
        active=facts.active,
        scheduled_ms=facts.scheduled_ms,
        succeeded_ms=facts.succeeded_ms,
        containers=container_names(made.template),
        images=container_images(made.template),
        selector=selector_text(made.selector),
    )


def _facts(spec: CronJobSpec, status: CronJobStatus) -> CronFacts:
    return CronFacts(
        schedule=word(spec.schedule),
        zone=word(spec.time_zone) or "UTC",
        is_suspended=bool(spec.suspend),
        active=len(status.active or ()),
        scheduled_ms=moment_ms(status.last_schedule_time),
        succeeded_ms=moment_ms(status.last_successful_time),
    )


def _suspend(cron_job: CronJob, _now_ms: int) -> str:
    return "<unset>" if cron_job.is_suspended is None else str(cron_job.is_suspended)


def _last_schedule(cron_job: CronJob, now_ms: int) -> str:
    return NOTHING if cron_job.scheduled_ms is None else age(cron_job.scheduled_ms, now_ms)


def _extra(cron_job: CronJob) -> dict[str, object]:
    return {
        "schedule": cron_job.schedule,
        "time_zone": cron_job.time_zone or None,
        "suspended": bool(cron_job.is_suspended),
        "active": cron_job.active,
        "last_scheduled": iso(cron_job.scheduled_ms),
        "last_succeeded": iso(cron_job.succeeded_ms),
        "images": cron_job.images,
    }


KIND = Kind(
    name="CronJob",
    group="batch",
    version="v1",
    plural="cronjobs",
    namespaced=True,
    api_object=CronJobObject,
    resource=CronJob,
    read=read,
    columns=(
        Column("Name", lambda one, _: one.name),
        Column("Schedule", lambda one, _: one.schedule),
        Column("Timezone", lambda one, _: one.time_zone or NOTHING),
        Column("Suspend", _suspend),
        Column("Active", lambda one, _: str(one.active)),
        Column("Last Schedule", _last_schedule),
        Column("Age", lambda one, now_ms: age(one.created_ms, now_ms)),
        Column("Containers", lambda one, _: one.containers, wide=True),
        Column("Images", lambda one, _: one.images, wide=True),
        Column("Selector", lambda one, _: one.selector, wide=True),
    ),
    extra=_extra,
    is_workload=True,
)
