"""One simulated cluster: a world on a clock, an API server before it, a port, and what goes wrong there."""

import asyncio
import hashlib
import ssl
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from clusters.simulator.access import READ, Access
from clusters.simulator.apiserver import ApiServer, UsageSource
from clusters.simulator.certificates import HOSTS, Authority
from clusters.simulator.disturbing import disturb
from clusters.simulator.faults import ANSWER_FAULTS, PORT_FAULTS, WATCH_FAULTS, Fault, fault
from clusters.simulator.listener import LOOPBACK, Listener
from clusters.simulator.scenario import Scenario
from clusters.simulator.spoiling import spoil
from clusters.simulator.store import Store
from clusters.simulator.wire import AnyAnswer, HttpConnection, Request, StreamAnswer
from clusters.simulator.world.building import build
from clusters.simulator.world.bulk import BulkWorld, Size
from clusters.simulator.world.living import World
from clusters.simulator.world.plot import BadStep, churn, play
from clusters.simulator.world.timeline import Timeline
from clusters.simulator.world.usage import UsageReadings

BAD_CERTIFICATES: dict[str, dict[str, Any]] = {
    "expired": {"valid_from_days": -30, "valid_for_days": 20},
    "not_yet_valid": {"valid_from_days": 10, "valid_for_days": 20},
    "wrong_name": {"hosts": ("somewhere-else.example",)},
    "expires_soon": {"valid_from_days": -360, "valid_for_days": 365},
}


@dataclass(frozen=True)
class Credentials:
    """What opens a simulated cluster."""

    reader_token: str
    admin_token: str


