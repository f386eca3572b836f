"""The shapes of what the API says of alerts, rules, silences and destinations."""

from rest_framework import serializers

from clusters.api.shapes import ClusterNameShape, Shape, moment


class SubjectShape(Shape):
    """What an alert is about."""

    kind = serializers.CharField()
    namespace = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    node = serializers.CharField(allow_blank=True)
    workload = serializers.CharField(allow_blank=True)
    image = serializers.CharField(allow_blank=True)


class DeliveryShape(Shape):
    """What a destination was, or shall be, told of an alert's group."""

    id = serializers.UUIDField(help_text="The id of every copy that leaves.")
    destination = serializers.CharField()
    tells = serializers.CharField()
    status = serializers.CharField(help_text="queued, delivered, suppressed, replaced, expired or failed.")
    attempts = serializers.IntegerField()
    last_answer = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    ended_at = moment()
    next_try_at = moment()


class AlertShape(Shape):
    """One rule on one subject of one cluster."""

    id = serializers.UUIDField()
    group = serializers.UUIDField(allow_null=True, help_text="The cause it is told with.")
    rule = serializers.CharField()
    severity = serializers.CharField()
    state = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    cluster = ClusterNameShape(allow_null=True)
    subject = SubjectShape()
    sentence = serializers.CharField()
    since = serializers.DateTimeField()
    fired_at = moment()
    unknown_since = moment()
    resolved_at = moment()
    taken_by = serializers.CharField(allow_null=True)
    silenced_by = serializers.UUIDField(allow_null=True)
    inhibited_by = serializers.UUIDField(allow_null=True, help_text="The group behind it.")
    deliveries = DeliveryShape(many=True)


class AlertPageShape(Shape):
    """A page of alerts."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    results = AlertShape(many=True)


class TrailShape(Shape):
    """One thing that happened."""

    at = serializers.DateTimeField()
    what = serializers.CharField()
    by = serializers.CharField(allow_null=True)
    params = serializers.DictField()


class AlertDetailShape(AlertShape):
    """One alert with its advice and its trail."""

    advice = serializers.CharField(allow_blank=True)
    command = serializers.CharField(allow_blank=True)
    runbook = serializers.CharField(allow_blank=True)
    params = serializers.DictField()
    labels = serializers.DictField()
    url = serializers.URLField(allow_null=True, help_text="Its page.")
    trail = TrailShape(many=True)


class RuleShape(Shape):
    """One rule of the rulebook."""

    id = serializers.CharField()
    name = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    severity = serializers.CharField()
    about = serializers.CharField()
    cause = serializers.CharField()
    for_seconds = serializers.IntegerField()
    keep_firing_for_seconds = serializers.IntegerField()
    no_data = serializers.CharField()
    limits = serializers.DictField()
    is_off = serializers.BooleanField()
    off_reason = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField()
    advice = serializers.CharField()
    command = serializers.CharField()
    runbook = serializers.CharField(allow_blank=True)
    firing = serializers.IntegerField(help_text="Alerts of it that fire where you may see.")


class RulePageShape(Shape):
    """All rules."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    results = RuleShape(many=True)


class MatcherShape(Shape):
    """One condition on a label."""

    name = serializers.CharField()
    op = serializers.CharField()
    value = serializers.CharField(allow_blank=True)


class SilenceShape(Shape):
    """A silence."""

    id = serializers.UUIDField()
    matchers = MatcherShape(many=True)
    reason = serializers.CharField()
    author = serializers.CharField(allow_null=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    is_active = serializers.BooleanField()


class SilencePageShape(Shape):
    """A page of silences."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    results = SilenceShape(many=True)


class DestinationShape(Shape):
    """Where messages go; never its address."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.CharField()
    host = serializers.CharField()
    fingerprint = serializers.CharField()
    is_enabled = serializers.BooleanField()
    is_fallback = serializers.BooleanField()
    team = serializers.CharField(allow_null=True)
    failing_since = moment()
    last_answer = serializers.CharField(allow_blank=True)
    last_try_at = moment()
    last_success_at = moment()
    next_try_at = moment()
    waiting = serializers.IntegerField(help_text="Messages that are not delivered yet.")


class DestinationPageShape(Shape):
    """All destinations."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    results = DestinationShape(many=True)
