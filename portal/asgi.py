"""What uvicorn serves: pages and REST by Django, sockets by Channels."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from channels.auth import AuthMiddlewareStack  # noqa: E402 - Django must be set up first
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402

from portal.checks import refuse_unsafe_production  # noqa: E402
from portal.security import SocketOriginValidator  # noqa: E402

refuse_unsafe_production()

application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": SocketOriginValidator(AuthMiddlewareStack(URLRouter([])), settings.SOCKET_ORIGINS),
    }
)
