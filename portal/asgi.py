"""What uvicorn serves: pages and REST by Django, sockets by Channels."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from channels.routing import ProtocolTypeRouter  # noqa: E402 - Django must be set up first
from django.conf import settings  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from metrics import collector  # noqa: E402
from metrics.live.routing import websocket_application  # noqa: E402
from portal.bodies import BoundedBodies  # noqa: E402
from portal.checks import refuse_unsafe_production  # noqa: E402
from portal.security import SocketOriginValidator  # noqa: E402

refuse_unsafe_production()
# Threads that read the database would else keep the sockets' loop waiting for 5 ms each time.
sys.setswitchinterval(0.0002)
get_resolver().url_patterns  # noqa: B018 - else read with the first request
collector.calm()

application = ProtocolTypeRouter(
    {
        "http": BoundedBodies(get_asgi_application()),
        "websocket": SocketOriginValidator(websocket_application, settings.SOCKET_ORIGINS),
    }
)
