"""Sees from another process that rules are not judged any more, and raises an alert of the portal's own.

Each reader leaves a proof a cluster in every slot. Where proofs stand still for three slots, be it that the
worker is dead, hangs, or cannot reach a cluster's credential, nobody would hear of anything: that is told.
"""

import logging
import threading
import time

from django.db import DatabaseError, close_old_connections

from clusters.models import Cluster
from metrics.alerts import abandoned, rows, storing
from metrics.alerts.causes import cause_by_rulebook
from metrics.alerts.evaluate import ClusterAlerts, evaluate
from metrics.alerts.rules import default_terms, rulebook
from metrics.alerts.values import AlertKey, Match, Seen, Subject

RULE = "evaluator-late"
LATE_MS = 45_000
"""Three slots of metrics.reading.judging."""
CHECK_SECONDS = 5.0

log = logging.getLogger(__name__)


def start() -> threading.Thread:
    """Watch in a thread of this process until it ends."""
    thread = threading.Thread(target=_watch_forever, name="watchdog", daemon=True)
    thread.start()
    return thread


def check(now_ms: int) -> ClusterAlerts:
    """One look: raise, keep or resolve an alert for each cluster whose rules are judged late."""
    terms = default_terms(rulebook())
    outcome = evaluate(
        rows.restore_portal(RULE), Seen(matches=late(now_ms)), lambda key: terms.get(key.rule), now_ms
    )
    if outcome.transitions:
        storing.store_portal_transitions(outcome.transitions, cause_by_rulebook, now_ms)
    return outcome.after


def late(now_ms: int) -> dict[AlertKey, Match]:
    """The clusters that should be judged and are not. Those just added have their time."""
    watched = Cluster.objects.filter(is_paused=False, added_at_ms__lt=now_ms - LATE_MS)
    found = watched.values_list("slug", "added_at_ms", "evaluation__evaluated_at_ms")
    matches = [
        _match(slug, abs(now_ms - last_ms))
        for slug, added_at_ms, evaluated_at_ms in found
        if abs(now_ms - (last_ms := evaluated_at_ms or added_at_ms)) > LATE_MS
    ]
    return {match.key: match for match in matches}


def _match(slug: str, late_ms: int) -> Match:
    """How late is told in steps that double, so that nothing is stored anew at each look."""
    told_seconds = LATE_MS // 1000
    while told_seconds * 2 <= late_ms // 1000:
        told_seconds *= 2
    return Match(key=AlertKey(RULE, Subject("Cluster", "", slug)), params={"late_seconds": told_seconds})


def _watch_forever() -> None:
    """Proofs from before this process began say nothing: whoever writes them may just be starting too."""
    time.sleep(LATE_MS / 1000)
    while True:
        try:
            now_ms = time.time_ns() // 1_000_000
            check(now_ms)
            abandoned.darken_paused(now_ms)
        except DatabaseError as error:
            log.warning("cannot see whether rules are judged (%s)", type(error).__name__)
        except Exception:  # The outermost frame of this thread.
            log.exception("watching the evaluators failed")
        finally:
            close_old_connections()
        time.sleep(CHECK_SECONDS)
