"""``manage.py amqp_schema``: what the tool of the original prints."""

from __future__ import annotations

import io
import json
import sys

import pytest
from django.core.management import call_command

rabbitmq = pytest.mark.rabbitmq


@pytest.fixture
def tool(names, capsys):
    """Runs it; gives standard output, standard error and exit code."""

    def run(*words):
        code = 0
        try:
            call_command("amqp_schema", *words)
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return captured.out, captured.err.strip(), code

    return run


def test_hosts_are_listed_one_a_line(tool, names):
    assert tool("--list")[0] == f"packager\nevents\n{names.MESSAGING_CKAN_SITE_ID}\n"


def test_a_ckan_site_that_is_not_set_is_no_host(tool, names):
    names.MESSAGING_CKAN_SITE_ID = ""
    assert tool("-l")[0] == "packager\nevents\n"


def test_a_broker_that_is_away(tool):
    assert tool("-s", "packager", "-c")[1:] == ("Can't connect to RabbitMQ!", 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-c"], "--host is required parameter to --create"),
        (["--put", "/nowhere"], "Can't open '/nowhere'!"),
        (["--get", "-s", "all"], "Can't receive all hosts!"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tool, words, sentence):
    assert tool(*words)[1:] == (sentence, 1)


def made(names):
    """What is printed of the exchange of requests."""
    exchange, asked, answered = names.MESSAGING_EXCHANGE, names.MESSAGING_INPUT_QUEUE, names.MESSAGING_OUTPUT_QUEUE
    return (
        f"Created exchange '{exchange}'.\n"
        "Creating queues:\n"
        f"\tCreated durable queue '{asked}'.\n"
        f"\tCreated durable queue '{answered}'.\n"
        "\n"
        "Routing exchanges using routing key to queues:\n"
        f"\tRouting exchange {exchange}['request'] -> '{asked}'.\n"
        f"\tRouting exchange {exchange}['result'] -> '{answered}'.\n"
    )


@rabbitmq
def test_exchange_and_queues_are_made(broker, tool, names):
    out, _, code = tool("--host", "packager", "--create")
    assert (out, code) == (made(names), 0)
    broker.basic_publish(names.MESSAGING_EXCHANGE, "request", b"asked", mandatory=True)
    broker.basic_publish(names.MESSAGING_EXCHANGE, "result", b"answered", mandatory=True)
    queues = (names.MESSAGING_INPUT_QUEUE, names.MESSAGING_OUTPUT_QUEUE)
    assert [broker.basic_get(queue, auto_ack=True)[2] for queue in queues] == [b"asked", b"answered"]


@rabbitmq
def test_all_hosts_are_made_in_one_go(broker, tool, names):
    others = [names.MESSAGING_SITE_ID, names.MESSAGING_CKAN_SITE_ID]
    assert tool("-s", "all", "-c")[0] == made(names) + "".join(f"Created exchange '{name}'.\n" for name in others)
    for name in others:
        broker.exchange_declare(name, "topic", durable=True)
    broker.exchange_delete(names.MESSAGING_CKAN_SITE_ID)


@rabbitmq
def test_a_request_is_sent_under_a_uuid(broker, tool, names, tmp_path):
    file = tmp_path / "request.json"
    file.write_text('{"operation": "status"}')
    fresh, chosen = tool("--put", str(file))[0].strip(), tool("--put", str(file), "--uuid", "mine")[0].strip()
    taken = [broker.basic_get(names.MESSAGING_INPUT_QUEUE, auto_ack=True) for _ in range(2)]
    assert [properties.headers["UUID"] for _, properties, _ in taken] == [fresh, chosen]
    assert {(properties.content_type, properties.delivery_mode) for _, properties, _ in taken} == {
        ("application/json", 2)
    }
    assert (len(fresh), chosen) == (36, "mine")
    assert taken[0][2] == file.read_bytes()


@rabbitmq
def test_a_request_is_read_from_standard_input(broker, tool, names, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"q": "\xc5\xbe"}')))
    sent = tool("--put", "-")[0].strip()
    _, properties, body = broker.basic_get(names.MESSAGING_INPUT_QUEUE, auto_ack=True)
    assert (properties.headers["UUID"], body) == (sent, b'{"q": "\xc5\xbe"}')


@rabbitmq
def test_what_was_answered_is_taken_and_printed(broker, tool, names):
    tool("-s", "packager", "-c")
    broker.basic_publish(names.MESSAGING_EXCHANGE, "result", "žluť".encode())
    out, _, code = tool("--get", "-t", "0.3")
    line, dashes, empty, *_ = out.split("\n")
    told = json.loads(line)
    assert (set(told), told["body"], code) == ({"method_frame", "properties", "body"}, "žluť", 0)
    assert told["method_frame"]["routing_key"] == "result"
    assert (dashes, empty) == ("-" * 79, "")
    assert tool("--get", "-t", "0.3")[1:] == ("Timeouted!", 1)


@rabbitmq
@pytest.mark.parametrize("what", ["another kind", "other arguments", "refused", "owned by another"])
def test_what_cannot_be_used_is_named_with_its_setting(broker, tool, names, what):
    exchange, asked, answered = names.MESSAGING_EXCHANGE, names.MESSAGING_INPUT_QUEUE, names.MESSAGING_OUTPUT_QUEUE
    if what == "another kind":
        broker.exchange_declare(exchange, "fanout", durable=True)
        said = f"The exchange '{exchange}' of MESSAGING_EXCHANGE cannot be used: it exists with other properties."
    elif what == "other arguments":
        broker.queue_declare(asked, durable=True, arguments={"x-max-length": 5})
        said = f"The queue '{asked}' of MESSAGING_INPUT_QUEUE cannot be used: it exists with other properties."
    elif what == "refused":
        names.MESSAGING_EXCHANGE = "amq.mine"
        said = "The exchange 'amq.mine' of MESSAGING_EXCHANGE cannot be used: the user may not use it."
    else:
        broker.queue_declare(answered, durable=True, exclusive=True)
        said = f"The queue '{answered}' of MESSAGING_OUTPUT_QUEUE cannot be used: another connection owns it."
    out, sentence, code = tool("-s", "packager", "-c")
    names.MESSAGING_EXCHANGE = exchange
    assert (out, sentence, code) == ("", said, 1)
