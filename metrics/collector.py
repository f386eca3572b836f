"""Python's garbage collector, calmed for processes in which a pause of 100 ms is a fault."""

import gc


def calm() -> None:
    """Call it when all that is needed from the start is there.

    What is there by now stays, and hundreds of thousands of records make no cycles: looking at them all
    again and again finds nothing, and keeps pages waiting 50 to 100 ms each time. The youngest are looked
    at often, a few at a time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 100, 100)
