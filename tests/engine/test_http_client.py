"""The client tries again, waits as asked, keeps keys to itself, and can be stopped."""

import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from werkzeug import Response

from packager.errors import (
    AnswerMalformed,
    NotPermitted,
    QueryRejected,
    ResourceNotFound,
    SourceBusy,
    SourceError,
    SourceTimeout,
    SourceUnreachable,
)
from packager.streaming.http import AddressRule, HttpClient, RetryPolicy, reason_of, retry_after

HASTY = RetryPolicy(connect=2, read=2, attempts=3, base_delay=0.001, longest_delay=0.01)
LOCAL = AddressRule(("127.0.0.1", "localhost"))
SECRET = "a-very-secret-key"


@pytest.fixture
def client():
    opened = HttpClient(LOCAL, retry_policy=HASTY)
    yield opened
    opened.close()


def answers(httpserver, *statuses, headers=None):
    """Let ``/api`` answer with these statuses, one after the other."""
    left = list(statuses)
    httpserver.expect_request("/api").respond_with_handler(
        lambda _: Response(b'{"ok": 1}', left.pop(0) if len(left) > 1 else left[0], headers)
    )
    return httpserver.url_for("/api")


def test_a_busy_server_is_asked_again(httpserver, client):
    assert client.post(answers(httpserver, 503, 429, 200), {}, json.loads) == {"ok": 1}
    assert len(httpserver.log) == 3


def test_tries_are_counted(httpserver, client):
    with pytest.raises(SourceBusy, match="502"):
        client.post(answers(httpserver, 502), {}, json.loads)
    assert len(httpserver.log) == HASTY.attempts


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, QueryRejected), (401, NotPermitted), (403, NotPermitted), (404, ResourceNotFound), (409, QueryRejected)],
)
def test_what_trying_again_cannot_mend_is_tried_once(httpserver, client, status, error):
    with pytest.raises(error):
        client.post(answers(httpserver, status), {}, json.loads)
    assert len(httpserver.log) == 1


def test_an_answer_that_cannot_be_read_is_asked_for_again(httpserver, client):
    seen = []

    def read(body):
        seen.append(body)
        raise AnswerMalformed

    with pytest.raises(AnswerMalformed):
        client.post(answers(httpserver, 200), {}, read)
    assert len(seen) == HASTY.attempts


def test_pauses_grow_and_retry_after_is_honoured_up_to_the_cap():
    retry_policy = RetryPolicy(base_delay=1, longest_delay=30)
    pauses = [retry_policy.delay(attempt, SourceUnreachable()) for attempt in range(8)]
    assert all(0.5 * 2**n <= pause <= 2**n for n, pause in enumerate(pauses[:5]))
    assert max(pauses) <= 30
    assert retry_policy.delay(0, SourceBusy(status=429, retry_after=7.0)) == 7
    assert retry_policy.delay(0, SourceBusy(status=429, retry_after=3600.0)) == 30


def test_retry_after_is_read_from_the_answer(httpserver):
    once = HttpClient(LOCAL, retry_policy=RetryPolicy(attempts=1))
    with pytest.raises(SourceBusy) as caught:
        once.get(answers(httpserver, 429, headers={"Retry-After": "17"}), {})
    assert caught.value.retry_after == 17


def test_retry_after_may_be_a_date():
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert soon is not None
    assert 60 < soon <= 90
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("soon") is None


def test_the_key_is_sent_to_its_own_host(httpserver):
    url = answers(httpserver, 200)
    HttpClient(LOCAL, key=SECRET, key_for=url, retry_policy=HASTY).get(url, {})
    assert httpserver.log[0][0].headers["Authorization"] == SECRET


def test_the_key_does_not_follow_a_redirect_to_another_host(httpserver):
    other = f"http://localhost:{httpserver.port}/api"
    answers(httpserver, 200)
    httpserver.expect_request("/from").respond_with_data(status=307, headers={"Location": other})
    url = httpserver.url_for("/from").replace("localhost", "127.0.0.1")
    HttpClient(LOCAL, key=SECRET, key_for=url, retry_policy=HASTY).post(url, {}, json.loads)
    first, second = (request.headers for request, _ in httpserver.log)
    assert first["Authorization"] == SECRET
    assert "Authorization" not in second


def test_the_key_follows_a_redirect_within_its_host(httpserver):
    answers(httpserver, 200)
    httpserver.expect_request("/from").respond_with_data(status=301, headers={"Location": "/api"})
    url = httpserver.url_for("/from")
    HttpClient(LOCAL, key=SECRET, key_for=url, retry_policy=HASTY).post(url, {"a": 1}, json.loads)
    last = httpserver.log[-1][0]
    assert (last.headers["Authorization"], last.method, last.get_json()) == (SECRET, "POST", {"a": 1})


def test_redirects_in_a_circle_end(httpserver, client):
    httpserver.expect_request("/round").respond_with_data(status=302, headers={"Location": "/round"})
    with pytest.raises(SourceError, match="too many redirects"):
        client.get(httpserver.url_for("/round"), {})


def test_no_secret_is_in_an_error(httpserver):
    url = answers(httpserver, 500) + "?token=hush"
    with pytest.raises(SourceBusy) as caught:
        HttpClient(LOCAL, key=SECRET, key_for=url, retry_policy=HASTY).get(url, {})
    with pytest.raises(SourceError) as unreachable:
        HttpClient(LOCAL, key=SECRET, key_for=url, retry_policy=HASTY).get("http://127.0.0.1:1/?token=hush", {})
    for error in (caught.value, unreachable.value):
        assert not {word for word in (SECRET, "hush") if word in f"{error} {error.detail} {error!r}"}


def test_a_silent_server_is_a_timeout(httpserver):
    held = threading.Event()
    httpserver.expect_request("/api").respond_with_handler(lambda _: Response(str(held.wait(5))))
    client = HttpClient(LOCAL, retry_policy=RetryPolicy(read=0.05, attempts=1))
    with pytest.raises(SourceTimeout):
        client.get(httpserver.url_for("/api"), {})
    held.set()


def test_nobody_there_is_unreachable(client):
    with pytest.raises(SourceUnreachable):
        client.get("http://127.0.0.1:1/", {})


def test_closing_ends_a_wait_for_an_answer(httpserver):
    asked, held = threading.Event(), threading.Event()

    def hold(_):
        asked.set()
        return Response(str(held.wait(30)))

    httpserver.expect_request("/api").respond_with_handler(hold)
    client = HttpClient(LOCAL, retry_policy=RetryPolicy(read=30, attempts=1))
    errors = []
    waiting = threading.Thread(target=lambda: errors.append(_error_of(client, httpserver.url_for("/api"))))
    waiting.start()
    asked.wait(10)
    client.close()
    waiting.join(10)
    held.set()
    assert [type(error) for error in errors] == [SourceError]


def test_closing_ends_a_pause(httpserver):
    url = answers(httpserver, 429, headers={"Retry-After": "30"})
    client = HttpClient(LOCAL, retry_policy=RetryPolicy(attempts=2))
    threading.Timer(0.05, client.close).start()
    assert type(_error_of(client, url)) is SourceError


def _error_of(client, url):
    try:
        client.get(url, {})
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error": {"__type": "Validation Error", "fields": ["no such column"]}}', "fields: no such column"),
        (b'{"error": {"query": ["bad"], "info": {"statement": ["SELECT"]}}}', "query: bad"),
        (b'{"error": "because"}', "because"),
        (b"<html>", ""),
        (b"[]", ""),
    ],
)
def test_the_reason_of_ckan_is_told_without_its_sql(body, reason):
    assert reason_of(body) == reason
