"""The addresses of the sockets; portal/asgi.py mounts them behind a check of the origin."""

from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path, re_path

from metrics.live.consumers import ClusterConsumer, FleetConsumer, NoSuchSocket

websocket_urlpatterns = [
    path("ws/fleet/", FleetConsumer.as_asgi()),
    path("ws/clusters/<slug:slug>/", ClusterConsumer.as_asgi()),
    re_path(r"^", NoSuchSocket.as_asgi()),
]

websocket_application = CookieMiddleware(URLRouter(websocket_urlpatterns))
"""Who the user is, is not asked once by a middleware but again and again while the socket is open."""
