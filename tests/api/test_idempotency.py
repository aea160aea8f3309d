"""``Idempotency-Key``: the same call made twice makes one request."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from packager.intake.idempotency import Owner
from packager.lifecycle import requests
from packager.models import PackageRequest


def test_the_same_call_gives_the_same_request(api, body):
    first = api.post("requests/", body, Idempotency_Key="once")
    again = api.post("requests/", dict(reversed(body.items())), Idempotency_Key="once")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert PackageRequest.objects.count() == 1


def test_another_body_under_the_same_key_is_422(api, body):
    api.post("requests/", body, Idempotency_Key="once")
    answer = api.post("requests/", {**body, "limit": 5}, Idempotency_Key="once")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert PackageRequest.objects.count() == 1


def test_without_it_each_call_is_a_request(api, body):
    assert api.post("requests/", body).json()["id"] != api.post("requests/", body).json()["id"]


def test_two_callers_may_use_the_same_word(caller, body):
    ids = {caller().post("requests/", body, Idempotency_Key="once").json()["id"] for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("word", ["x" * 256, "a\tb"])
def test_a_word_that_cannot_be_kept_is_400(api, body, word):
    answer = api.post("requests/", body, Idempotency_Key=word)
    assert (answer.status_code, answer.json()["field"]) == (400, "Idempotency-Key")


def test_the_same_call_made_at_the_same_time_gives_one_request(api, submission):
    barrier, made = threading.Barrier(4), []

    def call() -> None:
        barrier.wait()
        made.append(requests.submit(submission(), owner=Owner(api.key, "once", "mark")).pk)
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1
    assert PackageRequest.objects.count() == 1
