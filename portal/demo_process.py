"""The simulator as a child of `up`: registered when it has announced itself, retired when it was removed."""

from collections.abc import Mapping

from django.conf import settings
from django.db import connections

from portal.demo import Demo, is_wanted, register, remove_demo_clusters, the_demo
from portal.supervision.child import Child
from portal.supervision.supervisor import Supervisor

LOOK_EVERY_SECONDS = 1.0


def watch_with_demo(supervisor: Supervisor, demo: Demo, child: Child) -> None:
    """Watch until told to stop; meanwhile follow what the simulator announces."""
    told: object = None

    def has_news() -> bool:
        return demo.is_gone or demo.announced() not in ([], told)

    while supervisor.watch(until=has_news, every_seconds=LOOK_EVERY_SECONDS):
        if demo.is_gone:
            supervisor.retire(child)
            supervisor.watch()
            return
        told = demo.announced()
        register(demo.announced())
        connections.close_all()


def demo_child(variables: Mapping[str, str]) -> tuple[Demo, Child] | None:
    """The simulator, where a demo is wanted. Where none is, what an earlier one left is removed."""
    demo = the_demo()
    if is_wanted(demo):
        return demo, Child(demo.program(), directory=settings.BASE_DIR, environment=variables)
    if not settings.ENVIRONMENT.shows_demo:
        remove_demo_clusters()
    return None
