"""What one socket sends: the fleet's bundles or one cluster's frames, in order and without a hole."""

from collections.abc import Callable, Sequence
from typing import Protocol

from channels.db import database_sync_to_async

from clusters.mirror.changes import Change
from metrics.journal.reading import changes_since
from metrics.journal.replay import EntryView
from metrics.live import messages
from metrics.live.codes import NOT_FOUND
from metrics.live.fleet import Audience
from metrics.live.frames import LIMIT_BYTES, TOO_MUCH, Frame, encode_changes
from metrics.live.hub import Hub, now_ms
from metrics.live.messages import NotUnderstood
from metrics.live.shelf import Card
from metrics.live.sight import RefusedError, Seen, Sight
from metrics.live.slots import After, Beat, Bundle, ClusterSlot, FleetSlot, Missed, Touch, Whole

ENTRIES_A_GAP = 200
"""A gap of more steps than this is a new picture."""


class Feed(Protocol):
    """What a socket sends, made when its reader is ready for it."""

    def see(self, sight: Sight) -> None:
        """Follow what the user may see now; RefusedError where that is nothing."""
        ...

    def since(self, place: str) -> None:
        """The page asks for what followed a place."""
        ...

    def beat(self) -> None:
        """A sign of life is due."""
        ...

    async def next_texts(self) -> Sequence[str] | None:
        """What to send now; None where nothing waits."""
        ...

    def end(self) -> None:
        """The socket is gone."""
        ...


