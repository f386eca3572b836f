"""Lists: whole or in pages, at the newest or a named version, as an API server gives them."""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass

from clusters.simulator.selectors import Match, field_match, label_match
from clusters.simulator.served import ResourceType
from clusters.simulator.statuses import EXPIRED_CONTINUE, bad_request, expired, future_version
from clusters.simulator.store import PLAIN_FIELDS, SELECTABLE, Expired, Store, Stored

INCONSISTENT = -1
"""The version in the continue token of a 410: go on with what there is now."""


@dataclass(frozen=True)
class Selection:
    """Which objects a request is about."""

    served: ResourceType
    namespace: str
    labels: Match | None
    fields: Match | None

    @property
    def is_all(self) -> bool:
        """Whether no selector narrows it (a namespace does not count)."""
        return self.labels is None and self.fields is None

    def takes(self, stored: Stored) -> bool:
        """Whether the object belongs to it."""
        return (
            (not self.namespace or stored.key.startswith(self.namespace + "/"))
            and (self.labels is None or self.labels(stored.labels))
            and (self.fields is None or self.fields(stored.fields))
        )


def select(served: ResourceType, namespace: str, query: dict[str, str]) -> Selection:
    """What a request's path and query ask for."""
    supported = SELECTABLE.get(served.kind, PLAIN_FIELDS)
    return Selection(
        served,
        namespace,
        label_match(query.get("labelSelector", "")),
        field_match(query.get("fieldSelector", ""), supported, served.kind),
    )


@dataclass(frozen=True)
class Place:
    """Where a list goes on: the version it shows, and what comes after which key, as the token has it."""

    revision: int
    start: str = ""

    @property
    def first_key(self) -> str:
        """The first key there can be."""
        return self.start.lstrip("/")

    def token(self) -> str:
        """The place as a continue token, in the form an API server gives it."""
        text = {"v": "meta.k8s.io/v1", "rv": self.revision, "start": self.start}
        raw = json.dumps(text, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def place_of(token: str) -> Place:
    """The place a continue token stands for. Raises a 400 for what is none."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        fields = json.loads(raw)
        revision, start = int(fields["rv"]), str(fields["start"])
    except (binascii.Error, ValueError, KeyError, TypeError) as problem:
        raise bad_request(f"continue key is not valid: {problem}") from problem
    return Place(revision, start)


def after(revision: int, key: str) -> Place:
    """The place behind an object."""
    return Place(revision, f"/{key}\0")


@dataclass(frozen=True)
class Page:
    """One answer to a list request."""

    items: list[Stored]
    revision: int
    continue_token: str = ""
    remaining: int | None = None

    def parts(self, served: ResourceType) -> Iterator[bytes]:
        """The body, in pieces that are shared with the store."""
        more = ""
        if self.continue_token:
            more = f',"continue":"{self.continue_token}"'
        if self.remaining is not None:
            more += f',"remainingItemCount":{self.remaining}'
        head = (
            f'{{"kind":"{served.kind}List","apiVersion":"{served.api_version}",'
            f'"metadata":{{"resourceVersion":"{self.revision}"{more}}},"items":['
        )
        yield head.encode()
        for index, stored in enumerate(self.items):
            if index:
                yield b","
            yield stored.body()
        yield b"]}\n"


def list_page(store: Store, selection: Selection, query: dict[str, str]) -> Page:
    """Answer one list request."""
    limit = whole_number(query, "limit")
    token = query.get("continue", "")
    if token:
        return _next_page(store, selection, place_of(token), limit)
    revision = _asked_revision(store, query)
    # Like the real one's cache: for version 0 a limit is not looked at.
    unlimited = query.get("resourceVersion") == "0"
    return _cut(store, selection, Place(revision), 0 if unlimited else limit)


def whole_number(query: dict[str, str], name: str) -> int:
    """A number in the query; 0 where it is not given."""
    text = query.get(name, "")
    if not text:
        return 0
    try:
        return int(text)
    except ValueError as problem:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from problem


def _next_page(store: Store, selection: Selection, place: Place, limit: int) -> Page:
    if place.revision == INCONSISTENT:
        place = Place(store.revision, place.start)
    try:
        return _cut(store, selection, place, limit)
    except Expired as problem:
        fresh = Place(INCONSISTENT, place.start).token()
        raise expired(EXPIRED_CONTINUE, fresh) from problem


def _asked_revision(store: Store, query: dict[str, str]) -> int:
    text = query.get("resourceVersion", "")
    match = query.get("resourceVersionMatch", "")
    if match and not text:
        raise bad_request("resourceVersionMatch is forbidden unless resourceVersion is provided")
    asked = whole_number(query, "resourceVersion")
    if asked > store.revision:
        raise future_version(asked, store.revision)
    is_exact = match == "Exact" or (not match and asked and "limit" in query)
    if not is_exact:
        return store.revision
    if asked < store.oldest:
        raise expired(f"The resourceVersion for the provided list is too old ({asked})")
    return asked


def _cut(store: Store, selection: Selection, place: Place, limit: int) -> Page:
    start = place.first_key
    if selection.namespace and not start:
        start = selection.namespace + "/"
    is_now = place.revision == store.revision
    storage = selection.served.storage
    objects = store.listed(storage, start) if is_now else store.listed_at(storage, place.revision, start)
    items: list[Stored] = []
    left = 0
    for stored in objects:
        if selection.namespace and not stored.key.startswith(selection.namespace + "/"):
            break
        if limit and len(items) == limit:
            left += 1
            if not selection.is_all:
                break
        elif selection.takes(stored):
            items.append(stored)
    if not left:
        return Page(items, place.revision)
    token = after(place.revision, items[-1].key).token()
    return Page(items, place.revision, token, left if selection.is_all else None)
