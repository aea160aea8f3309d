"""A package that was begun before its data changed is never handed out or joined again."""

from __future__ import annotations

import threading

import pytest

from packager import events
from packager.errors import RequestError
from packager.lifecycle import changes, requests
from packager.lifecycle.changes import Notification
from packager.models import PackageRequest, ResourceChange, Status
from tests.packager.conftest import run_tasks

SHOWN = {
    "url": "http://ckan/x.csv",
    "url_type": "upload",
    "hash": "",
    "size": 3,
    "last_modified": None,
    "state": "active",
}


@pytest.fixture
def small(ckan):
    """The id of the stand-in's small table."""
    return ckan.resources["small"].id


@pytest.fixture
def tell(portal):
    """Tells of one change; gives the number of resources that changed."""

    def receive(routing_key, operation="changed", host="", **payload):
        return changes.receive([Notification(routing_key, operation, payload)], ckan_host=host, source="a test")

    return receive


def test_a_fresh_package_is_not_handed_out_after_a_change(built, small):
    first = built()
    assert built().package == first.package
    changes.resource_changed(small, source="a test")
    second = built()
    assert second.package != first.package
    assert built().package == second.package


def test_a_build_under_way_is_not_joined_after_a_change_and_goes_on_for_those_who_wait(portal, submission, small):
    before = requests.submit(submission())
    waiting = requests.submit(submission())
    changes.resource_changed(small, source="a test")
    after = requests.submit(submission())
    assert (waiting.leader, after.leader) == (before, None)
    run_tasks()
    packages = dict(PackageRequest.objects.values_list("pk", "package"))
    assert packages[before.pk] == packages[waiting.pk] != packages[after.pk]


def test_a_build_during_which_the_data_change_is_handed_to_nobody_who_comes_later(
    portal, submission, small, ckan, monkeypatch
):
    from packager import assembly

    opened = assembly.Job.open

    def change_meanwhile(self, progress):
        teller = threading.Thread(target=changes.resource_changed, args=(small,), kwargs={"source": "a test"})
        teller.start()
        teller.join()
        return opened(self, progress)

    first = requests.submit(submission())
    with monkeypatch.context() as patched:
        patched.setattr(assembly.Job, "open", change_meanwhile)
        run_tasks()
    first.refresh_from_db()
    assert first.status == Status.SUCCEEDED
    assert requests.submit(submission()).status == Status.QUEUED


def test_what_waited_in_the_queue_when_the_data_changed_is_built_from_the_new_ones_and_handed_out(
    portal, submission, small
):
    waited = requests.submit(submission())
    changes.resource_changed(small, source="a test")
    run_tasks()
    waited.refresh_from_db()
    later = requests.submit(submission())
    assert (later.cached, later.package) == (True, waited.package)


def test_a_request_tried_again_does_not_join_a_build_that_began_before_the_change(portal, submission, small):
    cancelled = requests.submit(submission())
    requests.cancel(cancelled.pk)
    old = requests.submit(submission())
    changes.resource_changed(small, source="a test")
    assert requests.retry(cancelled.pk).leader is None
    new = requests.submit(submission())
    assert new.leader == cancelled
    assert old.leader is None


def test_links_that_were_given_keep_working(portal, built, small):
    first = built()
    changes.resource_changed(small, source="a test")
    assert portal.get(first.download_url.removeprefix("http://portal.test")).status_code == 200


def test_other_resources_stay_as_they_are(built):
    first = built()
    changes.resource_changed("another", source="a test")
    assert built().package == first.package


def test_a_change_at_a_data_portal_is_one_of_its_tables_only(built, small, submission):
    first = built()
    changes.resource_changed(small, "elsewhere.example", source="a test")
    assert built().package == first.package
    changes.resource_changed(small, submission().ckan_host.upper(), source="a test")
    assert built().package != first.package


def test_a_file_belongs_to_the_resource_wherever_it_lies(built, ckan):
    url = ckan.resources["small"].show(ckan.url)["url"]
    file = {"kind": "url", "resource_url": url, "api_url": "", "format": ""}
    first = built(**file)
    changes.resource_changed(first.resource_id, "elsewhere.example", source="a test")
    assert built(**file).package != first.package


def test_a_resource_that_says_the_same_as_the_last_time_has_not_changed(tell):
    assert tell("Resource", id="r", **SHOWN) == 1
    assert tell("Resource", id="r", name="another title", **SHOWN) == 0
    for name, value in (("url", "http://ckan/y.csv"), ("hash", "abc"), ("size", 4), ("last_modified", "2026-01-01")):
        assert tell("Resource", id="r", **{**SHOWN, name: value}) == 1, name
        assert tell("Resource", id="r", **SHOWN) == 1


def test_of_a_table_in_the_datastore_only_the_state_counts(tell):
    shown = {**SHOWN, "url_type": "datastore"}
    tell("Resource", id="r", **shown)
    assert tell("Resource", id="r", **{**shown, "last_modified": "2026-01-01", "hash": "abc", "url": "x"}) == 0
    assert tell("Resource", id="r", **{**shown, "state": "deleted"}) == 1


def test_a_deleted_resource_has_changed_whatever_it_says(tell):
    tell("Resource", id="r", **SHOWN)
    assert tell("Resource", "deleted", id="r", **SHOWN) == 1


@pytest.mark.parametrize("operation", ["changed", "deleted", ""])
def test_rows_have_changed_whenever_it_is_said(tell, operation):
    assert [tell("Datastore", operation, resource_id="r") for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("operation", "payload", "changed"),
    [
        ("changed", {"private": True}, 2),
        ("deleted", {}, 2),
        ("changed", {"state": "deleted"}, 2),
        ("changed", {"private": False, "state": "active"}, 0),
        ("new", {}, 0),
    ],
)
def test_a_dataset_tells_of_its_resources_when_it_is_deleted_or_private(tell, operation, payload, changed):
    assert tell("Package", operation, id="p", resources=[{"id": "a"}, "b"], **payload) == changed


def test_other_notifications_are_passed_over(tell):
    assert tell("Request", "served", id="x") == 0
    assert not ResourceChange.objects.exists()


def test_what_names_no_resource_is_refused_and_nothing_of_its_call_is_noted(portal):
    told = [Notification("Datastore", "changed", {"resource_id": "r"}), Notification("Resource", "changed", {})]
    with pytest.raises(RequestError, match=r"payload\.id is required"):
        changes.receive(told, source="a test")
    assert not ResourceChange.objects.exists()


def test_listeners_hear_of_each_resource_that_changed(tell):
    heard = []
    events.listen(heard.append)
    try:
        tell("Datastore", resource_id="r", host="ckan.example")
        tell("Resource", id="s", **SHOWN)
        tell("Resource", id="s", **SHOWN)
    finally:
        events.unlisten(heard.append)
    assert [(e.resource_id, e.ckan_host, e.source) for e in heard] == [
        ("r", "ckan.example", "a test"),
        ("s", "", "a test"),
    ]


def test_a_thousand_changes_take_a_handful_of_queries(portal, django_assert_max_num_queries):
    told = [Notification("Datastore", "changed", {"resource_id": str(n)}) for n in range(1000)]
    with django_assert_max_num_queries(20):
        assert changes.receive(told, source="a test") == 1000
