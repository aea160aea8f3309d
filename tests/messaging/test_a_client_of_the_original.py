"""A client that was written for edeposit.amqp and knows nothing but its wire format.

That is: two queues and two routing keys, the header UUID, objects in JSON that become named tuples by the name that
``__nt_name`` says, and headers that tell an exception.
"""

from __future__ import annotations

import json
import uuid
from collections import namedtuple

import pika
import pytest

from tests.messaging.conftest import until

pytestmark = pytest.mark.rabbitmq
AskForPackage = namedtuple("AskForPackage", "api_url resource_id format limit filters key")
KNOWN = {
    kind.__name__: kind
    for kind in (
        namedtuple("PackageAccepted", "uuid status request_id at status_url queue cached"),
        namedtuple("PackageProgress", "uuid status request_id at rows_done rows_total bytes_done bytes_total"),
        namedtuple(
            "PackageReady",
            "uuid status request_id at status_url download_url file_name size sha256 rows notes cached expires_at",
        ),
        namedtuple("PackageFailed", "uuid status request_id at code message field reference retryable"),
        namedtuple("PackageCancelled", "uuid status request_id at status_url"),
    )
}


class Told(Exception):
    """What the other side raised."""


class Original:
    """Puts a named tuple into the input queue, and takes what comes with the same UUID out of the output queue."""

    def __init__(self, channel, names):
        self.channel, self.names = channel, names
        channel.exchange_declare(names.MESSAGING_EXCHANGE, "topic", durable=True)
        for name, key in ((names.MESSAGING_INPUT_QUEUE, "request"), (names.MESSAGING_OUTPUT_QUEUE, "result")):
            channel.queue_declare(name, durable=True)
            channel.queue_bind(name, names.MESSAGING_EXCHANGE, key)

    def send(self, asked):
        body = json.dumps({**asked._asdict(), "__nt_name": type(asked).__name__})
        properties = pika.BasicProperties(
            content_type="application/json", delivery_mode=2, headers={"UUID": str(uuid.uuid4())}
        )
        self.channel.basic_publish(self.names.MESSAGING_EXCHANGE, "request", body.encode(), properties)
        return properties.headers["UUID"]

    def receive(self, uuid):
        frame = until(lambda: (got := self.channel.basic_get(self.names.MESSAGING_OUTPUT_QUEUE, True))[0] and got)
        _, properties, body = frame
        assert properties.headers["UUID"] == uuid
        if "exception" in properties.headers:
            raise Told(*(properties.headers[name] for name in ("exception_type", "exception_name", "exception")))
        told = json.loads(body)
        return KNOWN[told.pop("__nt_name")](**told)


@pytest.fixture
def original(broker, names, request):
    """Its queues are there before ours, as it has declared them."""
    client = Original(broker, names)
    request.getfixturevalue("running")
    return client


def test_it_gets_its_package(original, body, portal):
    sent = original.send(AskForPackage(**body, format="csv", limit=5, filters=None, key=None))
    accepted, ready = original.receive(sent), original.receive(sent)
    assert (type(accepted).__name__, type(ready).__name__) == ("PackageAccepted", "PackageReady")
    assert (ready.rows, ready.request_id) == (5, accepted.request_id)
    assert portal.get(ready.download_url.removeprefix("http://portal.test")).status_code == 200


def test_it_is_told_what_went_wrong_as_it_tells_exceptions(original, body):
    sent = original.send(AskForPackage(**body, format="pdf", limit=None, filters=None, key=None))
    with pytest.raises(Told) as told:
        original.receive(sent)
    kind, name, sentence = told.value.args
    assert (kind, name) == ("<class 'packager.errors.RequestError'>", "RequestError")
    assert sentence.startswith("Unknown format 'pdf'")
