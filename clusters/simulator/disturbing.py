"""Plays the faults of watches: what comes through an open stream that should not, or does not come."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from clusters.simulator import statuses
from clusters.simulator.faults import Fault
from clusters.simulator.watching import Watch, error_event
from clusters.simulator.wire import Stream, StreamAnswer

Disturb = Callable[[Watch, Stream, dict[str, Any]], Awaitable[None]]


def disturb(fault: Fault, answer: StreamAnswer) -> StreamAnswer:
    """The same watch under a fault."""
    watch = getattr(answer.run, "__self__", None)
    if not isinstance(watch, Watch):
        return answer
    play = _DISTURBANCES[fault.name]
    return replace(answer, run=lambda stream: play(watch, stream, fault.settings))


async def _with(watch: Watch, stream: Stream, *beginning: bytes) -> None:
    """Say something first, then be an honest watch."""
    for data in beginning:
        stream.send(data)
    await watch.run(stream)


async def _garbage(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    await _with(watch, stream, b"\x00\xff not json at all \xfe\n", b'{"type": 12}\n', b"[]\n", b"null\n")


async def _blank_lines(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    await _with(watch, stream, b"\n\n \n\r\n\n")


async def _endless_line(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    """A line that never ends, as fast as the reader takes it."""
    stream.send(b'{"type":"ADDED","object":{"metadata":{"name":"')
    filler = b"x" * 65_536
    limit_bytes = int(settings.get("bytes", 1 << 30))
    for _ in range(limit_bytes >> 16):
        if stream.ended.done():
            return
        stream.send(filler)
        await stream.drain()
        await asyncio.sleep(0)
    await stream.ended


async def _silent(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    watch.sends_events = watch.sends_bookmarks = False
    await watch.run(stream)


async def _no_bookmarks(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    watch.sends_bookmarks = False
    await watch.run(stream)


async def _bookmarks_only(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    watch.sends_events = False
    await watch.run(stream)


async def _half_event(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    stream.send(b'{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"na')


async def _closed(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    return


async def _gone(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    stream.send(error_event(statuses.expired("too old resource version: 1 (2)").body))


async def _flood(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    """Far more changes than any cluster has: the same objects, again and again."""
    honest = asyncio.get_running_loop().create_task(watch.run(stream))
    pause_seconds = 0.01
    burst = max(1, int(float(settings.get("per_second", 10_000)) * pause_seconds))
    try:
        while not stream.ended.done():
            for event in watch.present(burst):
                stream.send(event)
            await stream.drain()
            await asyncio.sleep(pause_seconds)
    finally:
        await honest


async def _unknown_type(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    await _with(watch, stream, b'{"type":"RENAMED","object":{"kind":"Pod","metadata":{"name":"x"}}}\n')


async def _wrong_kind(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    line = b'{"type":"ADDED","object":{"kind":"Secret","apiVersion":"v1","metadata":{"name":"wrong",'
    line += b'"namespace":"default","uid":"00000000-0000-4000-8000-000000000001","resourceVersion":"1"}}}\n'
    await _with(watch, stream, line)


async def _twice(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    present = list(watch.present(3))
    await _with(watch, stream, *present, *present)


async def _backwards(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    """Objects that are there already, told in the wrong order of their versions."""
    await _with(watch, stream, *watch.newest_first(5))


async def _unknown_deleted(watch: Watch, stream: Stream, settings: dict[str, Any]) -> None:
    line = b'{"type":"DELETED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"never-was",'
    line += b'"namespace":"default","uid":"00000000-0000-4000-8000-00000000dead","resourceVersion":"2"}}}\n'
    await _with(watch, stream, line)


_DISTURBANCES: dict[str, Disturb] = {
    "watch_garbage": _garbage,
    "watch_blank_lines": _blank_lines,
    "watch_endless_line": _endless_line,
    "watch_silent": _silent,
    "watch_no_bookmarks": _no_bookmarks,
    "watch_bookmarks_only": _bookmarks_only,
    "watch_half_event": _half_event,
    "watch_closed": _closed,
    "watch_flood": _flood,
    "watch_unknown_type": _unknown_type,
    "watch_wrong_kind": _wrong_kind,
    "watch_twice": _twice,
    "watch_backwards": _backwards,
    "watch_unknown_deleted": _unknown_deleted,
    "watch_gone": _gone,
}
