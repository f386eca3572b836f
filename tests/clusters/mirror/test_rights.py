"""What a review of our own rights tells, and what it does not."""

import json
from typing import Any

import pytest

from clusters.connection.rbac import rules_for
from clusters.kinds import all_kinds
from clusters.mirror.rights import Rights

NAMES = frozenset(kind.name for kind in all_kinds())
EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
OURS = [
    {"verbs": list(rule.verbs), "apiGroups": [rule.group], "resources": list(rule.resources)}
    for rule in rules_for(all_kinds())
]


def review(rules: Any) -> bytes:
    """As an API server answers one."""
    status = {"resourceRules": rules, "nonResourceRules": [], "incomplete": False}
    return json.dumps({"kind": "SelfSubjectRulesReview", "spec": {}, "status": status}).encode()


@pytest.fixture
def rights() -> Rights:
    """Rights of which a first review has granted everything."""
    rights = Rights(all_kinds())
    assert not rights.taken_away(review([EVERYTHING]))
    return rights


def test_the_printed_role_grants_every_kind(rights: Rights) -> None:
    assert rights.taken_away(review(OURS)) == frozenset()


def test_what_is_granted_no_longer_is_named_once(rights: Rights) -> None:
    assert rights.taken_away(review([])) == NAMES
    assert rights.taken_away(review([])) == frozenset()


def test_what_was_never_granted_is_not_taken_away() -> None:
    """Another authorizer than RBAC may grant it, and leave it out of every review."""
    rights = Rights(all_kinds())

    assert rights.taken_away(review([])) == frozenset()
    assert rights.taken_away(review(None)) == frozenset()


def test_given_back_and_taken_again_is_named_again(rights: Rights) -> None:
    assert rights.taken_away(review(None)) == NAMES
    rights.taken_away(review(OURS))

    assert rights.taken_away(review([])) == NAMES


@pytest.mark.parametrize(
    "change",
    [
        {"verbs": ["get", "list"]},
        {"apiGroups": ["apps"]},
        {"resources": ["pods/log"]},
        {"resourceNames": ["one-of-them"]},
        {"verbs": None},
        {"resources": []},
    ],
)
def test_a_rule_that_is_not_about_watching_all_pods_does_not_grant_them(
    rights: Rights, change: dict[str, Any]
) -> None:
    others = {"verbs": ["watch"], "apiGroups": ["apps", "batch", "events.k8s.io"], "resources": ["*"]}
    rest = {"verbs": ["watch"], "apiGroups": [""], "resources": ["nodes", "namespaces", "events"]}
    pods = {"verbs": ["watch"], "apiGroups": [""], "resources": ["pods"]}
    assert rights.taken_away(review([others, rest, pods])) == frozenset()

    assert rights.taken_away(review([others, rest, pods | change])) == {"Pod"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"status": null}',
        b'{"status": {"resourceRules": "*"}}',
        b'{"status": {"resourceRules": [{"verbs": [1]}]}}',
        b'{"status": {"resourceRules": [null]}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_review_takes_nothing_away(rights: Rights, body: bytes) -> None:
    assert rights.taken_away(body) == frozenset()
    assert rights.taken_away(review([])) == NAMES, "and what was known before is not forgotten"