class Cluster:
    """One cluster. `advance` moves its clock; everything else happens on its port."""

    def __init__(  # noqa: PLR0913
        self,
        scenario: Scenario,
        *,
        name: str,
        seed: int,
        start_ms: int,
        credentials: Credentials,
        authority: Authority,
        folder: Path,
        bookmark_seconds: float,
        is_plain: bool = False,
        host: str = LOOPBACK,
    ) -> None:
        self.name = name
        self.scenario = scenario
        self.folder = folder
        self.host = host
        self.credentials = credentials
        self.faults: list[Fault] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._seed = f"{seed} {name}"
        self._authority = authority
        self.tls = None if is_plain else _tls(authority, folder, host)
        # Under another name it is for other machines, or other containers.
        bind = LOOPBACK if host == LOOPBACK else ""
        self.listener = Listener(self._answer, self.tls, bind=bind)
        self.timeline = Timeline(start_ms)
        # Versions rise with time, so that they do not repeat when the simulator starts again.
        self.store = Store(first_revision=start_ms // 100 - 16_000_000_000)
        access = Access(
            reader_token=credentials.reader_token, admin_token=credentials.admin_token, uid_seed=self._seed
        )
        self.world: World | BulkWorld
        self.api = ApiServer(
            self.store,
            access,
            self._settle(self._seed),
            scenario.version,
            bookmark_seconds=bookmark_seconds,
        )
        for step in scenario.plot:
            self.timeline.after(float(step.get("after", 0)), lambda step=step: self.play(step))  # type: ignore[misc]

    @property
    def address(self) -> str:
        """Where it is reached."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{self.host}:{self.listener.port}"

    async def open(self, port: int = 0) -> None:
        """Take connections, or refuse them if its plot has already said so."""
        await self.listener.open(port)
        self.api.address = self.address.partition("//")[2]
        await self._apply_port_faults()

    async def close(self) -> None:
        """Take no more connections and reset those there are."""
        await self.listener.close()

    def advance(self, now_ms: int) -> None:
        """Play what is due."""
        self.timeline.advance(now_ms)

    async def add_fault(self, described: dict[str, Any]) -> Fault:
        """Have something go wrong from now on."""
        new = fault(described)
        self.faults.append(new)
        if new.name in PORT_FAULTS:
            await self._apply_port_faults()
        if described.get("resets", False):
            self.listener.reset_all()
        return new

    async def clear_faults(self, number: int | None = None) -> None:
        """Have all (or one) be well again."""
        gone = [one for one in self.faults if number in (None, one.number)]
        self.faults = [one for one in self.faults if one not in gone]
        if any(one.name in PORT_FAULTS for one in gone):
            await self._apply_port_faults()

    async def _apply_port_faults(self) -> None:
        if not self.listener.port:
            return
        in_force = {one.name: one for one in self.faults if one.name in PORT_FAULTS}
        self._use_certificate(in_force.get("certificate"))
        for connection in self.listener.connections:
            if "freeze" in in_force:
                connection.freeze()
            else:
                connection.thaw()
        if "refuse" in in_force:
            await self.listener.close()
        elif "accept_silent" in in_force:
            await self.listener.open_silently()
        elif not self.listener.is_open:
            await self.listener.open()

    def _use_certificate(self, wanted: Fault | None) -> None:
        """Show another certificate to those who connect from now on."""
        if self.tls is None:
            return
        how = str(wanted.settings.get("how", "expired")) if wanted else "good"
        path = self.folder / f"server-{how}.pem"
        if how == "self_signed":
            Authority(self.folder, "self-signed").server_certificate(path)
        elif how != "good":
            self._authority.server_certificate(path, **BAD_CERTIFICATES[how])
        self.tls.load_cert_chain(path)
        if wanted:
            self.listener.reset_all()

    async def _answer(self, request: Request, connection: HttpConnection) -> AnyAnswer:
        met = [one for one in self.faults if one.meets(request)]
        for one in met:
            one.take()
        if any(one.name == "freeze" for one in self.faults):
            connection.freeze()
        answers = [one for one in met if one.name in ANSWER_FAULTS]
        answer = await self._spoilt(answers, request)
        for one in met:
            if one.name in WATCH_FAULTS and isinstance(answer, StreamAnswer):
                answer = disturb(one, answer)
        return answer

    async def _spoilt(self, faults: list[Fault], request: Request) -> AnyAnswer:
        ask: Callable[[], AnyAnswer] = partial(self.api.answer, request)
        for one in faults:
            # The next fault spoils what this one has left.
            ask = partial(_same, await spoil(one, request, ask))
        return ask()

    def play(self, step: dict[str, Any]) -> None:
        """Play one step of a plot now: of the wire, of the cluster, or of its world."""
        if "fault" in step:
            self._in_background(self.add_fault(step), step)
        elif step.get("do") in self._actions():
            self._actions()[step["do"]](step)
        elif isinstance(self.world, World):
            play(self.world, step)
        else:
            raise BadStep("a cluster made in bulk has no such steps; it takes 'change', faults and rights")

    def _in_background(self, adding: Any, step: dict[str, Any]) -> None:
        try:
            task = asyncio.get_running_loop().create_task(adding)
        except RuntimeError:
            # Before there is a loop: remembered, and applied when the port opens.
            adding.close()
            self.faults.append(fault(step))
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _actions(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        return {
            "clear_faults": lambda step: self._in_background(self.clear_faults(), step),
            "rotate_token": lambda step: self.api.access.rotate(step["token"]),
            "revoke": lambda step: self._right(self.api.access.revoke, step),
            "grant": lambda step: self._right(self.api.access.grant, step),
            "expire_history": lambda step: self.store.forget_history(),
            "reset_connections": lambda step: self.listener.reset_all(),
            "restore": self._restore,
        }

    def _right(self, change: Callable[..., None], step: dict[str, Any]) -> None:
        change(step.get("group", ""), step["resource"], tuple(step.get("verbs", READ)))

    def _restore(self, step: dict[str, Any]) -> None:
        """Put the cluster back to an older state, as from a backup: lower versions, other objects."""
        self.store.clear()
        self.store.revision = max(1, self.store.revision - int(step.get("back_by", 100_000)))
        self.store.forget_history()
        self.timeline = Timeline(self.timeline.now_ms)
        self.api.usage = self._settle(f"{self._seed} {step.get('seed', 'restored')}")
        self.listener.reset_all()

    def _settle(self, seed: str) -> UsageSource:
        """Have the cluster inhabited, and say who tells its usage."""
        identity = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self._seed}.kube-system"))
        described = self.scenario.described
        if self.scenario.bulk is not None:
            bulk = BulkWorld(self.store, self.timeline, seed, Size(**self.scenario.bulk))
            bulk.build(kube_system_uid=identity, version=self.scenario.version, zones=described["zones"])
            self.world = bulk
            return bulk
        self.world = world = World(self.store, self.timeline, seed)
        build(world, described, kube_system_uid=identity)
        if self.scenario.churn_seconds:
            churn(world, self.scenario.churn_seconds)
        return UsageReadings(world)


def _same(answer: AnyAnswer) -> AnyAnswer:
    return answer


def token_of(secret: str, name: str, who: str) -> str:
    """A token that stays the same for the same state folder."""
    return hashlib.sha256(f"{secret} {name} {who}".encode()).hexdigest()


def _tls(authority: Authority, folder: Path, host: str) -> ssl.SSLContext:
    path = folder / "server-good.pem"
    if not path.exists():
        authority.server_certificate(path, hosts=tuple(dict.fromkeys([*HOSTS, host])))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.load_verify_locations(authority.certificate_path)
    context.verify_mode = ssl.CERT_OPTIONAL
    # Session tickets would let a client skip the certificate that a fault has just replaced.
    context.num_tickets = 0
    return context


__all__ = ["BadStep", "Cluster", "Credentials", "token_of"]
