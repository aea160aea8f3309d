"""Broker and gateway are killed, connections closed, the database is away: every request is built once and answered."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from messaging import connection
from tests.messaging.client import Client
from tests.messaging.node import Node
from tests.processes.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.rabbitmq]
MANY, HEARTBEAT = 60, 5


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A RabbitMQ of our own."""
    with Node(tmp_path_factory.mktemp("rabbitmq")) as node:
        yield node


@pytest.fixture(scope="module")
def portal(node, ckan, tmp_path_factory):
    """A portal with its clusters and a gateway."""
    directory = tmp_path_factory.mktemp("installation")
    given = {
        "MESSAGING_URL": node.url,
        "MESSAGING_HEARTBEAT": str(HEARTBEAT),
        "MESSAGING_PID_FILE": f"{directory}/gateway.pid",
    }
    with Installation(directory, ckan.host, **given) as portal:
        portal.manage("amqp_gateway", "start")
        yield portal
        portal.manage("amqp_gateway", "stop")


def gateway(portal):
    return int((portal.directory / "gateway.pid").read_text())


def ask_amid(portal, node, ckan, name, disturb):
    """Ask for many packages, ``disturb`` in the middle; then each was built once, and each has its end."""
    body = {"api_url": ckan.api_url, "resource_id": ckan.id("specimens")}
    with Client(node.url) as client, ThreadPoolExecutor(1) as disturber:
        for number in range(MANY):
            if number == MANY // 3:
                disturbed = disturber.submit(disturb)
            client.ask(f"{name}-{number}", {**body, "limit": number + 1})
            time.sleep(0.05)
        disturbed.result()
        portal.wait(lambda: client.ended() == MANY, seconds=400)
    ends = {uuid: [a for _, a in answers if a["status"] != "progress"] for uuid, answers in client.answers.items()}
    asked = f"SELECT count(*) FROM packager_packagerequest WHERE idempotency_key LIKE '{name}-%'"
    assert portal.one(asked) == MANY
    assert {uuid: answers[-1]["rows"] for uuid, answers in ends.items()} == {
        f"{name}-{number}": number + 1 for number in range(MANY)
    }
    assert {answers[0]["status"] for answers in ends.values()} == {"accepted"}
    assert all(len({a["sha256"] for a in answers if a["status"] == "succeeded"}) == 1 for answers in ends.values())


@pytest.mark.fault("RabbitMQ is killed and comes back", "every request built once, answered")
def test_the_broker_is_killed_and_comes_back(portal, node, ckan):
    def disturb():
        node.kill()
        time.sleep(10)
        node.start()

    ask_amid(portal, node, ckan, "node", disturb)


def test_the_broker_hangs_and_that_is_noticed_while_it_does(portal, node, ckan):
    def disturb():
        with node.standing_still():
            portal.wait(lambda: not portal.one("SELECT connected FROM messaging_gateway"))
            time.sleep(connection.CONNECT_SECONDS + 3)  # so that it tries again to connect, and is not answered

    ask_amid(portal, node, ckan, "hang", disturb)


def test_the_broker_is_short_of_memory_and_the_status_says_so_until_it_is_not(portal, node, ckan):
    def told():
        return json.loads(portal.manage("status", "--json"))["messaging"]

    def disturb():
        with node.short_of_memory():
            # something to tell, lest all be told before the alarm: only who publishes is blocked
            asked = {"api_url": ckan.api_url, "resource_id": ckan.id("specimens"), "limit": "999"}
            portal.post("/package_datastore", email="ada@example.org", **asked)
            portal.wait(lambda: told()["blocked"] and told()["connected"])
            time.sleep(2 * HEARTBEAT)  # so that connections end on which nothing goes

    ask_amid(portal, node, ckan, "memory", disturb)
    portal.wait(lambda: told()["blocked"] is None)


@pytest.mark.fault("the AMQP gateway is killed", "every request built once, answered")
def test_the_gateway_is_killed(portal, node, ckan):
    def disturb():
        os.kill(gateway(portal), signal.SIGKILL)
        portal.manage("amqp_gateway", "start")

    ask_amid(portal, node, ckan, "gateway", disturb)


def test_connections_are_closed_again_and_again(portal, node, ckan):
    def disturb():
        for _ in range(3):
            node.close_connections()
            time.sleep(5)

    ask_amid(portal, node, ckan, "connections", disturb)


@pytest.mark.fault("the database is locked for 25 s", "every request built once, answered")
def test_the_database_is_away(portal, node, ckan):
    def disturb():
        with portal.database_away():
            time.sleep(25)  # longer than anybody waits for the lock

    ask_amid(portal, node, ckan, "database", disturb)
