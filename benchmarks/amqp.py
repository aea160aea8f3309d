"""How fast requests over AMQP are taken and answered, and what is lost when broker or gateway are killed.

Starts a RabbitMQ node, a CKAN stand-in and the portal's processes, all of its own: ``make amqp-bench``.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.ckan import DemoCkan
from tests.messaging.client import Client
from tests.messaging.node import Node
from tests.processes.installation import Installation, postgres_database

Body = dict[str, Any]
PARTS = ("burst", "stream", "outbox", "node", "gateway", "connections", "database")
#: Between two requests amid which something happens; slower where that takes its time.
SECONDS_BETWEEN = {"connections": 0.15, "database": 0.15}
OUTBOX = """
import time
from django.db import transaction
from messaging import publish
from packager.models import Delivery
rows, start = {rows}, time.time()
with transaction.atomic():
    for number in range(rows):
        publish("Package", "built", {{"number": number}})
put = time.time()
while Delivery.objects.outbox("amqp").exists():
    time.sleep(0.02)
print(round(rows / (time.time() - put)))
"""


@contextmanager
def installation(database: str, node: Node, ckan: DemoCkan) -> Iterator[Installation]:
    """A portal with a gateway on this kind of database."""
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_database() if database == "PostgreSQL" else nullcontext() as url,
    ):
        given = {"MESSAGING_URL": node.url, "MESSAGING_HEARTBEAT": "5", "MESSAGING_PID_FILE": f"{folder}/gateway.pid"}
        with Installation(Path(folder), ckan.host, **given, **({"DATABASE_URL": url} if url else {})) as portal:
            portal.manage("amqp_gateway", "start")
            try:
                yield portal
            finally:
                portal.manage("amqp_gateway", "stop")


def quantiles(delays: list[float]) -> str:
    """Median and 99 %."""
    last = delays[min(len(delays) - 1, int(len(delays) * 0.99))]
    return f"median {statistics.median(delays) * 1000:.0f} ms, 99 % {last * 1000:.0f} ms"


def ask(client: Client, name: str, body: Body, count: int, rate: float = 0) -> None:
    """Ask ``count`` times for the same, ``rate`` times a second (0: as fast as it goes)."""
    start = time.monotonic()
    for number in range(count):
        if rate:
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
        client.ask(f"{name}-{number}", body)


def burst(portal: Installation, node: Node, body: Body, count: int) -> None:
    """As many as there are, at once."""
    with Client(node.url) as client:
        start = time.monotonic()
        ask(client, "burst", {**body, "limit": 1}, count)
        portal.wait(lambda: len(client.delays("accepted")) == count, seconds=900)
        last = max(time for answers in client.answers.values() for time, answer in answers[:1])
        delays = quantiles(client.delays("accepted"))
        print(f"  {count} at once: {count / (last - start):.0f} accepted a second, {delays}", flush=True)
        portal.wait(lambda: client.ended() == count, seconds=900)


def stream(portal: Installation, node: Node, body: Body, count: int) -> None:
    """Steadily; and one tiny package after the other."""
    with Client(node.url) as client:
        ask(client, "stream", {**body, "limit": 1}, count // 5, rate=20)
        portal.wait(lambda: client.ended() == count // 5, seconds=300)
        print(f"  20 a second, to accepted: {quantiles(client.delays('accepted'))}", flush=True)
    with Client(node.url) as client:
        for number in range(20):
            client.ask(f"tiny-{number}", {**body, "limit": 2 + number})
            portal.wait(lambda done=number + 1: client.ended() == done, seconds=120)
        print(f"  a tiny package, to succeeded: {quantiles(client.delays('succeeded'))}", flush=True)


def outbox(portal: Installation) -> None:
    """Rows of the outbox, until they are confirmed."""
    rate = portal.manage("shell", "-v", "0", "-c", OUTBOX.format(rows=3000)).strip()
    print(f"  outbox: {rate} messages a second", flush=True)


def connected_at(portal: Installation) -> float:
    """When the gateway found the broker the last time, on the clock of ``time.monotonic``."""
    since = portal.one("SELECT max(since) FROM messaging_gateway WHERE connected")
    moment = datetime.fromisoformat(str(since))
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - time.time() + time.monotonic()


def disturbed(
    portal: Installation, node: Node, body: Body, name: str, count: int, disturb: Callable[[], float]
) -> None:
    """Ask while something happens; ``disturb`` gives the time at which the way was free again."""
    freed: list[float] = []
    disturber = threading.Thread(target=lambda: freed.append(disturb()))
    with Client(node.url) as client:
        for number in range(count):
            if number == count // 3:
                disturber.start()
            client.ask(f"{name}-{number}", {**body, "limit": 100 + number})
            time.sleep(SECONDS_BETWEEN.get(name, 0.02))
        disturber.join()
        portal.wait(lambda: client.ended() == count, seconds=900)
        times = [at for answers in client.answers.values() for at, _ in answers]
        copies = sum(len(ids) for ids in client.ids.values())
    asked = f"FROM packager_packagerequest WHERE idempotency_key LIKE '{name}-%'"
    built = portal.one(f"SELECT count(DISTINCT package_id) {asked}")
    print(
        f"  {name}: {count} asked, {portal.one(f'SELECT count(*) {asked}')} requests, {built} packages, "
        f"{client.ended()} ends, {copies} responses; first message {after(times, freed[0])} after the way was free, "
        f"{after(times, connected_at(portal))} after the gateway's next try",
        flush=True,
    )


def after(times: list[float], moment: float) -> str:
    """How long after ``moment`` the first of ``times`` was."""
    later = [at - moment for at in times if at > moment]
    return f"{min(later):.1f} s" if later else "(all before)"


def kill_node(node: Node, seconds: float) -> float:
    """Kill it, wait, start it."""
    node.kill()
    time.sleep(seconds)
    node.start()
    return time.monotonic()


def kill_gateway(portal: Installation) -> float:
    """Kill it and start another."""
    os.kill(int((portal.directory / "gateway.pid").read_text()), signal.SIGKILL)
    portal.manage("amqp_gateway", "start")
    return time.monotonic()


def close_connections(node: Node, times: int = 4) -> float:
    """Every 5 s."""
    for _ in range(times):
        node.close_connections()
        closed = time.monotonic()
        time.sleep(5)
    return closed


def database_away(portal: Installation) -> float:
    """For 20 s."""
    with portal.database_away():
        time.sleep(20)
    return time.monotonic()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--disturbed", type=int, default=200, help="requests amid which something is killed")
    parser.add_argument("--away", type=float, default=30, help="seconds for which the broker is away")
    parser.add_argument("--databases", nargs="+", default=["SQLite", "PostgreSQL"])
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Node(Path(folder)) as node, DemoCkan(rows=2000) as ckan:
        body = {"api_url": ckan.api_url, "resource_id": ckan.id("specimens")}
        for database in options.databases:
            with installation(database, node, ckan) as portal:
                print(database, flush=True)
                for part in options.parts:
                    measure(part, portal, node, body, options)


def measure(part: str, portal: Installation, node: Node, body: Body, options: argparse.Namespace) -> None:
    """One of ``PARTS``."""
    disturbances: dict[str, Callable[[], float]] = {
        "node": lambda: kill_node(node, options.away),
        "gateway": lambda: kill_gateway(portal),
        "connections": lambda: close_connections(node),
        "database": lambda: database_away(portal),
    }
    if part == "burst":
        burst(portal, node, body, options.requests)
    elif part == "stream":
        stream(portal, node, body, options.requests)
    elif part == "outbox":
        outbox(portal)
    else:
        disturbed(portal, node, body, part, options.disturbed, disturbances[part])


if __name__ == "__main__":
    main()
