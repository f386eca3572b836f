"""`python -m tests.production manage.py …`: a command under production settings that are complete."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

COMPLETE = {
    "TOPMAST_ENV": "production",
    "TOPMAST_PUBLIC_URL": "https://topmast.example.org",
    "TOPMAST_SECRET_KEY": "0pQ7-not-a-real-one-cZ3yLk8VtR5wXb2N6mHj4sDfGa9uE1iT",
    "DATABASE_URL": "postgres://topmast:unused@127.0.0.1:1/topmast",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def production_variables(directory: Path) -> dict[str, str]:
    """Everything production asks for, with a key file made in a folder."""
    from clusters.connection.keyfile import make_or_load_keyring

    key_file = directory / "cluster.key"
    make_or_load_keyring(key_file)
    return {**COMPLETE, "TOPMAST_DATA_DIR": str(directory), "TOPMAST_KEY_FILE": str(key_file)}


def main() -> int:
    """Run it; its exit code is ours."""
    with tempfile.TemporaryDirectory(prefix="topmast-production-") as directory:
        variables = {**os.environ, **production_variables(Path(directory))}
        return subprocess.run([sys.executable, *sys.argv[1:]], env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
