"""Who asks: of what a request claims, as much is believed as our own proxies wrote."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from portal.client_address import client_address, proxies

CLIENT, PROXY, FRONT = "198.51.100.7", "10.0.0.5", "10.0.0.9"


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "client"),
    [
        # nobody stands in front: whatever is claimed
        ("", CLIENT, "", CLIENT),
        ("", CLIENT, "203.0.113.1", CLIENT),
        ("0", CLIENT, "203.0.113.1", CLIENT),
        # so many proxies, each of which wrote down who came to it
        ("1", PROXY, CLIENT, CLIENT),
        ("1", PROXY, f"203.0.113.1, {CLIENT}", CLIENT),
        ("2", PROXY, f"203.0.113.1, {CLIENT}, {FRONT}", CLIENT),
        ("2", PROXY, CLIENT, CLIENT),
        ("1", PROXY, "", PROXY),
        ("1", PROXY, "nonsense", PROXY),
        ("1", "", CLIENT, CLIENT),
        # proxies at known addresses
        ("10.0.0.0/8", PROXY, CLIENT, CLIENT),
        ("10.0.0.0/8", PROXY, f"203.0.113.1, {CLIENT}, {FRONT}", CLIENT),
        ("10.0.0.0/8", PROXY, f"10.1.1.1, {FRONT}", "10.1.1.1"),
        ("10.0.0.0/8", CLIENT, "203.0.113.1", CLIENT),
        ("10.0.0.0/8", PROXY, f"203.0.113.1, nonsense, {FRONT}", FRONT),
        ("10.0.0.5, ::1", "::1", f"{CLIENT}", CLIENT),
        ("10.0.0.0/8", "", CLIENT, CLIENT),
        # version 6: who has one address has millions
        ("", "2001:db8:1:2:aaaa::1", "", "2001:db8:1:2::"),
        ("1", PROXY, "2001:db8:1:2:bbbb::2", "2001:db8:1:2::"),
        ("10.0.0.0/8", f"::ffff:{PROXY}", f"::ffff:{CLIENT}", CLIENT),
    ],
)
def test_who_asks(trusted, remote, forwarded, client):
    assert client_address(remote, forwarded, proxies(trusted)) == client


@pytest.fixture
def guarded(db, settings):
    """A portal behind one proxy, with a member of the staff, that counts bad log-ins."""
    settings.AXES_ENABLED, settings.TRUSTED_PROXIES = True, 1
    cache.clear()
    return User.objects.create_user("ada", password="correct horse", is_staff=True)


def log_in(password: str, address: str, **headers: str) -> int:
    form = {"username": "ada", "password": password}
    forwarded = headers.get("forwarded", address)
    return (
        Client(REMOTE_ADDR=PROXY, headers={"X-Forwarded-For": forwarded}).post("/admin/login/?next=/admin/", form)
    ).status_code


def test_bad_log_ins_lock_out_the_one_who_tried_and_nobody_else(guarded):
    for number in range(12):
        log_in("wrong", f"203.0.113.{number}")
    for _ in range(12):
        locked = log_in("wrong", "192.0.2.1")
    assert locked == 429
    assert log_in("correct horse", "192.0.2.1") == 429
    assert log_in("correct horse", CLIENT) == 302
    assert PROXY not in set(AccessAttempt.objects.values_list("ip_address", flat=True))


def test_one_who_claims_to_be_another_each_time_is_locked_out_all_the_same(guarded):
    answers = [log_in("wrong", "", forwarded=f"203.0.113.{number}, 192.0.2.1") for number in range(12)]
    assert answers[-1] == 429
    assert log_in("correct horse", CLIENT) == 302


def test_throttles_count_the_client_and_not_the_proxy(db, settings):
    settings.TRUSTED_PROXIES, settings.PACKAGER_THROTTLE_ADDRESS = 1, "2/min"
    cache.clear()
    answers = [
        Client(REMOTE_ADDR=PROXY, headers={"X-Forwarded-For": address}).get("/api/v1/").status_code
        for address in (CLIENT, CLIENT, CLIENT, "192.0.2.1")
    ]
    assert answers == [200, 200, 429, 200]


@pytest.mark.parametrize(("trusted", "secure"), [("1", True), ("10.0.0.0/8", True), ("172.16.0.0/12", False)])
def test_tls_is_believed_of_our_proxies_only(rf, settings, trusted, secure):
    settings.TRUSTED_PROXIES = proxies(trusted)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    answer = Client(REMOTE_ADDR=PROXY, headers={"X-Forwarded-Proto": "https"}).get("/nowhere")
    assert answer.status_code == (404 if secure else 301)
