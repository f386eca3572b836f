"""Secrets in files that nobody else may read."""

import stat
from pathlib import Path

from portal.private_files import make_private_file, read_or_make_secret, read_secret


def test_a_made_secret_is_for_its_owner_alone_and_stays(tmp_path: Path) -> None:
    secret = read_or_make_secret(tmp_path / "data")

    path = tmp_path / "data" / "session.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(secret) >= 50
    assert read_or_make_secret(tmp_path / "data") == secret
    assert [file.name for file in path.parent.iterdir()] == ["session.key"], "no draft is left behind"


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    make_private_file(tmp_path / "key", "first")
    make_private_file(tmp_path / "key", "second")

    assert (tmp_path / "key").read_text() == "first\n"


def test_an_empty_secret_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "session.key").write_text("")

    assert read_secret(tmp_path) is None
