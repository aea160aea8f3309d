"""Status, dashboard and metrics tell how it stands with the broker; readiness does not depend on it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone

from messaging import publish, state
from messaging.models import Gateway
from packager.presentation import service_status


@pytest.fixture
def on(listening, monkeypatch):
    """Messages are on."""
    monkeypatch.setitem(service_status.others, "messaging", state.report)


def gateway(**facts):
    now = timezone.now()
    plain = {"host": "h", "pid": 1, "started_at": now, "seen_at": now, "since": now, "connected": True}
    return Gateway.objects.create(**{**plain, **facts})


def test_the_outbox_and_the_connection_are_told(on, capsys):
    gateway(received=7, sent=5, dead=1)
    publish("Package", "built", {})
    call_command("status", "--json")
    told = json.loads(capsys.readouterr().out)["messaging"]
    assert (told["connected"], told["waiting"], told["received"], told["sent"], told["dead"]) == (True, 1, 7, 5, 1)
    assert told["oldest"] >= 0
    call_command("status")
    assert "AMQP: 1 gateway, connected since" in capsys.readouterr().out


def test_a_gateway_that_lost_the_broker_or_died_is_told(on):
    gateway(connected=False)
    assert not state.state().connected
    assert "not connected since" in state.state().sentence
    Gateway.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    assert state.state().sentence == "No AMQP gateway is running."


def test_a_broker_that_takes_no_messages_is_told(on, portal):
    gateway(blocked_since=timezone.now())
    portal.force_login(get_user_model().objects.create_superuser("staff"))
    assert "RabbitMQ has taken no messages since" in state.state().sentence
    assert state.report()["blocked"]
    assert "RabbitMQ has taken no messages since" in portal.get("/admin/now/").content.decode()
    assert b"packaging_amqp_blocked 1.0" in portal.get("/metrics").content
    Gateway.objects.update(blocked_since=None)
    assert state.report()["blocked"] is None
    assert b"packaging_amqp_blocked 0.0" in portal.get("/metrics").content


def test_the_dashboard_shows_it(on, portal):
    portal.force_login(get_user_model().objects.create_superuser("staff"))
    gateway(connected=False)
    publish("Package", "built", {})
    page = portal.get("/admin/now/").content.decode()
    assert "RabbitMQ has been out of reach since" in page
    assert "1 message waiting to be sent" in page


def test_metrics_and_readiness(on, portal):
    gateway(sent=5)
    page = portal.get("/metrics").content.decode()
    assert "packaging_amqp_connected 1.0" in page
    assert 'packaging_amqp_messages{kind="sent"} 5.0' in page
    Gateway.objects.all().delete()
    assert portal.get("/readyz").status_code == 200


def test_where_messages_are_off_nothing_is_told(portal, capsys):
    assert state.state() is None
    assert b"amqp" not in portal.get("/metrics").content
    call_command("status")
    assert "AMQP" not in capsys.readouterr().out
