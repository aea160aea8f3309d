"""What the portal is told of, and what it is not."""

from __future__ import annotations

import ckan.plugins.toolkit as tk
import pytest
from ckan import model
from ckan.tests import factories

from ckanext.packaging_portal.changes import broker, dispatch, sources, waiting
from ckanext.packaging_portal.changes.notes import Note
from tests.conftest import call, private_table, table

CHANGES = "/api/v1/changes/"
ROOT = {"ignore_auth": True}


def do(action, **data):
    return tk.get_action(action)({**ROOT}, data)


@pytest.fixture
def told(site, redis):
    """Empties what waits, and afterwards returns (routing key, operation, id) of all that was told."""

    def told():
        redis.delete(*redis.keys("*:changes:told:*"), waiting._name("job"), "x")
        for key in redis.zrange(waiting._name("due"), 0, -1):
            redis.zadd(waiting._name("due"), {key: 0})
        waiting._send_due(redis)
        found = [
            (one["routing_key"], one["operation"], one["payload"].get("id") or one["payload"]["resource_id"])
            for one in site.envelopes()
        ]
        site.calls.clear()
        return found

    return told


@pytest.mark.parametrize(
    ("action", "data", "operation"),
    [
        ("datastore_upsert", {"records": [{"a": 1, "b": "new"}]}, "changed"),
        ("datastore_create", {"records": [{"a": 9, "b": "new"}]}, "changed"),
        ("datastore_delete", {"filters": {"a": 1}}, "changed"),
        ("datastore_records_delete", {"filters": {"a": 1}}, "changed"),
        ("datastore_delete", {}, "deleted"),
    ],
)
def test_writing_a_table_is_told(told, action, data, operation):
    resource = table()
    told()
    do(action, resource_id=resource["id"], force=True, **data)
    assert ("Datastore", operation, resource["id"]) in told()


def test_running_triggers_is_told(told):
    resource = table()
    told()
    do("datastore_run_triggers", resource_id=resource["id"])
    assert ("Datastore", "changed", resource["id"]) in told()


def test_a_dry_run_and_a_failure_are_not(told):
    resource = table()
    told()
    do("datastore_upsert", resource_id=resource["id"], force=True, dry_run=True, records=[{"a": 1, "b": "x"}])
    with pytest.raises(tk.ValidationError):
        do("datastore_upsert", resource_id=resource["id"], force=True, records=[{"nonsense": 1}])
    assert told() == []


def test_a_resource_is_told_as_resource_show_has_it(told, site):
    resource = factories.Resource(url="https://example.org/a.csv")
    told()
    do("resource_patch", id=resource["id"], url="https://example.org/b.csv")
    waiting._send_due(waiting.connect_to_redis())
    (payload,) = [one["payload"] for one in site.envelopes() if one["routing_key"] == "Resource"]
    shown = do("resource_show", id=resource["id"])
    assert (payload["url"], payload["state"], payload["id"]) == (shown["url"], "active", shown["id"])


def test_a_resource_that_is_deleted_or_left_out_is_told(told):
    first, second = table(), table()
    told()
    do("resource_delete", id=first["id"])
    do("package_patch", id=second["package_id"], resources=[])
    found = told()
    assert ("Resource", "deleted", first["id"]) in found
    assert ("Resource", "deleted", second["id"]) in found


def test_a_dataset_is_told_when_others_may_see_it_differently_and_not_for_its_title(told, site):
    organization = factories.Organization()
    package = factories.Dataset(owner_org=organization["id"], private=True)
    table(package)
    told()
    do("package_patch", id=package["id"], title="Another")
    assert [one for one in told() if one[0] != "Resource"] == []
    do("package_patch", id=package["id"], private=False)
    assert ("Package", "changed", package["id"]) in told()
    do("package_delete", id=package["id"])
    assert ("Package", "deleted", package["id"]) in told()


def test_a_dataset_that_is_made_private_names_its_resources(told, site):
    package = factories.Dataset(owner_org=factories.Organization()["id"])
    resource = table(package)
    told()
    do("package_patch", id=package["id"], private=True)
    waiting._send_due(waiting.connect_to_redis())
    (payload,) = [one["payload"] for one in site.envelopes() if one["routing_key"] == "Package"]
    assert payload["private"] is True
    assert payload["resources"] == [{"id": resource["id"]}]


def test_what_is_purged_is_told(told):
    resource = table()
    told()
    do("dataset_purge", id=resource["package_id"])
    assert {("Package", "deleted", resource["package_id"]), ("Resource", "deleted", resource["id"])} <= set(told())


def test_what_is_rolled_back_is_not_told_and_a_savepoint_is_not_the_end(told, redis):
    resource = factories.Resource()
    told()
    entity = model.Resource.get(resource["id"])
    sources.note_entity(entity, "changed")
    model.Session.rollback()
    assert redis.hlen(waiting._name("notes")) == 0
    sources.note_entity(entity, "changed")
    with model.Session.begin_nested():
        entity.description = "inside"
    assert redis.hlen(waiting._name("notes")) == 0
    model.Session.commit()
    assert ("Resource", "changed", resource["id"]) in told()


def test_nothing_is_sent_after_the_transaction_that_was_given_up(told, redis):
    entity = model.Resource.get(factories.Resource()["id"])
    told()
    sources.note_entity(entity, "changed")
    model.Session.close()
    factories.User()
    assert told() == []


