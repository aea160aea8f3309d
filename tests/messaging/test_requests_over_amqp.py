"""Requests that come over AMQP, and what is answered: from bytes to rows, without a broker."""

from __future__ import annotations

import json
import re

import pytest
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from messaging import publish
from messaging.incoming import CannotBeAnswered, Incoming, take
from messaging.models import Conversation
from packager.lifecycle import bulk, cache, personal_data, requests
from packager.models import Delivery, Package, PackageRequest, Status
from packager.security import api_keys
from packager.security.api_keys import ApiKey
from tests.messaging.conftest import answers, outgoing, statuses
from tests.packager.conftest import run_tasks

FIELDS = {
    "accepted": "status_url queue cached",
    "progress": "rows_done rows_total bytes_done bytes_total",
    "succeeded": "status_url download_url file_name size sha256 rows notes cached expires_at",
    "failed": "code message field reference retryable",
    "cancelled": "status_url",
}


def fields_of(status):
    return {"uuid", "status", "request_id", "at", *FIELDS[status].split()}


def transactions(queries):
    """The statements of each transaction."""
    text = "\n\0".join(query["sql"] for query in queries)
    return [found.split("\0") for found in re.findall(r"BEGIN.*?COMMIT", text, re.DOTALL)]


def test_a_request_is_accepted_and_its_package_announced(ask, body, portal):
    ask("one", body)
    assert statuses("one") == ["accepted"]
    run_tasks()
    first, last = answers("one")
    assert last["status"] == "succeeded"
    assert (last["rows"], len(last["sha256"]), last["cached"]) == (1000, 64, False)
    assert portal.get(last["download_url"].removeprefix("http://portal.test")).status_code == 200
    assert first["request_id"] == last["request_id"] == str(PackageRequest.objects.get().pk)


def test_each_response_has_all_its_fields_and_no_others(ask, body):
    ask("good", body)
    run_tasks()
    ask("bad", {**body, "limit": "many"})
    ask("again", {**body, "limit": 1})
    ask("stop", {"operation": "cancel", "of": "again"})
    for uuid in ("good", "bad", "again", "stop"):
        for answer in answers(uuid):
            assert set(answer) == fields_of(answer["status"]), answer
    assert {a["status"] for u in ("good", "bad", "again") for a in answers(u)} == {*FIELDS} - {"progress"}


def test_the_properties_pair_and_name_it(ask, body):
    ask("one", body, correlation_id="mine")
    (message,) = outgoing()
    assert (message["headers"], message["type"]) == ({"UUID": "one"}, "PackageAccepted")
    assert (message["correlation_id"], message["lasting"], bool(message["message_id"])) == ("mine", True, True)


def test_it_is_answered_on_the_usual_key_or_where_the_sender_wants(ask, body, names):
    ask("usual", body)
    ask("museum", body, routing_key="museum.request")
    ask("private", body, reply_to="amq.rabbitmq.reply-to.abc")
    ask("public", body, reply_to="somewhere")
    places = {m["headers"]["UUID"]: (m["exchange"], m["routing_key"]) for m in outgoing()}
    exchange = names.MESSAGING_EXCHANGE
    assert places == {
        "usual": (exchange, "result"),
        "museum": (exchange, "museum.result"),
        "private": ("", "amq.rabbitmq.reply-to.abc"),
        "public": (exchange, "result"),
    }


def test_what_edeposit_puts_into_objects_is_ignored_and_given_back(ask, body):
    named = {"__nt_name": "Request", **body, "filters": {"__nt_name": "F", "country": ["Peru"]}, "limit": None}
    ask("one", named)
    assert answers("one")[0]["__nt_name"] == "PackageAccepted"
    assert set(answers("one")[0]) == {*fields_of("accepted"), "__nt_name"}
    assert PackageRequest.objects.get().parameters == {"filters": {"country": ["Peru"]}}
    ask("one", {**body, "filters": {"country": ["Peru"]}, "limit": None})
    assert statuses("one") == ["accepted", "accepted"]


def test_the_same_again_builds_nothing_and_is_answered_again(ask, body):
    ask("one", body)
    ask("one", dict(reversed(body.items())))
    run_tasks()
    ask("one", body)
    assert PackageRequest.objects.count() == 1
    assert statuses("one") == ["accepted", "accepted", "succeeded", "accepted", "succeeded"]


def test_a_uuid_is_known_for_ever_also_when_its_request_is_gone(ask, body):
    ask("one", body)
    run_tasks()
    PackageRequest.objects.all().delete()
    ask("one", body)
    assert not PackageRequest.objects.exists()
    assert statuses("one") == ["accepted", "succeeded", "succeeded"]


