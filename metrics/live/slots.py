"""What waits for one socket: never a queue that grows. A slow reader gets the latest picture. Pure.

A slot says *what* is to be sent, not the text: that is made when the reader is ready for it, so that a
page which was slow for a minute gets what is true then.
"""

from collections import deque
from dataclasses import dataclass

from metrics.live.frames import Frame

TAIL_FRAMES = 64
TAIL_BYTES = 256 * 1024


@dataclass(frozen=True)
class Bundle:
    """The clusters that changed, and the messages that say so to everybody who sees the same clusters."""

    uuids: frozenset[str]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Whole:
    """Send everything anew."""


@dataclass(frozen=True)
class Missed:
    """Send these clusters as they are now."""

    uuids: frozenset[str]


@dataclass(frozen=True)
class After:
    """Send what followed this place of the journal."""

    fence: int
    number: int


@dataclass(frozen=True)
class Beat:
    """Send a sign of life."""


@dataclass(frozen=True)
class Touch:
    """Send the card once more: it is another at the same place."""


class FleetSlot:
    """What one fleet page is to be told next."""

    def __init__(self) -> None:
        self._waiting: Whole | Missed | Bundle | Beat | None = Whole()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._waiting is None

    def offer(self, bundle: Bundle) -> None:
        """Some clusters changed. What already waits joins with it into one later message."""
        waiting = self._waiting
        if isinstance(waiting, Whole):
            return
        if isinstance(waiting, (Missed, Bundle)):
            self._waiting = Missed(waiting.uuids | bundle.uuids)
        else:
            self._waiting = bundle

    def want_whole(self) -> None:
        """All that the page had is to be replaced."""
        self._waiting = Whole()

    def beat(self) -> None:
        """A sign of life, unless something better waits."""
        if self._waiting is None:
            self._waiting = Beat()

    def take(self) -> Whole | Missed | Bundle | Beat | None:
        """What to send now; the slot is empty after it."""
        waiting, self._waiting = self._waiting, None
        return waiting


class ClusterSlot:
    """What one page of a cluster is to be told next: a short tail of frames, or the picture."""

    def __init__(self) -> None:
        self._wanted: Whole | After | Touch | Beat | None = Whole()
        self._tail: deque[Frame] = deque()
        self._tail_bytes = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._wanted is None and not self._tail

    def offer(self, frame: Frame) -> None:
        """One more frame. A reader who is too far behind for the tail gets the picture instead."""
        if isinstance(self._wanted, (Whole, After)):
            return
        self._wanted = None  # A frame is a sign of life and carries the card.
        self._tail.append(frame)
        self._tail_bytes += frame.size_bytes
        if len(self._tail) > TAIL_FRAMES or (self._tail_bytes > TAIL_BYTES and len(self._tail) > 1):
            self.want_whole()

    def want_whole(self) -> None:
        """The picture is to be sent anew."""
        self._want(Whole())

    def want_after(self, fence: int, number: int) -> None:
        """What followed a place is to be sent, then what comes after it."""
        if not isinstance(self._wanted, Whole):
            self._want(After(fence, number))

    def beat(self) -> None:
        """A sign of life, unless something better waits."""
        if self.is_empty:
            self._wanted = Beat()

    def touch(self) -> None:
        """The card is to be sent once more, after the frames that wait: theirs are older."""
        if self._wanted is None or isinstance(self._wanted, Beat):
            self._wanted = Touch()

    def take(self) -> Whole | After | Touch | Beat | Frame | None:
        """What to send now."""
        if self._tail:
            frame = self._tail.popleft()
            self._tail_bytes -= frame.size_bytes
            return frame
        wanted, self._wanted = self._wanted, None
        return wanted

    def _want(self, wanted: Whole | After) -> None:
        self._wanted = wanted
        self._tail.clear()
        self._tail_bytes = 0
