"""YAML of strangers: what it may say, and that its limits are met before memory is spent."""

import contextlib
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.connection.plain_yaml import LARGEST_BYTES, YamlRefused, load


def refusal(text: str | bytes) -> str:
    with pytest.raises(YamlRefused) as raised:
        load(text if isinstance(text, bytes) else text.encode())
    return str(raised.value)


def test_text_lists_and_mappings_are_read() -> None:
    text = "a: [1, yes, 0x10, 2026-01-01, ~, true, 'true', \"null\"]\nb: |\n  two\n  lines\n1: x\nnull: y\n"
    assert load(text.encode()) == {
        "a": ["1", "yes", "0x10", "2026-01-01", None, True, "true", "null"],
        "b": "two\nlines\n",
        "1": "x",
        "null": "y",
    }


def test_json_is_read() -> None:
    assert load(b'\xef\xbb\xbf{"a": {"b": ["c", false, null]}}') == {"a": {"b": ["c", False, None]}}


def test_plain_text_may_be_used_twice() -> None:
    assert load(b"a: &x text\nb: *x\nc: !!str true\n") == {"a": "text", "b": "text", "c": "true"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2", "has the key 'a' twice"),
        ("a: {b: 1, 'b': 2}", "a has the key 'b' twice"),
        ("users: [{user: {token: x, token: y}}]", "users[0].user has the key 'token' twice"),
        ("a: &x {b: 1}\nc: *x", "c is an alias of something"),
        ("a: &x [*x]", "an alias of something"),
        ("a: *nowhere", "a is an alias of something"),
        ("&a a: &b b\n" + "".join(f"k{n}: *b\n" for n in range(40)), "more than 32 aliases"),
        ("base: 1\n<<: {a: 1}", "merge key"),
        ("? [a]\n: b", "has a key that is not text"),
        ("? {a: b}\n: c", "has a key that is not text"),
        ("a: !!python/object/apply:os.system [id]", "a has a YAML tag"),
        ("a: !!python/name:os.system", "a has a YAML tag"),
        ("a: !!binary aGk=", "a has a YAML tag"),
        ("a: !!int 3", "a has a YAML tag"),
        ("!!set {a}", "has a YAML tag"),
        ("--- a\n--- b", "more than one document"),
        ("[" * 20, "deeper than 16 levels"),
        ("[" * 200_000, "deeper than 16 levels"),
        ("- " * 100_000, "deeper than 16 levels"),
        ("{a: " * 50_000, "deeper than 16 levels"),
        ("[" + "a," * 30_000 + "]", "more than 20000 fields"),
        ("x" * (LARGEST_BYTES + 1), "larger than 256 kB"),
        (b"\xff\xfe", "not UTF-8"),
        ("a: b: c", "not valid YAML at line 1"),
        ("a: [canary", "not valid YAML at line"),
        ("canary: 'canary", "not valid YAML at line"),
        ("a: \x00canary", "not valid YAML"),
        ("%YAML 9.9\n---\na", "not valid YAML"),
        ('a: "\\q canary"', "not valid YAML at line 1"),
        ("\tcanary: x", "not valid YAML at line 1"),
        ("`canary", "not valid YAML at line 1"),
    ],
)
def test_what_is_beyond_the_limits_is_refused(text: str | bytes, said: str) -> None:
    message = refusal(text)
    assert said in message
    assert "canary" not in message


def test_a_document_that_multiplies_costs_nothing() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    tracemalloc.start()
    refusal("\n".join(lines))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 4 << 20


@pytest.mark.parametrize(
    "text",
    [
        "[" * LARGEST_BYTES,
        "{" * LARGEST_BYTES,
        "? " * (LARGEST_BYTES // 2),
        "- " * (LARGEST_BYTES // 2),
        "a: " * (LARGEST_BYTES // 3),
        "&a " * (LARGEST_BYTES // 3),
        "'" + "''" * (LARGEST_BYTES // 2 - 2) + "'",
        '"' + "\\x41" * (LARGEST_BYTES // 4 - 2) + '"',
        "# " + "x" * (LARGEST_BYTES - 4),
        "\n" * LARGEST_BYTES,
        "a: |\n" + " x\n" * (LARGEST_BYTES // 3 - 3),
        "!" * LARGEST_BYTES,
        "%" + "A" * (LARGEST_BYTES - 1),
        "a" * LARGEST_BYTES + "",
    ],
    ids=lambda text: ascii(text[:6]),
)
def test_the_worst_documents_take_seconds_at_most(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(YamlRefused):
        load(text.encode())
    assert time.process_time() - started < 5


@given(st.text(alphabet="ab:-[]{},&*!|>'\"%@`#?\n \t~<é\x00", max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        load(text.encode())
    except YamlRefused as error:
        assert str(error).endswith(".")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        load(raw)
    except YamlRefused as error:
        assert str(error).endswith(".")
