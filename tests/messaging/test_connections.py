"""Connections: several brokers in turn, certificates always checked, one gateway at a time that sends."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from messaging import connection, consumer, pauses
from messaging.errors import BrokerAway, BrokerRefuses
from messaging.pauses import Found, Pauses
from messaging.sender import Sender
from packager.delivery import outbox


@pytest.mark.rabbitmq
def test_brokers_are_tried_in_turn(broker, names):
    with connection.connect(f"amqp://guest:guest@127.0.0.1:1/, {names.MESSAGING_URL}") as link:
        assert link.is_open


@pytest.mark.rabbitmq
def test_a_wrong_password_is_one_sentence_without_it(broker, names):
    url = names.MESSAGING_URL.replace("guest:guest", "guest:opensesame")
    with pytest.raises(BrokerRefuses) as refused:
        connection.connect(url)
    assert "MESSAGING_URL" in refused.value.message
    assert "opensesame" not in str(refused.value)


def test_a_broker_that_is_away_is_told_without_the_password(names):
    with pytest.raises(BrokerAway) as away:
        connection.connect("amqp://u:opensesame@127.0.0.1:1/")
    assert "opensesame" not in str(away.value)


def test_a_broker_that_takes_the_connection_and_says_nothing_is_away(names, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(BrokerAway):
        connection.connect(f"amqp://u:p@127.0.0.1:{silent.getsockname()[1]}/")


def test_certificate_and_host_name_are_checked(names):
    (found,) = connection.parameters("amqps://u:p@broker.example:5671/")
    assert found.ssl_options.context.verify_mode == ssl.CERT_REQUIRED
    assert found.ssl_options.context.check_hostname
    assert found.ssl_options.server_hostname == "broker.example"


def test_a_broker_that_hangs_is_noticed(names):
    names.MESSAGING_HEARTBEAT = 7
    (found,) = connection.parameters("amqp://u:p@broker.example/")
    assert (found.heartbeat, found.blocked_connection_timeout, found.socket_timeout) == (7, 14, 10)


def test_pauses_grow_to_half_a_minute_with_jitter():
    usual = [1, 2, 4, 8, 16, 30, 30, 30]
    for failures, seconds in enumerate(usual, 1):
        assert 0.8 * seconds <= pauses.pause(failures) <= 1.2 * seconds
    assert len({pauses.pause(1) for _ in range(20)}) > 1


@pytest.fixture
def waited(monkeypatch):
    """After how many failures there was a pause, instead of the pause."""
    after = []
    monkeypatch.setattr(pauses, "pause", lambda failures: after.append(failures) or 0)
    return after


def test_pauses_begin_anew_when_it_went_well_in_between(waited):
    tries = Pauses(threading.Event())
    for _ in range(3):
        tries.wait()
    tries.over()
    tries.wait()
    assert waited == [1, 2, 3, 1]


def test_who_waits_for_the_broker_waits_no_longer_when_another_thread_has_found_it(monkeypatch):
    monkeypatch.setattr(pauses, "pause", lambda failures: 1000)
    one, other = Pauses(threading.Event(), found := Found()), Pauses(threading.Event(), found)
    threads = [threading.Thread(target=tries.wait) for tries in (one, other)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        found.times += 1
        time.sleep(0.05)


def test_a_stop_ends_a_pause(monkeypatch):
    monkeypatch.setattr(pauses, "pause", lambda failures: 1000)
    stop = threading.Event()
    waits = threading.Thread(target=Pauses(stop).wait)
    waits.start()
    stop.set()
    waits.join()


@pytest.mark.rabbitmq
def test_connections_that_end_again_and_again_are_made_again_after_the_shortest_pause(broker, waited, monkeypatch):
    stop = threading.Event()

    def lost_at_every_second_look(*_):
        looks.append(1)
        if len(looks) == 6:
            stop.set()
        if len(looks) % 2 == 0:
            raise BrokerAway("a test")
        return 0

    looks = []
    monkeypatch.setattr(outbox, "send_waiting", lost_at_every_second_look)
    Sender("a test", stop).run()
    assert waited == [1, 1, 1]


def test_one_line_when_the_broker_goes_and_one_when_it_is_back(caplog):
    caplog.set_level(logging.INFO)
    away = threading.Event()
    for _ in range(3):
        consumer.log_lost(away, BrokerAway("test"))
    consumer.log_connected(away)
    consumer.log_connected(away)
    assert [record.getMessage() for record in caplog.records] == [
        "RabbitMQ cannot be reached. (test) Trying again until it can.",
        "RabbitMQ is back.",
    ]


def test_one_gateway_at_a_time_sends_and_another_takes_over_when_it_falls_silent(portal):
    first, second = Sender("a", threading.Event()), Sender("b", threading.Event())
    assert [first._holds_lease(), second._holds_lease(), first._holds_lease()] == [True, False, True]
    with time_machine.travel(timezone.now() + timedelta(seconds=6)):
        assert [second._holds_lease(), first._holds_lease()] == [True, False]


def test_looking_whether_it_sends_writes_nothing_while_its_turn_is_young(portal, django_assert_num_queries):
    ours = Sender("a", threading.Event())
    assert ours._holds_lease()
    with django_assert_num_queries(0):
        assert ours._holds_lease()
    with time_machine.travel(timezone.now() + timedelta(seconds=3)), django_assert_num_queries(1):
        assert ours._holds_lease()
