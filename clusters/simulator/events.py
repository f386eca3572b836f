"""Events: as core/v1 has them, and the same turned into events.k8s.io/v1."""

from typing import Any

import msgspec

from clusters.simulator.store import Stored


def as_new_event(stored: Stored) -> Stored:
    """A stored core/v1 event with the names events.k8s.io/v1 gives its fields."""
    old: dict[str, Any] = msgspec.json.decode(stored.body())
    new: dict[str, Any] = {
        "metadata": old["metadata"],
        "eventTime": old.get("eventTime"),
        "reportingController": old.get("reportingComponent", ""),
        "reportingInstance": old.get("reportingInstance", ""),
        "action": old.get("action", ""),
        "reason": old.get("reason", ""),
        "regarding": old.get("involvedObject", {}),
        "note": old.get("message", ""),
        "type": old.get("type", ""),
        "deprecatedSource": old.get("source", {}),
        "deprecatedFirstTimestamp": old.get("firstTimestamp"),
        "deprecatedLastTimestamp": old.get("lastTimestamp"),
        "deprecatedCount": old.get("count", 0),
    }
    if not new["action"]:
        del new["action"]
    pieces = (msgspec.json.encode(new),)
    return Stored(stored.key, stored.labels, kind=stored.kind, pieces=pieces, revision=stored.revision)