class SignsOfLife:
    """The heartbeats of one socket, and whether it was told that anything is being read."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: bool | None = None

    def text(self, place: str | None) -> str:
        """One heartbeat."""
        self._told = self._hub.is_reading
        return messages.heartbeat(
            at_ms=now_ms(),
            place=place,
            is_reading=self._told,
            worker_seen_at_ms=self._hub.worker_seen_at_ms,
        )

    def after(self, texts: Sequence[str], place: str | None) -> Sequence[str]:
        """These messages, and a heartbeat where the page was told otherwise, or nothing yet."""
        return (*texts, self.text(place)) if texts and self._told != self._hub.is_reading else texts


class FleetFeed:
    """The fleet as one user sees it."""

    def __init__(self, hub: Hub, wake: Callable[[], None]) -> None:
        self._hub = hub
        self._wake = wake
        self._slot = FleetSlot()
        self._signs = SignsOfLife(hub)
        self._audience: Audience | None = None
        self._names: dict[str, messages.Nameplate] = {}

    def see(self, sight: Sight) -> None:
        """Join the audience of what the user may see; another one, or other names, is a new picture."""
        names = {uuid: seen.plate for uuid, seen in sight.clusters.items()}
        if self._audience is not None and names == self._names:
            return
        self.end()
        self._audience = self._hub.fleet.join(self, frozenset(names))
        self._names = names
        self._slot.want_whole()
        self._wake()

    def since(self, place: str) -> None:
        """The fleet has no places."""
        raise NotUnderstood("Only the socket of a cluster knows places.")

    def offer(self, bundle: Bundle) -> None:
        """Some clusters changed."""
        self._slot.offer(bundle)
        self._wake()

    def beat(self) -> None:
        """A sign of life is due."""
        self._slot.beat()
        self._wake()

    async def next_texts(self) -> Sequence[str] | None:
        """The bundle that waits, or what is true now of all that was missed."""
        waiting = self._slot.take()
        if waiting is None or self._audience is None:
            return None
        if isinstance(waiting, Beat):
            return (self._signs.text(None),)
        return self._signs.after(self._texts_of(self._audience, waiting), None)

    def end(self) -> None:
        """Leave the audience."""
        if self._audience is not None:
            self._hub.fleet.leave(self, self._audience)
            self._audience = None

    def _texts_of(self, audience: Audience, waiting: Whole | Missed | Bundle) -> Sequence[str]:
        if isinstance(waiting, Bundle):
            return waiting.texts
        if isinstance(waiting, Whole):
            return audience.picture_texts(self._names, now_ms())
        return audience.frame_texts(waiting.uuids, now_ms())


class ClusterFeed:
    """One cluster: the picture, then each frame in order. What is missing is read from the journal."""

    def __init__(self, hub: Hub, wake: Callable[[], None], slug: str) -> None:
        self._hub = hub
        self._wake = wake
        self._slug = slug
        self._slot = ClusterSlot()
        self._signs = SignsOfLife(hub)
        self._seen: Seen | None = None
        self._told = (0, -1)
        """The fence and number of the last thing sent."""

    def see(self, sight: Sight) -> None:
        """Join the cluster, or stay with it under another name."""
        seen = sight.clusters.get(self._seen.uuid) if self._seen else sight.named(self._slug)
        if seen is None:
            raise RefusedError(NOT_FOUND)
        if seen == self._seen:
            return
        if self._seen is None:
            self._hub.join(seen.uuid, self)
        self._seen = seen
        self._slot.want_whole()
        self._wake()

    def since(self, place: str) -> None:
        """The page asks for what followed a place."""
        self._slot.want_after(*messages.read_place(place))
        self._wake()

    def offer(self, frame: Frame) -> None:
        """One more frame of the cluster."""
        self._slot.offer(frame)
        self._wake()

    def touch(self) -> None:
        """The card is another at the same place."""
        self._slot.touch()
        self._wake()

    def heal(self) -> None:
        """Frames were lost: what followed the last one told is to be found."""
        self._slot.want_after(*self._told)
        self._wake()

    def beat(self) -> None:
        """A sign of life is due."""
        self._slot.beat()
        self._wake()

    async def next_texts(self) -> Sequence[str] | None:
        """What waits: a frame as it is, or the picture, or what was missed."""
        waiting = self._slot.take()
        if waiting is None or self._seen is None:
            return None
        if isinstance(waiting, Beat):
            return (self._signs.text(messages.place_text(*self._told)),)
        texts = await self._texts_of(self._seen, waiting)
        return self._signs.after(texts, messages.place_text(*self._told))

    def end(self) -> None:
        """Leave the cluster."""
        if self._seen is not None:
            self._hub.leave(self._seen.uuid, self)
            self._seen = None

    async def _texts_of(self, seen: Seen, waiting: Whole | After | Touch | Frame) -> Sequence[str]:
        if isinstance(waiting, Frame):
            return await self._frame_texts(seen, waiting)
        if isinstance(waiting, After):
            return await self._texts_after(seen, waiting.fence, waiting.number)
        return self._touch_texts(seen) if isinstance(waiting, Touch) else self._picture_texts(seen)

    async def _frame_texts(self, seen: Seen, frame: Frame) -> Sequence[str]:
        """The frame that follows; a copy is dropped, a hole healed, another fence a new picture."""
        fence, number = self._told
        if (frame.fence, frame.number) <= self._told:
            return ()
        if frame.fence != fence:
            return self._picture_texts(seen)
        if frame.number > number + 1:
            return await self._texts_after(seen, fence, number)
        self._told = (fence, frame.number)
        return (frame.text(),)

    def _picture_texts(self, seen: Seen) -> Sequence[str]:
        card = self._hub.shelf.card(seen.uuid)
        if card is None:
            return ()
        self._told = card.order
        text = messages.cluster_picture_message(
            place=card.place, at_ms=now_ms(), name=seen.plate, card=card.payload
        )
        return (text,)

    def _touch_texts(self, seen: Seen) -> Sequence[str]:
        """The card is another, though nothing in the cluster is."""
        card = self._hub.shelf.card(seen.uuid)
        if card is None or card.order != self._told:
            return ()
        return (messages.cluster_frame(place=card.place, at_ms=now_ms(), card=card.payload, changes=b"[]"),)

    async def _texts_after(self, seen: Seen, fence: int, number: int) -> Sequence[str]:
        """What followed a place: the last seconds' frames, or journal and frames, or a new picture."""
        texts = self._kept_texts(seen, fence, number)
        card = self._hub.shelf.card(seen.uuid)
        if texts is not None or card is None or card.fence != fence:
            return texts or self._picture_texts(seen)
        read = database_sync_to_async(changes_since)
        entries = await read(seen.cluster_id, fence, number, ENTRIES_A_GAP + 1)
        if not entries or len(entries) > ENTRIES_A_GAP:
            return self._picture_texts(seen)
        stored_number = entries[-1].last_number
        kept = self._kept_texts(seen, fence, stored_number)
        missed = _changes_text((fence, number), (fence, stored_number), card, _changes_in(entries))
        return self._picture_texts(seen) if kept is None or missed is None else (missed, *kept)

    def _kept_texts(self, seen: Seen, fence: int, number: int) -> Sequence[str] | None:
        """The kept frames after a place; an empty answer where none followed; None for a hole."""
        kept = self._hub.shelf.frames_after(seen.uuid, fence, number)
        card = self._hub.shelf.card(seen.uuid)
        if kept is None or card is None:
            return None
        self._told = card.order
        if kept:
            return [frame.text() for frame in kept]
        nothing = _changes_text((fence, number), card.order, card, ())
        return [nothing] if nothing else None


def _changes_in(entries: Sequence[EntryView]) -> list[Change]:
    return [change for entry in entries for change in entry.changes]


def _changes_text(
    since: tuple[int, int], place: tuple[int, int], card: Card, changes: Sequence[Change]
) -> str | None:
    """The message of what was missed; None where it is too much for one."""
    encoded = encode_changes(changes, now_ms())
    if encoded == TOO_MUCH or len(encoded) > LIMIT_BYTES:
        return None
    return messages.cluster_changes(
        since=messages.place_text(*since),
        place=messages.place_text(*place),
        at_ms=now_ms(),
        card=card.payload,
        changes=encoded,
    )
