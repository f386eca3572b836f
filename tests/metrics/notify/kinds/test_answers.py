"""What answers mean, kind by kind."""

import doctest

import pytest

from metrics.notify.kinds import answers, kind_named
from metrics.notify.kinds.kind import OutboundAnswer
from tests.metrics.notify.kinds.answer_table import KINDS, TABLE, Row, answered

SECRET = b'{"id": "T0/B0/verysecret", "message": "no such path /services/T0/B0/verysecret"}'


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
@pytest.mark.parametrize("name", KINDS)
def test_each_kind_makes_of_each_answer_what_its_product_means(name: str, row: Row) -> None:
    verdict = kind_named(name).judge(row.answer)

    assert verdict.outcome == row.outcomes[KINDS.index(name)]
    assert verdict.retry_after_ms == row.wait_ms
    assert str(row.answer.status) in verdict.sentence
    assert verdict.sentence.endswith(".")


@pytest.mark.parametrize("status", [200, 301, 400, 403, 404, 410, 429, 500])
@pytest.mark.parametrize("name", [*KINDS, "mail"])
def test_no_verdict_repeats_what_a_receiver_said_of_its_own_address(name: str, status: int) -> None:
    verdict = kind_named(name).judge(answered(status, SECRET, location="https://x.example/verysecret"))

    assert "verysecret" not in verdict.sentence


def test_discord_says_in_its_body_how_long_to_wait_to_the_millisecond() -> None:
    body = b'{"message": "You are being rate limited.", "retry_after": 2.387, "global": false}'

    assert kind_named("discord").judge(answered(429, body, retry_after="2")).retry_after_ms == 2_387


@pytest.mark.parametrize(
    "body", [b'{"retry_after": 1e300}', b'{"retry_after": -5}', b'{"retry_after": "x"}', b"["]
)
def test_discords_nonsense_is_no_wait_without_end(body: bytes) -> None:
    wait_ms = kind_named("discord").judge(answered(429, body)).retry_after_ms

    assert wait_ms is None or 1_000 <= wait_ms <= 3_600_000


@pytest.mark.parametrize(
    ("status", "text", "outcome", "words"),
    [
        (250, b"2.0.0 accepted", "delivered", "250 (2.0.0)"),
        (250, b"accepted, but not for b@example.org (550)", "delivered", "some of the recipients"),
        (421, b"4.7.0 try later", "retry", "not now"),
        (450, b"4.2.0 greylisted", "retry", "not now"),
        (452, b"", "retry", "not now"),
        (535, b"5.7.8 bad credentials", "failed", "user and password"),
        (550, b"5.1.1 <oncall@example.org> unknown", "failed", "550 (5.1.1)"),
        (554, b"5.7.1 \xff", "failed", "refused"),
    ],
)
def test_mail_servers_say_by_their_code_whether_to_try_again(
    status: int, text: bytes, outcome: str, words: str
) -> None:
    verdict = kind_named("mail").judge(OutboundAnswer(status, {}, text))

    assert verdict.outcome == outcome
    assert words in verdict.sentence
    assert "@" not in verdict.sentence


def test_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(answers).failed == 0
