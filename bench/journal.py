"""How long questions to a week of one cluster's journal take, and how much room it needs.

    python -m bench.journal [--pods 2000] [--changes-a-second 2.4] [--days 7]

2.4 changes a second are 500 over 210 clusters. The rows are joined by the same code as compaction's.
"""

import argparse
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

ROW_SECONDS = 300
START_MS = 1_767_225_600_000


def main() -> None:
    """Fill a database of its own, ask, print a table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pods", type=int, default=2_000)
    arguments.add_argument("--changes-a-second", type=float, default=2.4)
    arguments.add_argument("--days", type=float, default=7)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/journal.sqlite3"
        os.environ.setdefault("TOPMAST_DATA_DIR", folder)
        measure(options, Path(folder) / "journal.sqlite3")


def measure(options: argparse.Namespace, path: Path) -> None:
    """Everything that needs Django, after it is set up."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from metrics.journal import reading

    cluster_id, end_ms, changes = fill(options)
    print(
        f"{options.pods} pods, {options.days:g} days, {changes:,} changes; {path.stat().st_size / 1e6:.0f} MB"
    )
    print(f"  {'bytes a change, all included':<44} {path.stat().st_size / changes:8.1f}")
    middle_ms = (START_MS + end_ms) // 2 + 3_500_000 // 2
    ask(
        "one object's whole timeline",
        lambda: reading.timeline(cluster_id, "Pod", uid(options.pods - 1), from_ms=START_MS, to_ms=end_ms),
    )
    ask(
        "the timeline of what changes most",
        lambda: reading.timeline(cluster_id, "Pod", uid(0), from_ms=START_MS, to_ms=end_ms),
    )
    ask("the whole cluster at a past moment", lambda: reading.state_at(cluster_id, middle_ms))
    ask("its card at a past moment", lambda: reading.values_at(cluster_id, middle_ms))


def ask(name: str, question: Callable[[], object]) -> None:
    """Print how long one question takes, the second time."""
    question()
    began = perf_counter()
    answer = question()
    milliseconds = (perf_counter() - began) * 1_000
    size = f"({len(answer)} found)" if isinstance(answer, list) else ""
    print(f"  {name:<44} {milliseconds:8.1f} ms {size}")


def uid(number: int) -> str:
    """A UID as Kubernetes makes them: nothing in it repeats."""
    bits = random.Random(number).getrandbits(128)
    return f"{bits:032x}"


def fill(options: argparse.Namespace) -> tuple[int, int, int]:
    """One cluster with its keyframes and joined rows: its id, the last moment and how many changes."""
    from clusters.models import Cluster
    from metrics.journal.keyframes import encode_picture
    from metrics.models import JournalEntry, Snapshot

    cluster = Cluster.objects.create(slug="c", name="c", server="https://127.0.0.1:6443", added_at_ms=0)
    chance = random.Random(3)
    number = changes = 0
    at_ms = START_MS
    for row in range(int(options.days * 86_400 / ROW_SECONDS)):
        if row % 12 == 0:
            picture = encode_picture(pod(n, chance) for n in range(options.pods))
            Snapshot.objects.create(
                cluster=cluster,
                history=1,
                fence=1,
                number=number,
                at_ms=at_ms,
                state=card(number),
                picture=picture,
            )
        steps = list(a_row(chance, number, at_ms, options))
        entry, count = joined(steps)
        JournalEntry.objects.create(cluster=cluster, history=1, fence=1, **entry)
        number, changes, at_ms = steps[-1][0], changes + count, at_ms + ROW_SECONDS * 1_000
    return cluster.pk, at_ms, changes


def a_row(
    chance: random.Random, number: int, at_ms: int, options: argparse.Namespace
) -> Iterator[tuple[int, int, list[object]]]:
    """The batches of five minutes, one a second. One pod in 50 changes far more often than the others."""
    from clusters.mirror.changes import Change

    for second in range(ROW_SECONDS):
        count = int(options.changes_a_second + chance.random())
        chosen = {
            chance.randrange(options.pods if chance.random() < 0.5 else options.pods // 50)
            for _ in range(count)
        }
        changes = [Change("Pod", uid(n), pod(n, chance)) for n in chosen]
        yield number + second + 1, at_ms + second * 1_000, changes


def joined(steps: list[tuple[int, int, list[object]]]) -> tuple[dict[str, object], int]:
    """One row of the journal out of its batches, as compaction makes it."""
    from metrics.journal.changes import decode_steps, encode_changes
    from metrics.journal.joined import Step, encode_steps
    from metrics.journal.keys import encode_keys

    parts = []
    for number, at_ms, changes in steps:
        whole_row = Step(number, number, at_ms, at_ms, cards=(card(number),))
        parts += decode_steps(encode_changes(changes), whole_row=whole_row)
    everything = [change for *_, changes in steps for change in changes]
    row: dict[str, object] = {
        "first_number": steps[0][0],
        "last_number": steps[-1][0],
        "first_at_ms": steps[0][1],
        "last_at_ms": steps[-1][1],
        "state": card(steps[-1][0]),
        "keys": encode_keys(everything),
        "changes": encode_steps(parts),
    }
    return row, len(everything)


def pod(number: int, chance: random.Random) -> object:
    """A pod as the mirror holds it, in one of the states that pods go through."""
    from metrics.journal.records import resource_type

    health, reason = chance.choice(
        [("healthy", "Running"), ("degraded", "CrashLoopBackOff"), ("pending", "Pending")]
    )
    workload = f"svc-{number // 8:04}"
    return resource_type("Pod")(
        kind="Pod",
        group="",
        namespace=f"team-{number % 23}",
        name=f"{workload}-7f76b4697d-{number % 100_000:05}",
        uid=uid(number),
        version=str(chance.randrange(10**8, 10**9)),
        created_ms=START_MS - number * 60_000,
        health=health,
        reason=reason,
        since_ms=START_MS + chance.randrange(10**8),
        node=f"node-{number % 40:04}",
        workload=f"Deployment/{workload}",
        cpu_cores=0.25,
        memory_bytes=256 << 20,
    )


def card(number: int) -> bytes:
    """A card with ten causes on it."""
    from clusters.state.picture import ClusterValues
    from clusters.state.summary import Cause, HealthCounts, Summary
    from metrics.journal.states import encode_state

    chance = random.Random(number // 3)
    causes = [
        Cause(
            "degraded",
            "CrashLoopBackOff",
            "Deployment",
            f"team-{n}",
            f"svc-{n}",
            "Pod",
            chance.randrange(9),
            START_MS,
        )
        for n in range(10)
    ]
    summary = Summary(
        version="v1.36.3", pods=HealthCounts(degraded=chance.randrange(90), healthy=1_900), causes=causes
    )
    return encode_state(ClusterValues(uuid=uid(1), fence=1, number=number, summary=summary))


if __name__ == "__main__":
    main()
