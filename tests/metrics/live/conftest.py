"""A Valkey and a web process for the tests of live."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.metrics.live.pages import a_web_process, stop_hub
from tests.metrics.live.valkey import Valkey


@pytest.fixture
def valkey(tmp_path: Path, settings: pytest.FixtureRequest) -> Iterator[Valkey]:
    """A running Valkey that the portal uses."""
    server = Valkey(tmp_path)
    server.start()
    settings.REDIS_URL = server.url
    yield server
    server.kill()


@pytest_asyncio.fixture
async def no_hub() -> AsyncIterator[None]:
    """The hub is stopped at the end."""
    yield
    await stop_hub()


@pytest_asyncio.fixture
async def port(transactional_db: None, valkey: Valkey) -> AsyncIterator[int]:
    """The port of a running web process."""
    from portal.asgi import application

    async with a_web_process(application) as listening_at:
        yield listening_at
