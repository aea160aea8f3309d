"""Messages that are not as they should be: each is answered or goes to the dead letters, and none holds up others."""

from __future__ import annotations

import json
import logging
import struct

import pika
import pika.data
import pytest

from messaging import incoming
from tests.messaging.conftest import answers, outgoing, receive, statuses, until

rabbitmq = pytest.mark.rabbitmq
HALF = "\ud800"


@pytest.mark.parametrize("name", ["correlation_id", "reply_to", "routing_key"])
@pytest.mark.parametrize("value", [b"\xff", "a\x00b", HALF], ids=["bytes", "NUL", "half a pair"])
def test_a_property_that_is_no_text_is_named_and_the_answer_goes_the_usual_way(ask, body, names, name, value):
    ask("one", body, **{name: value})
    (message,) = outgoing()
    assert [message["body"][fact] for fact in ("status", "code", "field")] == ["failed", "bad_request", name]
    assert (message["exchange"], message["routing_key"]) == (names.MESSAGING_EXCHANGE, "result")
    assert message["correlation_id"] is None


@pytest.mark.parametrize(("name", "shown"), [("\x00", r"\0"), (HALF, r"\ud800")])
def test_what_no_database_takes_is_spelled_out(ask, body, name, shown):
    ask("one", {**body, name: 1})
    (answer,) = answers("one")
    assert (answer["code"], answer["field"]) == ("bad_request", shown)


@pytest.mark.parametrize(("of", "code"), [("\x00", "bad_request"), (HALF, "bad_request"), ("x" * 9999, "not_found")])
@pytest.mark.parametrize("operation", ["status", "cancel"])
def test_under_what_can_be_no_uuid_there_is_no_request(ask, operation, of, code):
    ask("one", {"operation": operation, "of": of})
    assert answers("one")[0]["code"] == code


def test_nothing_is_forgotten_when_the_secret_key_changes(ask, body, settings):
    ask("one", body)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one"
    ask("one", body)
    ask("one", {**body, "limit": 1})
    assert [answer.get("code", answer["status"]) for answer in answers("one")] == [
        "accepted",
        "accepted",
        "idempotency_mismatch",
    ]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (b'{"key": "eyJ\\"secret", "q": "\xc5\xbe"}', '{"key": "[hidden]", "q": "ž"}'.encode()),
        (b'{"\\u006bey": "eyJsecret"}', b'{"key": "[hidden]"}'),
        (b'{"key" : "eyJ\\"secret", "q": ', b'{"key" : "[hidden]", "q": '),
        (b'{"key": "eyJsecret', b'{"key": "[hidden]"'),
        (b'{"keys":  "open"}', b'{"keys":  "open"}'),
        (b"\x00\xff", b"\x00\xff"),
    ],
)
def test_a_key_of_ckan_is_taken_out_of_a_body_that_cannot_be_answered(names, body, left):
    assert incoming.without_key(body) == left


def test_a_key_of_ckan_reaches_no_log(ask, body, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(incoming.requests, "save", lambda *_, **__: 1 / 0)
    ask("one", {**body, "key": "eyJsecret"})
    assert statuses("one") == ["failed"]
    assert "ZeroDivisionError" in caplog.text
    assert "eyJsecret" not in caplog.text


# ------------------------------------------------------------------ with a broker


def nested(kind, depth):
    """A header whose value holds tables (F) or arrays (A) in one another."""
    inner = b""
    for _ in range(depth):
        inner = (b"\x01a" if kind == b"F" else b"") + kind + struct.pack(">I", len(inner)) + inner
    return inner if kind == b"F" else b"\x01a" + inner


HEADERS = {
    "milliseconds": b"\x01tT" + struct.pack(">Q", 1_772_000_000_000),
    "before 1970": b"\x01tT" + struct.pack(">q", -14_000_000),
    "tables": nested(b"F", 10_000),
    "arrays": nested(b"A", 10_000),
    "large fraction": b"\x01td" + struct.pack(">d", 1e308),
    "no UTF-8": b"\x02\xff\xfeS\x00\x00\x00\x02\xff\xfe",
}


@pytest.fixture
def send(running, names, monkeypatch):
    """Publishes with headers of which only the wire can tell, beside a UUID or none."""

    usual = pika.data.encode_table

    def encoded(pieces, table):
        raw = (table or {}).get("raw")
        if raw is None:
            return usual(pieces, table)
        pieces.append(struct.pack(">I", len(raw)) + raw)
        return 4 + len(raw)

    def publish(raw, body, uuid=""):
        uuid = b"\x04UUIDS" + struct.pack(">I", len(uuid)) + uuid.encode() if uuid else b""
        properties = pika.BasicProperties(headers={"raw": uuid + raw})
        running.basic_publish(names.MESSAGING_EXCHANGE, "request", json.dumps(body).encode(), properties)

    monkeypatch.setattr(pika.data, "encode_table", encoded)
    return publish


@rabbitmq
def test_headers_that_pika_cannot_read_or_write_end_no_connection(running, names, body, send):
    for number, raw in enumerate(HEADERS.values()):
        send(raw, body)
        send(raw, {**body, "limit": number}, f"with {number}")
    ended = set()
    while len(ended) < len(HEADERS):
        answer = receive(running, names.MESSAGING_OUTPUT_QUEUE)[1]
        ended |= {answer["uuid"]} if answer["status"] == "succeeded" else set()
    letters = [until(lambda: (got := running.basic_get(names.MESSAGING_DEAD))[0] and got) for _ in HEADERS]
    assert [properties.headers["reason"] for _, properties, _ in letters] == ["no header UUID that is text"] * 6
    assert [letters[number][1].headers["t"] for number in (0, 1, 4)] == [1_772_000_000_000, -14_000_000, None]


@rabbitmq
def test_a_dead_letter_has_no_key_of_ckan(running, names):
    running.basic_publish(names.MESSAGING_EXCHANGE, "request", b'{"key": "eyJsecret"}')
    _, body = receive(running, names.MESSAGING_DEAD)
    assert body == {"key": "[hidden]"}


@rabbitmq
@pytest.mark.parametrize("gone", ["queue", "exchange"])
def test_a_message_stays_until_its_dead_letter_is_kept(running, names, gone):
    getattr(running, f"{gone}_delete")(names.MESSAGING_DEAD)
    running.basic_publish(names.MESSAGING_EXCHANGE, "request", b"nobody to answer")

    def letter():
        with running.connection.channel() as channel:
            try:
                return channel.basic_get(names.MESSAGING_DEAD, auto_ack=True)[2]
            except pika.exceptions.ChannelClosedByBroker:
                return None  # it is not there again yet

    assert until(letter) == b"nobody to answer"
