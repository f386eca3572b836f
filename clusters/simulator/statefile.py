"""What a simulator remembers between two starts: ports and the secret its tokens are made from."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class StateFile:
    """The file `simulator.json` in the state folder."""

    path: Path
    secret: str = ""
    ports: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "StateFile":
        """Read it, or begin a new one."""
        path = folder / "simulator.json"
        try:
            kept = json.loads(path.read_text())
            return cls(
                path, str(kept["secret"]), {str(key): int(port) for key, port in kept["ports"].items()}
            )
        except (FileNotFoundError, ValueError, KeyError):
            return cls(path, secrets.token_hex(16))

    def write(self) -> None:
        """Keep it; only its owner may read it."""
        self.path.touch(mode=0o600)
        self.path.write_text(json.dumps({"secret": self.secret, "ports": self.ports}))
