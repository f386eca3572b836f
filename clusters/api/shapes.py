"""The shapes of the answers, for the schema alone: the pictures build what is sent, and a test compares."""

from typing import Any

from rest_framework import serializers

from clusters.state.resource import HEALTHS

Shape = serializers.Serializer[Any]


def whole(**options: Any) -> serializers.IntegerField:
    """A whole number; null where unknown."""
    return serializers.IntegerField(allow_null=True, min_value=0, **options)


def number() -> serializers.FloatField:
    """A number; null where unknown."""
    return serializers.FloatField(allow_null=True)


def moment() -> serializers.DateTimeField:
    """A moment, UTC; null where unknown."""
    return serializers.DateTimeField(allow_null=True)


def health() -> serializers.ChoiceField:
    """A health word."""
    return serializers.ChoiceField(choices=HEALTHS)


class ConnectionShape(Shape):
    """How the line to a cluster is."""

    state = serializers.CharField()
    reason = serializers.CharField()
    message = serializers.CharField()
    since = moment()
    last_read_at = moment()
    next_try_at = moment()


class CountsShape(Shape):
    """How many, and how many in each health; they sum to the total."""

    total = whole()
    critical = whole()
    degraded = whole()
    no_data = whole()
    pending = whole()
    silenced = whole()
    healthy = whole()


class NodesShape(CountsShape):
    """Nodes."""

    ready = whole()
    cordoned = whole()


class CpuShape(Shape):
    """CPU in cores."""

    used_cores = number()
    requested_cores = number()
    allocatable_cores = number()


class MemoryShape(Shape):
    """Memory in bytes."""

    used_bytes = whole()
    requested_bytes = whole()
    allocatable_bytes = whole()


class CauseShape(Shape):
    """One thing that is wrong, and how many objects it shows in."""

    health = health()
    reason = serializers.CharField()
    kind = serializers.CharField()
    namespace = serializers.CharField()
    name = serializers.CharField()
    counted_kind = serializers.CharField()
    count = serializers.IntegerField()
    since = moment()
    message = serializers.CharField()


class UsageShape(Shape):
    """How reading metrics.k8s.io goes."""

    state = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    at = moment()


class KindStateShape(Shape):
    """How reading one kind goes."""

    state = serializers.CharField()
    reason = serializers.CharField()
    since = moment()
    skipped = serializers.IntegerField()
    skipped_key = serializers.CharField()


class ClusterShape(Shape):
    """One cluster."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())
    is_demo = serializers.BooleanField()
    is_paused = serializers.BooleanField()
    health = health()
    reason = serializers.CharField()
    since = moment()
    connection = ConnectionShape()
    version = serializers.CharField(allow_null=True)
    nodes = NodesShape()
    pods = CountsShape()
    workloads = CountsShape()
    cpu = CpuShape()
    memory = MemoryShape()
    usage = UsageShape()
    kinds = serializers.DictField(child=KindStateShape())
    causes = CauseShape(many=True)
    causes_total = serializers.IntegerField()
    node_strip = serializers.CharField(help_text="A letter a node: the first of its health.")
    clock_skew_seconds = number()
    place = serializers.CharField(help_text="Where in the journal this is, as FENCE.N.")
    as_of = moment()


class PartialShape(Shape):
    """What was left out of sums because a cluster does not know it."""

    partial = serializers.BooleanField()  # type: ignore[assignment]
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text="Figure to clusters.")


class FleetNodesShape(NodesShape, PartialShape):
    """Nodes of all clusters with current data."""


class FleetCountsShape(CountsShape, PartialShape):
    """Objects of all clusters with current data."""


class FleetCpuShape(CpuShape, PartialShape):
    """CPU of all clusters with current data."""


class FleetMemoryShape(MemoryShape, PartialShape):
    """Memory of all clusters with current data."""


class FleetCauseShape(CauseShape):
    """A cause and the cluster it is in."""

    cluster = serializers.UUIDField()


class FleetClustersShape(CountsShape):
    """The clusters; `current` of them are readable and in the totals."""

    current = serializers.IntegerField()


class VerdictShape(Shape):
    """The fleet in a word, with what a sentence about it needs."""

    code = serializers.CharField()
    params = serializers.DictField()


class FleetShape(Shape):
    """All clusters that you may see, together."""

    clusters = FleetClustersShape()
    nodes = FleetNodesShape()
    pods = FleetCountsShape()
    workloads = FleetCountsShape()
    cpu = FleetCpuShape()
    memory = FleetMemoryShape()
    causes = FleetCauseShape(many=True)
    causes_total = serializers.IntegerField()
    verdict = VerdictShape()
    as_of = moment()


class ResourceShape(Shape):
    """One object. Each kind adds its own, such as `status`, `ready` and `restarts` of a pod."""

    kind = serializers.CharField()
    group = serializers.CharField()
    namespace = serializers.CharField()
    name = serializers.CharField()
    uid = serializers.CharField()
    health = health()
    reason = serializers.CharField()
    since = moment()
    created = moment()
    node = serializers.CharField()
    workload = serializers.CharField()
    cpu = serializers.DictField(child=number())
    memory = serializers.DictField(child=number())


class ClusterNameShape(Shape):
    """Which cluster."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class FleetResourceShape(ResourceShape):
    """One object and the cluster it is in."""

    cluster = ClusterNameShape()


class ResourceDetailShape(ResourceShape):
    """One object with its latest events and the command that shows the same."""

    cluster = ClusterNameShape()
    events = ResourceShape(many=True)
    kubectl = serializers.CharField()
    as_of = moment()


class PageShape(Shape):
    """A page of a list."""

    count = serializers.IntegerField(help_text="Of the whole list.")
    next = serializers.URLField(allow_null=True)


class ClusterPageShape(PageShape):
    """Clusters."""

    results = ClusterShape(many=True)


class ResourcePageShape(PageShape):
    """Objects of one cluster, all of the same moment."""

    as_of = moment()
    place = serializers.CharField()
    results = ResourceShape(many=True)


class FleetResourcePageShape(PageShape):
    """Objects of all clusters that you may see."""

    as_of = moment()
    results = FleetResourceShape(many=True)
