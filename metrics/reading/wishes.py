"""What people want of the rules and their alerts, as the evaluators of a process know it.

Asked of the database every ASK_MS: whether a setting was changed, and what was resolved by hand.
"""

from collections.abc import Mapping, Sequence

from metrics.alerts import rows, settings
from metrics.alerts.effective import ClusterTerms, Place, Setting, Terms, reaching
from metrics.alerts.evaluate import Quiet
from metrics.alerts.values import AlertKey
from metrics.database import DatabaseThread

ASK_MS = 2_000
LABELS_MS = 60_000
"""How often labels of clusters are read anew: settings may find clusters by them."""

ByHand = dict[int, dict[AlertKey, Quiet]]


class Wishes:
    """Settings and what was resolved by hand, for the clusters of one process. Lives on the loop."""

    def __init__(self, defaults: Mapping[str, Terms], database: DatabaseThread) -> None:
        self._defaults = defaults
        self._database = database
        self.by_hand: ByHand = {}
        """Of each cluster, all that is resolved by hand and not to be told again yet."""
        self._epoch: settings.Epoch | None = None
        self._settings: Sequence[Setting] = ()
        self._labels: dict[int, Mapping[str, str]] = {}
        self._terms: dict[int, ClusterTerms] = {}
        self._asked_at_ms = 0
        self._labels_at_ms = 0

    async def ask(self, held: Sequence[int], now_ms: int) -> None:
        """Ask, if the last answer is old or speaks of other clusters than those that are held."""
        is_known = self._labels.keys() >= set(held)
        if is_known and abs(now_ms - self._asked_at_ms) < ASK_MS:
            return
        epoch, self.by_hand = await self._database.run(_ask, held)
        is_new = epoch != self._epoch
        if is_new:
            self._settings = await self._database.run(settings.load_settings)
            self._epoch = epoch
        if not is_known or abs(now_ms - self._labels_at_ms) >= LABELS_MS:
            self._labels = await self._database.run(settings.labels_of, held)
            self._labels_at_ms = now_ms
            is_new = True
        if is_new:
            self._forget_terms()
        self._asked_at_ms = now_ms

    def terms_of(self, cluster_id: int) -> ClusterTerms:
        """What holds for the rules in one cluster; the same object until a setting or a label changes."""
        terms = self._terms.get(cluster_id)
        if terms is None:
            place = self._place(cluster_id)
            mine = reaching(self._settings, place)
            terms = self._terms[cluster_id] = ClusterTerms(self._defaults, mine, place)
        return terms

    def _forget_terms(self) -> None:
        """Of the clusters for which something is otherwise now: whose terms are new is judged anew."""
        for cluster_id, terms in list(self._terms.items()):
            mine = reaching(self._settings, self._place(cluster_id))
            if cluster_id not in self._labels or mine != terms.settings:
                del self._terms[cluster_id]

    def _place(self, cluster_id: int) -> Place:
        return Place(cluster_id=cluster_id, labels=self._labels.get(cluster_id, {}))


def _ask(held: Sequence[int]) -> tuple[settings.Epoch, ByHand]:
    return settings.epoch(), rows.by_hand(held)