def test_listening_never_raises(site, monkeypatch):
    sources.note_entity(None, "changed")
    sources.note_entity(object(), None)
    sources.note_action("datastore_upsert", data_dict=None, result=None, context=None)

    def broken(*_):
        raise RuntimeError("Redis is away")

    monkeypatch.setattr(dispatch, "send", broken)
    resource = table()
    do("resource_patch", id=resource["id"], description="saved all the same")
    assert do("resource_show", id=resource["id"])["description"] == "saved all the same"


def test_a_resource_waits_once_and_has_one_job(site, redis, monkeypatch):
    jobs = []
    monkeypatch.setattr(waiting.tk, "enqueue_job", lambda *args, **_: jobs.append(args))
    for _ in range(5):
        waiting.add([Note("Datastore", "one", "changed"), Note("Datastore", "two", "changed")])
    assert waiting.state()["waiting"] == 2
    assert len(jobs) == 1


def test_a_change_that_happens_while_it_is_told_is_told_again(site, redis):
    waiting.add([Note("Datastore", "one", "changed")])

    def happen(handler):
        del site.answers[CHANGES]
        waiting.add([Note("Datastore", "one", "changed")])
        handler.say(202, {"changed": 1})

    site.answers[CHANGES] = happen
    assert waiting._send_due(redis) > 0
    assert waiting.state()["waiting"] == 1


def test_changes_wait_while_the_portal_is_away_and_are_told_when_it_is_back(site, redis):
    waiting.add([Note("Datastore", name, "changed") for name in ("one", "two")])
    site.refuse(CHANGES, 500)
    assert waiting._send_due(redis) > 0
    assert waiting.state()["waiting"] == 2
    assert waiting._send_due(redis) > 0
    assert len(site.of(CHANGES)) == 1
    site.answers.clear()
    redis.delete(waiting._name("pause"))
    assert waiting._send_due(redis) is None
    assert len(site.envelopes()) == 4
    assert waiting.state() == {"waiting": 0, "since": None}


def test_one_that_the_portal_does_not_take_holds_up_no_other(site, redis):
    waiting.add([Note("Datastore", name, "changed") for name in ("good", "bad")])

    def choosy(handler):
        bad = any(one["payload"]["resource_id"] == "bad" for one in site.calls[-1].body)
        handler.say(400 if bad else 202, {"detail": "payload.resource_id is bad"})

    site.answers[CHANGES] = choosy
    assert waiting._send_due(redis) is None
    assert [one["payload"]["resource_id"] for one in site.of(CHANGES)[-2].body] in (["good"], ["bad"])


def test_after_a_day_a_change_is_given_up(site, redis):
    waiting.add([Note("Datastore", "one", "changed")])
    redis.zadd(waiting._name("since"), {"Datastore:one": 1})
    assert waiting._send_due(redis) is None
    assert site.of(CHANGES) == []


def test_a_request_tells_first_what_waits_for_its_resource(site, redis):
    resource = table()
    call("packaging_portal_request_create", resource_id=resource["id"])
    told = [one.path for one in site.calls if one.path in (CHANGES, "/api/v1/requests/")]
    assert told == [CHANGES, "/api/v1/requests/"]
    assert {one["routing_key"] for one in site.envelopes()} >= {"Resource", "Datastore"}
    call("packaging_portal_request_create", resource_id=resource["id"])
    assert len(site.of(CHANGES)) == 1


def test_a_lost_job_is_made_again_by_requests(site, redis, monkeypatch):
    waiting.add([Note("Datastore", "one", "changed")])
    redis.delete(waiting._name("job"))
    jobs = []
    monkeypatch.setattr(waiting.tk, "enqueue_job", lambda *args, **_: jobs.append(args))
    monkeypatch.setattr(waiting, "_last_look", 0.0)
    waiting.wake()
    waiting.wake()
    assert len(jobs) == 1


def test_directly_it_is_told_before_the_change_is_answered_and_failures_are_only_logged(site, monkeypatch, ckan_config):
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.changes", "direct")
    resource = table()
    assert ("Datastore", resource["id"]) in [
        (one["routing_key"], one["payload"].get("resource_id")) for one in site.envelopes()
    ]
    site.refuse(CHANGES, 500)
    do("resource_patch", id=resource["id"], description="saved")
    assert do("resource_show", id=resource["id"])["description"] == "saved"


def test_off_tells_nothing(site, redis, monkeypatch, ckan_config):
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.changes", "off")
    resource = table()
    call("packaging_portal_request_create", resource_id=resource["id"])
    assert site.of(CHANGES) == []
    assert waiting.state()["waiting"] == 0


def test_over_a_broker_envelopes_are_published(site, monkeypatch, ckan_config):
    published = []
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.changes", "amqp")
    monkeypatch.setattr(broker, "publish", published.extend)
    resource = table()
    assert ("Datastore", resource["id"]) in [
        (one["routing_key"], one["payload"].get("resource_id")) for one in published
    ]


def test_who_may_update_the_resource_tells_of_it_now(site):
    ada, grace = factories.User(), factories.User()
    resource = private_table(grace)
    with pytest.raises(tk.NotAuthorized):
        call("packaging_portal_changed", ada, resource_id=resource["id"])
    assert call("packaging_portal_changed", grace, resource_id=resource["id"]) == {"changed": 2}
    with pytest.raises(tk.ObjectNotFound):
        call("packaging_portal_changed", factories.Sysadmin(), resource_id="nonsense")
