"""Webhooks: signed, sent again while there is hope, and never to where they must not go."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from packager.delivery import deliveries, webhook
from packager.models import Delivery, PackageRequest
from tests.packager.conftest import run_tasks


@pytest.fixture
def unused_tcp_port():
    """A port at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def hook(httpserver, settings):
    """A receiver that answers 204 unless told otherwise."""
    settings.PACKAGER_WEBHOOK_HOSTS = [httpserver.host]
    httpserver.expect_request("/ordered", method="POST").respond_with_data(status=204)
    return httpserver


def _calls(hook):
    return [call for call, _ in hook.log]


def _made(api, body, hook, **more):
    made = api.post("requests/", {**body, "webhook_url": hook.url_for("/ordered"), **more})
    assert made.status_code == 201, made.content
    run_tasks()
    return PackageRequest.objects.get(pk=made.json()["id"])


def test_a_package_that_is_ready_is_told(api, body, hook):
    request = _made(api, body, hook)
    told = json.loads(_calls(hook)[0].data)
    assert told["event"] == "request.succeeded"
    assert told["request"] == json.loads(api.get(f"requests/{request.pk}/").content)
    assert Delivery.objects.get().state == Delivery.State.SENT


def test_the_signature_is_made_with_the_keys_secret(api, body, hook):
    _made(api, body, hook)
    call = _calls(hook)[0]
    at, mark = (part.partition("=")[2] for part in call.headers["X-Packaging-Signature"].split(","))
    expected = hmac.new(api.issued.webhook_secret.encode(), f"{at}.".encode() + call.data, hashlib.sha256)
    assert mark == expected.hexdigest()
    assert abs(int(at) - timezone.now().timestamp()) < 600


def test_failures_and_cancellations_are_told_as_well(api, body, hook):
    _made(api, body, hook, resource_id="unknown")
    made = api.post("requests/", {**body, "webhook_url": hook.url_for("/ordered"), "email": "ada@example.org"})
    api.post(f"requests/{made.json()['id']}/cancel/")
    run_tasks()
    told = [json.loads(call.data) for call in _calls(hook)]
    assert [news["event"] for news in told] == ["request.failed", "request.cancelled"]
    assert told[0]["request"]["failure"]["code"] == "resource_not_found"
    assert not Delivery.objects.filter(channel="email").exists()


def test_no_key_is_told(api, body, hook):
    _made(api, body, hook, key="eyJsecret")
    call = _calls(hook)[0]
    everything = call.data.decode() + str(call.headers)
    assert "eyJsecret" not in everything
    assert api.issued.text not in everything
    assert api.issued.webhook_secret not in everything


@pytest.mark.parametrize("status", [500, 503, 429, 408, 302])
def test_a_receiver_in_trouble_is_called_again_later(api, body, hook, status):
    hook.clear()
    hook.expect_request("/ordered").respond_with_data(status=status, headers={"Location": hook.url_for("/elsewhere")})
    _made(api, body, hook)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error_code) == (Delivery.State.PENDING, "delivery_deferred")
    assert delivery.next_attempt_at > timezone.now()
    assert len(_calls(hook)) == 1
    hook.clear()
    hook.expect_request("/ordered").respond_with_data(status=200)
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        deliveries.send_due()
        run_tasks()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (Delivery.State.SENT, 2)


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_a_receiver_that_does_not_want_it_is_left_alone(api, body, hook, status):
    hook.clear()
    hook.expect_request("/ordered").respond_with_data(status=status)
    request = _made(api, body, hook)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error_code) == (Delivery.State.FAILED, "delivery_refused")
    assert request.status == "succeeded"


def test_a_receiver_that_is_away_is_called_again_later(api, body, settings, unused_tcp_port):
    settings.PACKAGER_WEBHOOK_HOSTS = ["127.0.0.1"]
    api.post("requests/", {**body, "webhook_url": f"http://127.0.0.1:{unused_tcp_port}/"})
    run_tasks()
    assert Delivery.objects.get().state == Delivery.State.PENDING


def test_an_address_inside_is_never_called_unless_it_is_named(api, body, hook, settings):
    made = api.post("requests/", {**body, "webhook_url": hook.url_for("/ordered")})
    settings.PACKAGER_WEBHOOK_HOSTS = []
    run_tasks()
    assert made.status_code == 201
    assert _calls(hook) == []
    assert Delivery.objects.get().state == Delivery.State.FAILED


def test_named_hosts_do_not_shut_out_public_ones(settings):
    settings.PACKAGER_WEBHOOK_HOSTS = ["hooks.internal"]
    webhook.check_address("https://hooks.example.org/x")
    assert webhook.rule_for("https://hooks.example.org/x").allowed == ()


def test_without_an_api_key_the_secret_belongs_to_the_receiver(built, hook):
    ours, other = (built(webhook_url=hook.url_for(path)) for path in ("/ordered", "/other"))
    assert webhook.secret_of(ours) != webhook.secret_of(other)
    call = _calls(hook)[0]
    at = int(call.headers["X-Packaging-Signature"].partition(",")[0].removeprefix("t="))
    assert call.headers["X-Packaging-Signature"] == webhook.signature(webhook.secret_of(ours), call.data, at)


@pytest.fixture
def dripping():
    """The port of a receiver that sends a byte of a header every now and then, and never comes to an end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip() -> None:
            caller, _ = listener.accept()
            with caller, suppress(OSError):
                caller.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.05):
                    caller.sendall(b"a")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        thread.join(10)


def test_a_receiver_that_drips_its_answer_is_left_at_the_deadline(api, body, settings, monkeypatch, dripping):
    monkeypatch.setattr(webhook, "DEADLINE", 0.5)
    settings.PACKAGER_WEBHOOK_HOSTS = [f"127.0.0.1:{dripping}"]
    api.post("requests/", {**body, "webhook_url": f"http://127.0.0.1:{dripping}/"})
    run_tasks()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error_code) == (Delivery.State.PENDING, "delivery_deferred")
