"""The points of the way, in its order. A test holds them against those that the code names."""

STARTING = ("lease-wanted", "lease-taken", "picture-loaded", "watch-opened")
"""Only a worker that starts comes to these."""

READING = (
    "event-received", "event-applied", "frame-made", "batch-taken", "batch-written", "batch-stored",
)  # fmt: skip

JUDGING = ("round-begun", "clusters-judged")

STORING = (
    "transitions-found", "fences-checked", "group-opened", "groups-locked", "alerts-written",
    "groups-settled", "trail-written", "proof-written", "transitions-stored", "alerts-taken-over",
)  # fmt: skip

FLUSHING = (
    "flush-begun", "groups-taken", "alerts-read", "message-composed", "outbox-written", "telling-noted",
    "group-marked", "flush-stored",
)  # fmt: skip

CLAIMING = (
    "candidates-found", "destination-locked", "message-locked", "destination-closed", "claim-written",
    "claimed", "parcel-given",
)  # fmt: skip

SENDING = (
    "attempt-begun", "address-opened", "request-made", "connected", "request-left", "answer-begun",
    "answered", "answer-judged", "result-given",
)  # fmt: skip

SETTLING = (
    "settling", "settle-locked", "results-entered", "attempt-written", "message-ended", "settle-written",
    "settled",
)  # fmt: skip

POINTS = (*STARTING, *READING, *JUDGING, *STORING, *FLUSHING, *CLAIMING, *SENDING, *SETTLING)

ONLY_BEGINNING = frozenset({*STARTING, "group-opened"})
"""No end of a trouble comes by these."""

RISKIEST = ("transitions-stored", "outbox-written", "flush-stored", "answered", "message-ended")
"""For the short form: around a commit, and between a receiver's answer and its keeping."""