def test_another_body_under_the_same_uuid_is_refused_and_changes_nothing(ask, body):
    ask("one", body)
    ask("one", {**body, "limit": 1})
    ask("look", {"operation": "status", "of": "one"})
    assert answers("one")[-1]["code"] == "idempotency_mismatch"
    assert statuses("look") == ["accepted"]
    assert PackageRequest.objects.count() == 1


@pytest.mark.parametrize("uuid", [None, 7, "", "x" * 256, "line\nbreak", b"bytes"])
def test_what_has_no_usable_uuid_cannot_be_answered(ask, body, uuid):
    with pytest.raises(CannotBeAnswered, match="UUID"):
        ask(uuid, body)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[]", "body"),
        (b"[" * 200_000, "body"),
        (b'{"resource_id": "x", "colour": "red"}', "colour"),
        (b'{"resource_id": "x"}', "api_url"),
        (rb'{"resource_id": "x", "\u0000\ud800": 1}', r"\0\ud800"),
        (rb'{"resource_id": "x", "resource_id": "y"}', "resource_id"),
        (rb'{"resource_id": "x", "kind": "\u0000\ud800"}', "kind"),
        (b'{"operation": "dance"}', "operation"),
        (b'{"operation": ["package"]}', "operation"),
        (b'{"operation": "cancel"}', "of"),
        (b'{"operation": "status", "of": "x", "more": 1}', "more"),
        (rb'{"operation": "status", "of": "x", "\u0000\ud800": 1}', r"\0\ud800"),
        (rb'{"operation": "status", "of": "\u0000\ud800"}', "of"),
        (b'{"pad": "' + b"x" * (1 << 20) + b'"}', "body"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_cannot_be_understood_is_answered_with_its_field(ask, raw, field):
    ask("one", raw)
    (answer,) = answers("one")
    assert (answer["status"], answer["code"], answer["field"]) == ("failed", "bad_request", field)
    headers = outgoing()[0]["headers"]
    assert headers["exception"] == answer["message"]
    assert (headers["exception_name"], headers["code"]) == ("RequestError", "bad_request")
    assert headers["exception_type"] == "<class 'packager.errors.RequestError'>"


def test_a_build_that_fails_is_told_with_its_reference_and_a_retry_brings_a_further_end(ask, body, ckan):
    ckan.faults.add("status", status=404, times=99)
    ask("one", body)
    run_tasks()
    failed = answers("one")[-1]
    request = PackageRequest.objects.get()
    assert (failed["code"], failed["retryable"]) == ("resource_not_found", False)
    assert failed["reference"] == request.error_reference != ""
    assert outgoing()[-1]["headers"]["exception_name"] == "ResourceNotFound"
    ckan.faults.clear()
    requests.retry(request.pk)
    run_tasks()
    assert statuses("one") == ["accepted", "failed", "succeeded"]


def test_a_request_can_be_cancelled_by_its_uuid(ask, body):
    ask("one", body)
    ask("stop", {"operation": "cancel", "of": "one"})
    assert (statuses("one"), statuses("stop")) == (["accepted", "cancelled"], ["cancelled"])
    ask("late", {"operation": "cancel", "of": "one"})
    assert answers("late")[0]["code"] == "conflict"
    ask("lost", {"operation": "cancel", "of": "nobody"})
    assert answers("lost")[0]["code"] == "not_found"


def test_the_latest_response_is_given_again_under_the_uuid_that_asks(ask, body):
    ask("one", body)
    ask("early", {"operation": "status", "of": "one"})
    run_tasks()
    ask("late", {"operation": "status", "of": "one"})
    assert (statuses("early"), statuses("late")) == (["accepted"], ["succeeded"])
    assert {**answers("late")[0], "uuid": "one"} == answers("one")[-1]


def test_a_fresh_package_comes_at_once(ask, body):
    ask("one", body)
    run_tasks()
    ask("two", body)
    assert statuses("two") == ["accepted", "succeeded"]
    assert [answer["cached"] for answer in answers("two")] == [True, True]


def test_who_joined_a_build_is_answered_too(ask, body):
    ask("one", body)
    ask("two", body)
    run_tasks()
    assert statuses("one") == statuses("two") == ["accepted", "succeeded"]


def test_the_ends_of_many_who_joined_a_build_hold_up_others_for_a_handful_of_queries(ask, body):
    for number in range(40):
        ask(str(number), body)
    with CaptureQueriesContext(connection) as queries:
        run_tasks()
    assert max(map(len, transactions(queries))) <= 25
    assert {tuple(statuses(str(number))) for number in range(40)} == {("accepted", "succeeded")}


def test_what_only_reads_is_done_before_other_writers_have_to_wait(ask, body):
    ask("first", body)
    with CaptureQueriesContext(connection) as queries:
        ask("one", body)
    before, during = len(queries) - sum(map(len, transactions(queries))), transactions(queries)[0]
    assert (before >= 5, len(during) <= 14) == (True, True)


def test_the_requests_belong_to_a_key_that_staff_can_revoke(ask, body):
    ask("one", body)
    ask("two", body)
    assert {r.api_key.name for r in PackageRequest.objects.all()} == {"AMQP"}
    api_keys.revoke(ApiKey.objects.filter(name="AMQP"))
    ask("three", body)
    assert answers("three")[0]["code"] == "not_authorized"
    assert ApiKey.objects.filter(name="AMQP").count() == 1


def test_a_key_of_ckan_is_in_no_row_but_sealed(ask, body):
    ask("one", {**body, "key": "eyJsecret"})
    run_tasks()
    kept = [*Delivery.objects.values_list("message"), *Conversation.objects.values_list("latest", "digest", "reply")]
    assert "eyJsecret" not in json.dumps(kept, default=str)


def test_request_and_answer_are_saved_together_or_not_at_all(listening, body, monkeypatch):
    from messaging import responses

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(responses.outbox, "put", fail)
    with pytest.raises(KeyboardInterrupt):
        take(Incoming(json.dumps(body).encode(), "request", {"UUID": "one"}))
    assert not PackageRequest.objects.exists()
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("half", ["prepare", "save"])
@pytest.mark.parametrize("error", [DataError, ProgrammingError])
def test_what_the_database_refuses_is_answered_instead_of_tried_for_ever(ask, body, monkeypatch, error, half):
    def refuse(*_, **__):
        raise error("no")

    monkeypatch.setattr(requests, half, refuse)
    ask("one", body)
    assert answers("one")[0]["code"] == "internal"


@pytest.mark.parametrize("half", ["prepare", "save"])
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_while_the_database_is_away_nothing_is_answered(ask, body, monkeypatch, error, half):
    def refuse(*_, **__):
        raise error("away")

    monkeypatch.setattr(requests, half, refuse)
    with pytest.raises(error):
        ask("one", body)
    assert not Conversation.objects.exists()


def test_a_fault_of_ours_is_answered_and_tells_nothing_internal(ask, body, monkeypatch):
    monkeypatch.setattr(requests, "save", lambda *_, **__: 1 / 0)
    ask("one", body)
    (answer,) = answers("one")
    assert answer["code"] == "internal"
    assert "division" not in json.dumps(outgoing())


def test_the_portals_events_tell_facts_without_addresses_keys_and_links(ask, body, portal):
    ask("one", {**body, "email": "ada@example.org"})
    run_tasks()
    request = PackageRequest.objects.get()
    portal.get(request.download_url.removeprefix("http://portal.test"))
    told = [(m["routing_key"], m["body"]["operation"]) for m in outgoing(key="Request") + outgoing(key="Package")]
    assert told == [("Request", "accepted"), ("Request", "served"), ("Package", "built"), ("Package", "downloaded")]
    everything = json.dumps(outgoing(key="Request") + outgoing(key="Package"))
    assert "ada@" not in everything
    assert request.token not in everything
    assert outgoing(key="Package")[0]["body"]["payload"]["request_id"] == str(request.pk)
    assert request.status == Status.SUCCEEDED


def test_every_kind_of_event_is_told(ask, body, ckan):
    ckan.faults.add("status", status=404, times=99)
    ask("failed", body)
    run_tasks()
    ckan.faults.clear()
    ask("cancelled", {**body, "limit": 1})
    ask("stop", {"operation": "cancel", "of": "cancelled"})
    ask("expired", {**body, "limit": 2, "email": "ada@example.org"})
    run_tasks()
    cache.expire(Package.objects.get())
    bulk.many(personal_data.Forget(), PackageRequest.objects.filter(package__isnull=False))
    told = [m["body"] for m in outgoing(key="Request") + outgoing(key="Package") + outgoing(key="PersonalData")]
    assert [f"{envelope['routing_key']} {envelope['operation']}" for envelope in told] == [
        "Request accepted",
        "Request failed",
        "Request accepted",
        "Request cancelled",
        "Request accepted",
        "Request served",
        "Package built",
        "Package expired",
        "PersonalData deleted",
    ]
    assert "ada@" not in json.dumps(told)
    assert told[1]["payload"]["code"] == "resource_not_found"


def test_what_others_publish_goes_out_if_it_is_committed(listening):
    with transaction.atomic():
        publish("Package", "built", {"number": 1})
        transaction.set_rollback(True)
    with transaction.atomic():
        publish("Package", "built", {"number": 2})
    (row,) = Delivery.objects.outbox("amqp")
    assert row.message["body"] == {"routing_key": "Package", "operation": "built", "payload": {"number": 2}}
    assert (row.message["exchange"], row.message["routing_key"]) == (listening.MESSAGING_SITE_ID, "Package")


def test_without_a_broker_there_is_no_row(portal, built):
    built()
    assert not Delivery.objects.filter(channel="amqp").exists()
