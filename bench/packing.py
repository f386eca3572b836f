"""How many bytes a stored point takes: packed hours, plain rows and Prometheus, on the same points.

    python -m bench.packing [--nodes 40] [--hours 24]

The mix is that of a cluster with its nodes: usage that is noise around a daily wave (to a thousandth of a
core) or wanders (memory), requests and counts that move in steps, sizes that never change. Nothing in it is
rounder than what clusters send. Prometheus is measured where `promtool` is installed: blocks made of the
same points, compacted as it would, index included.
"""

import argparse
import json
import math
import random
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time

from metrics.series.columns import VALUE, key_of, pack_columns, unpack_columns
from metrics.series.figures import FIGURES, figure_named

STEP_SECONDS = 30
SLOTS = 120
DAY_SLOTS = 2 * 60 * 24
Series = dict[tuple[str, str], list[float]]
"""Subject and figure to a value for each slot."""


def main() -> None:
    """Measure, print a table, and leave the figures as JSON where asked to."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--nodes", type=int, default=40)
    arguments.add_argument("--hours", type=int, default=24)
    arguments.add_argument("--json", type=Path)
    options = arguments.parse_args()
    series = a_cluster(options.nodes, options.hours)
    count = sum(len(values) for values in series.values())
    with tempfile.TemporaryDirectory() as folder:
        found = measure(series, count=count, folder=Path(folder))
    print(f"{options.nodes} nodes, {options.hours} h, {len(series)} series, {count:,} points")
    for name, value in found.items():
        print(f"  {name:<58} {value:8.3f}")
    if options.json:
        options.json.write_text(json.dumps(as_bench(found), indent=1))


def measure(series: Series, *, count: int, folder: Path) -> dict[str, float]:
    """Each way of keeping, in bytes a point, and what ours costs."""
    began = process_time()
    hours = list(packed_hours(series))
    packed_seconds = process_time() - began
    began = process_time()
    for _, _, blob in hours:
        unpack_columns(blob)
    unpacked_seconds = process_time() - began
    found = {
        "packed hours, contents alone (bytes a point)": sum(len(blob) for *_, blob in hours) / count,
        "packed hours in SQLite, with row and index": in_hours(hours, folder / "hours.sqlite3") / count,
        "  of it pure noise: CPU used": of_one("cpu_used_cores", series),
        "  of it wandering: memory used": of_one("memory_used_bytes", series),
        "  of it steps: pods": of_one("pods_total", series),
        "  of it constant: memory allocatable": of_one("memory_allocatable_bytes", series),
        "a row a point, as an ORM lays it out": in_points(series, folder / "points.sqlite3") / count,
        "a row a tick with a column a figure": in_ticks(series, folder / "ticks.sqlite3") / count,
        "packing (µs a point)": packed_seconds / count * 1e6,
        "unpacking (µs a point)": unpacked_seconds / count * 1e6,
    }
    for name, points in (("as sent", series), ("of the same rounded points", rounded(series))):
        prometheus = in_prometheus(points, folder / name)
        if prometheus is not None:
            found[f"Prometheus' blocks, {name}"] = prometheus / count
    return found


def rounded(series: Series) -> Series:
    """The points at the resolution that we keep."""
    figures = {name: figure_named(name) for _, name in series}
    return {
        key: [figures[key[1]].from_units(figures[key[1]].to_units(value)) or 0.0 for value in values]
        for key, values in series.items()
    }


def as_bench(found: dict[str, float]) -> list[dict[str, object]]:
    """The one figure that has a goal, beside its yardstick."""
    ours = found["packed hours in SQLite, with row and index"]
    theirs = found.get("Prometheus' blocks, of the same rounded points", 1.5)
    return [
        {
            "id": "packing",
            "name": "a stored point of a realistic mix",
            "value": round(ours, 3),
            "unit": "bytes",
            "goal": 1.0,
            "yardstick": "Prometheus",
            "yardstick_value": round(theirs, 3),
            "ratio": round(ours / theirs, 3),
        }
    ]


def a_cluster(nodes: int, hours: int) -> Series:
    """The figures of a cluster and its nodes, the cluster's being sums of its nodes'."""
    chance = random.Random(7)
    slots = hours * SLOTS
    series: Series = {}
    for number in range(nodes):
        for name, values in a_node(chance, slots).items():
            series[f"Node/node-{number:04}", name] = values
    for name in sorted({name for _, name in series}):
        columns = [values for (_, each), values in series.items() if each == name]
        series["", name] = [sum(values) for values in zip(*columns, strict=True)]
    for figure in FIGURES:
        if ("", figure.name) not in series:
            often = 0.02 if figure.name.startswith(("pods", "restarts")) else 0.001
            series["", figure.name] = [float(n) for n in steps(chance, slots, start=nodes, often=often)]
    return series


def a_node(chance: random.Random, slots: int) -> dict[str, list[float]]:
    """The figures of one node of 16 cores and 64 GiB."""
    base = chance.uniform(1, 9)
    memory = chance.uniform(8, 50) * 2**30
    wave = [1 + 0.3 * math.sin(2 * math.pi * slot / DAY_SLOTS) for slot in range(slots)]
    pods = steps(chance, slots, start=50, often=0.02)
    used_bytes = []
    for _ in range(slots):
        memory = min(max(memory + chance.gauss(0, 24 * 2**20), 2**30), 62 * 2**30)
        used_bytes.append(float(int(memory / 4096) * 4096))
    return {
        "cpu_used_cores": [round(base * each * chance.gauss(1, 0.04), 9) for each in wave],
        "cpu_requested_cores": [count * 0.25 for count in pods],
        "cpu_allocatable_cores": [15.89] * slots,
        "memory_used_bytes": used_bytes,
        "memory_requested_bytes": [float(count * 400 * 2**20) for count in pods],
        "memory_allocatable_bytes": [float(63_218_352 * 1024)] * slots,
        "pods_total": [float(count) for count in pods],
    }


def steps(chance: random.Random, slots: int, *, start: int, often: float) -> list[int]:
    """A count that moves now and then."""
    counts, count = [], start
    for _ in range(slots):
        if chance.random() < often:
            count = max(0, count + chance.choice((-3, -2, -1, 1, 2, 3)))
        counts.append(count)
    return counts


def packed_hours(series: Series) -> Iterator[tuple[str, int, bytes]]:
    """Subject, hour and packed row."""
    subjects: dict[str, dict[str, list[float]]] = {}
    for (subject, name), values in series.items():
        subjects.setdefault(subject, {})[name] = values
    for subject, figures in subjects.items():
        units = {
            key_of(figure_named(name).code, VALUE): [figure_named(name).to_units(value) for value in values]
            for name, values in figures.items()
        }
        for start in range(0, len(next(iter(units.values()))), SLOTS):
            columns = {key: column[start : start + SLOTS] for key, column in units.items()}
            yield subject, start * STEP_SECONDS * 1_000, pack_columns(columns)


def of_one(name: str, series: Series) -> float:
    """Bytes a point where a row holds that figure of one node alone."""
    only = {key: values for key, values in series.items() if key[1] == name and key[0]}
    packed = sum(len(blob) for *_, blob in packed_hours(only))
    return packed / sum(len(values) for values in only.values())


def in_hours(hours: list[tuple[str, int, bytes]], path: Path) -> int:
    """The size of a SQLite file with the table of the series."""
    rows = [(1, subject, STEP_SECONDS, from_ms, blob) for subject, from_ms, blob in hours]
    return _file_bytes(
        path,
        "CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT, cluster_id bigint, subject varchar(320),"
        " step_seconds integer, from_ms bigint, points BLOB);"
        "CREATE UNIQUE INDEX once ON t (cluster_id, subject, step_seconds, from_ms);"
        "CREATE INDEX by_age ON t (step_seconds, from_ms);",
        "INSERT INTO t (cluster_id, subject, step_seconds, from_ms, points) VALUES (?, ?, ?, ?, ?)",
        rows,
    )


def in_points(series: Series, path: Path) -> int:
    """A row for each point."""
    names = {key: number for number, key in enumerate(series)}
    rows = [
        (names[key], slot * STEP_SECONDS, value)
        for key, values in series.items()
        for slot, value in enumerate(values)
    ]
    return _file_bytes(
        path,
        "CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT, series integer, at integer, value real);"
        "CREATE INDEX by_time ON t (series, at);",
        "INSERT INTO t (series, at, value) VALUES (?, ?, ?)",
        rows,
    )


def in_ticks(series: Series, path: Path) -> int:
    """A row for each node and moment, with a column for each figure."""
    subjects: dict[str, list[list[float]]] = {}
    for (subject, _), values in series.items():
        subjects.setdefault(subject, []).append(values)
    width = max(len(columns) for columns in subjects.values())
    rows = [
        (number, slot * STEP_SECONDS, *values, *[None] * (width - len(values)))
        for number, columns in enumerate(subjects.values())
        for slot, values in enumerate(zip(*columns, strict=True))
    ]
    columns = ", ".join(f"f{n} real" for n in range(width))
    return _file_bytes(
        path,
        f"CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT, subject integer, at integer, {columns});"
        "CREATE INDEX by_time ON t (subject, at);",
        f"INSERT INTO t VALUES (NULL, {', '.join('?' * (width + 2))})",
        rows,
    )


def in_prometheus(series: Series, folder: Path) -> int | None:
    """The size of Prometheus' blocks of the same points; None where it is not installed."""
    promtool = shutil.which("promtool")
    if promtool is None:
        return None
    folder.mkdir()
    text = folder / "points.txt"
    with text.open("w") as out:
        for figure in sorted({name for _, name in series}):
            out.write(f"# TYPE {figure} gauge\n")
            for (subject, name), values in series.items():
                if name == figure:
                    out.writelines(
                        f'{name}{{cluster="c",subject="{subject}"}} {value!r} {slot * STEP_SECONDS}\n'
                        for slot, value in enumerate(values)
                    )
        out.write("# EOF\n")
    blocks = folder / "blocks"
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h"]
    subprocess.run([*command, str(text), str(blocks)], check=True, capture_output=True)
    return sum(path.stat().st_size for path in blocks.rglob("*") if path.is_file())


def _file_bytes(path: Path, schema: str, insert: str, rows: list[tuple[object, ...]]) -> int:
    with sqlite3.connect(path) as connection:
        connection.executescript(schema)
        connection.executemany(insert, rows)
    connection.close()
    return path.stat().st_size


if __name__ == "__main__":
    main()
