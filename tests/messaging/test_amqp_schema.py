"""``manage.py amqp_schema``: what the tool of the original prints."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from tests.messaging.conftest import until

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


@rabbitmq
def test_exchange_and_queues_are_made(broker, tool, names):
    out, _, code = tool("--host", "packager", "--create")
    exchange, asked, answered = names.MESSAGING_EXCHANGE, names.MESSAGING_INPUT_QUEUE, names.MESSAGING_OUTPUT_QUEUE
    assert code == 0
    assert out.rstrip("\n") == (
        f"Created exchange '{exchange}'.\n"
        "Creating queues:\n"
        f"\tCreated durable queue '{asked}'.\n"
        f"\tCreated durable queue '{answered}'.\n"
        "\n"
        "Routing exchanges using routing key to queues:\n"
        f"\tRouting exchange {exchange}['request'] -> '{asked}'.\n"
        f"\tRouting exchange {exchange}['result'] -> '{answered}'."
    )


@rabbitmq
def test_a_request_is_sent_under_a_uuid(broker, tool, names, tmp_path):
    file = tmp_path / "request.json"
    file.write_text('{"operation": "status"}')
    fresh, chosen = tool("--put", str(file))[0].strip(), tool("--put", str(file), "--uuid", "mine")[0].strip()
    taken = [broker.basic_get(names.MESSAGING_INPUT_QUEUE, auto_ack=True) for _ in range(2)]
    assert [properties.headers["UUID"] for _, properties, _ in taken] == [fresh, chosen]
    assert (len(fresh), chosen) == (36, "mine")
    assert taken[0][2] == file.read_bytes()


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
def test_an_exchange_of_another_kind_is_named_with_its_setting(broker, tool, names):
    broker.exchange_declare(names.MESSAGING_EXCHANGE, "fanout", durable=True)
    _, sentence, code = tool("-s", "packager", "-c")
    assert (names.MESSAGING_EXCHANGE in sentence, "MESSAGING_EXCHANGE" in sentence, code) == (True, True, 1)
    assert until(lambda: broker.is_open)
