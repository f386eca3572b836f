"""CronJobs: runs at their times, one after another, and the last few kept."""

from clusters.simulator.world.living import World
from clusters.simulator.world.naming import uid
from clusters.simulator.world.records import Subject
from clusters.simulator.world.things import CronJob, Workload
from clusters.simulator.world.workloads import cron_job_body


def run_cron(world: World, cron: CronJob) -> None:
    """One scheduled run, and the next in its turn."""
    world.timeline.after(cron.every_seconds, lambda: run_cron(world, cron))
    if cron.is_suspended or cron.active:
        return
    now_ms = world.now_ms
    template = cron.template
    job = Workload(
        kind="Job",
        namespace=cron.namespace,
        name=f"{cron.name}-{now_ms // 60_000}",
        uid=uid(world.chance),
        created_ms=now_ms,
        started_ms=now_ms,
        replicas=1,
        containers=template.containers,
        cpu_use=template.cpu_use,
        memory_use=template.memory_use,
        lives_seconds=template.lives_seconds,
        owner=cron,
    )
    if ("Job", job.namespace, job.name) in world.workloads:
        return
    behaviour = template.sets[-1].behaviour if template.sets else "well"
    world.add_workload(job, behaviour=behaviour)
    cron.active.append(job)
    cron.last_schedule_ms = now_ms
    world.put_changed("CronJob", cron_job_body(cron))
    subject = Subject("CronJob", cron.namespace, cron.name, cron.uid, "batch/v1")
    world.records.tell(subject, "SuccessfulCreate", f"Created job {job.name}", component="cronjob-controller")
    world.want(job.sets[-1])


def close_run(world: World, cron: CronJob, job: Workload) -> None:
    """A run is over: note it, and forget the oldest of those kept."""
    cron.active = [one for one in cron.active if one is not job]
    cron.done.append(job)
    if not job.failed:
        cron.last_success_ms = world.now_ms
    while len(cron.done) > 3:
        world.remove_workload(cron.done.pop(0))
    world.put_changed("CronJob", cron_job_body(cron))
