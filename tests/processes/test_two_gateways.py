"""Two gateways at once, on one broker and one database: each UUID is taken once, however often it is sent."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from tests.messaging.client import Client
from tests.messaging.node import Node
from tests.processes.installation import Installation, postgres_database

pytestmark = [pytest.mark.slow, pytest.mark.rabbitmq]
MANY = 40


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A RabbitMQ of our own."""
    with Node(tmp_path_factory.mktemp("rabbitmq")) as node:
        yield node


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def portal(request, node, ckan, tmp_path):
    """A portal with two gateways, and queues of its own."""
    with postgres_database() if request.param == "postgres" else nullcontext() as url:
        names = {
            "MESSAGING_EXCHANGE": request.param,
            "MESSAGING_INPUT_QUEUE": f"{request.param}.requests",
            "MESSAGING_OUTPUT_QUEUE": f"{request.param}.responses",
            # so few that both get some of the requests
            "MESSAGING_PREFETCH": "2",
        }
        given = {"MESSAGING_URL": node.url, **names, **({"DATABASE_URL": url} if url else {})}
        with Installation(tmp_path, ckan.host, **given) as portal:
            both = [str(tmp_path / f"gateway-{number}.pid") for number in (1, 2)]
            for file in both:
                portal.environment["MESSAGING_PID_FILE"] = file
                portal.manage("amqp_gateway", "start")
            portal.wait(lambda: portal.one("SELECT count(*) FROM messaging_gateway WHERE connected") == 2)
            yield portal
            for file in both:
                portal.environment["MESSAGING_PID_FILE"] = file
                portal.manage("amqp_gateway", "stop")


def test_each_uuid_is_taken_once_by_either_of_them(portal, node, ckan):
    body = {"api_url": ckan.api_url, "resource_id": ckan.id("specimens")}
    with Client(node.url, portal.environment["MESSAGING_EXCHANGE"]) as client:
        for number in range(MANY):
            for _ in range(2):
                client.ask(str(number), {**body, "limit": 1 + number % 3})
        portal.wait(lambda: client.ended() == MANY)
    assert portal.one("SELECT count(*) FROM packager_packagerequest") == MANY
    assert portal.one("SELECT count(DISTINCT idempotency_key) FROM packager_packagerequest") == MANY
    answers = {uuid: [answer for _, answer in came] for uuid, came in client.answers.items()}
    assert {len({answer["request_id"] for answer in given}) for given in answers.values()} == {1}
    assert {given[0]["status"] for given in answers.values()} == {"accepted"}
    portal.wait(lambda: portal.one("SELECT count(*) FROM messaging_gateway WHERE received > 0") == 2)
