"""The manifest asks for what is read, and for nothing else."""

from types import SimpleNamespace

import yaml

from clusters.connection.rbac import Rule, cluster_role_manifest, rules_for
from clusters.kinds import all_kinds


def test_one_rule_a_group_with_list_and_watch_alone() -> None:
    kinds = [
        SimpleNamespace(name="Pod", group="", plural="pods"),
        SimpleNamespace(name="Node", group="", plural="nodes"),
        SimpleNamespace(name="Job", group="batch", plural="jobs"),
    ]
    assert rules_for(kinds) == (
        Rule("", ("nodes", "pods"), ("list", "watch")),
        Rule("batch", ("jobs",), ("list", "watch")),
        Rule("metrics.k8s.io", ("nodes", "pods"), ("list",)),
    )


def test_every_kind_is_in_the_manifest_and_nothing_is_written() -> None:
    documents = list(yaml.safe_load_all(cluster_role_manifest(all_kinds())))
    by_kind = {document["kind"]: document for document in documents}

    rules = by_kind["ClusterRole"]["rules"]
    asked = {(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]}

    assert asked == {(kind.group, kind.plural) for kind in all_kinds()} | {
        ("metrics.k8s.io", "nodes"),
        ("metrics.k8s.io", "pods"),
    }
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list", "watch"}
    assert list(by_kind) == ["Namespace", "ServiceAccount", "Secret", "ClusterRole", "ClusterRoleBinding"]
    assert by_kind["Secret"]["metadata"]["annotations"] == {
        "kubernetes.io/service-account.name": by_kind["ServiceAccount"]["metadata"]["name"]
    }
    assert "secrets" not in {name for _, name in asked}


def test_a_rule_can_be_pasted_into_a_role() -> None:
    rule = Rule("apps", ("deployments",), ("watch",))
    assert yaml.safe_load(str(rule)) == [rule.as_manifest()]
    core = Rule("", ("pods", "nodes"), ("list", "watch"))
    assert yaml.safe_load(str(core)) == [core.as_manifest()]
