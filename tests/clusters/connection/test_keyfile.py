"""The key file: made once, safely, and refused in plain words when it is wrong."""

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clusters.connection.credentials import PrivateKey
from clusters.connection.errors import ClusterError
from clusters.connection.keyfile import (
    KeyFileError,
    add_key,
    load_keyring,
    load_public_key,
    make_key_file,
    make_or_load_keyring,
    make_or_load_public_key,
    public_path,
)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def key_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_a_missing_file_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "cluster.key"
    before = os.umask(0)
    try:
        keyring = make_or_load_keyring(path)
    finally:
        os.umask(before)
    assert mode_of(path) == 0o600
    assert mode_of(public_path(path)) == 0o644
    assert load_public_key(path) == keyring.public_key
    assert sorted(each.name for each in path.parent.iterdir()) == ["cluster.key", "cluster.key.pub"]


def test_the_second_start_has_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "cluster.key"
    assert make_or_load_keyring(path).public_key == make_or_load_keyring(path).public_key


def test_many_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from clusters.connection.keyfile import make_or_load_keyring;"
        "sys.stdin.readline(); print(make_or_load_keyring(Path(sys.argv[1])).public_key.key_id)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cluster.key")]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert len({process.communicate()[0] for process in started}) == 1
    assert len(key_lines(tmp_path / "cluster.key")) == 1


def test_a_new_key_put_first_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "cluster.key"
    old = make_or_load_keyring(path).public_key
    newer = tmp_path / "newer.key"
    new = make_or_load_keyring(newer).public_key
    path.write_text("\n".join([*key_lines(newer), "", "# before", *key_lines(path)]))
    keyring = load_keyring(path)
    assert keyring.public_key == new == load_public_key(path)
    assert keyring.key(old.key_id).public_key == old


def test_a_missing_file_is_not_made_by_loading(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"does not exist.*TOPMAST_KEY_FILE"):
        load_keyring(tmp_path / "cluster.key")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# only a comment\n",
        "canary",
        "canary canary canary",
        "0123456789abcdef Y2FuYXJ5",
        "0123456789abcdef " + "A" * 43 + "=",
        "\x00\xff",
        "x" * 100_000,
    ],
)
def test_what_is_not_a_key_file_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cluster.key"
    path.write_text(content)
    with pytest.raises(ClusterError, match="is not a key file or is damaged") as raised:
        make_or_load_keyring(path)
    assert "canary" not in str(raised.value)
    assert "Y2Fu" not in str(raised.value)
    assert path.read_text() == content


def test_a_folder_is_not_a_key_file(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_keyring(tmp_path)


def test_a_damaged_public_half_is_refused_and_then_made_again(tmp_path: Path) -> None:
    path = tmp_path / "cluster.key"
    keyring = make_or_load_keyring(path)
    other = PrivateKey.generate().public_key
    public_path(path).write_text(f"{other.key_id} {'A' * 43}=\n")
    with pytest.raises(KeyFileError, match="is damaged"):
        load_public_key(path)
    load_keyring(path)
    assert load_public_key(path) == keyring.public_key


def test_a_public_half_that_cannot_be_written_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cluster.key"
    make_or_load_keyring(path)
    public_path(path).unlink()
    public_path(path).mkdir()
    with caplog.at_level(logging.WARNING):
        load_keyring(path)
    assert "cluster.key.pub cannot be written" in caplog.text


def test_where_only_the_public_half_is_no_key_is_made(tmp_path: Path) -> None:
    path = tmp_path / "cluster.key"
    key = make_or_load_public_key(path)
    path.unlink()
    assert make_or_load_public_key(path) == key
    assert not path.exists()


def test_a_key_file_is_made_once_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "cluster.key"
    make_key_file(path)
    before = path.read_text()
    with pytest.raises(KeyFileError, match="is there already"):
        make_key_file(path)
    assert path.read_text() == before


def test_an_added_key_seals_from_now_on(tmp_path: Path) -> None:
    path = tmp_path / "cluster.key"
    old = make_key_file(path).public_key
    new = add_key(path).public_key
    assert new != old
    assert load_public_key(path) == new
    assert load_keyring(path).key(old.key_id).public_key == old
    assert mode_of(path) == 0o600
    assert len(list(tmp_path.iterdir())) == 2
