"""A resource's file ends up in the DataStore, CKAN hears of it, and nothing secret is left."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from werkzeug import Response

from packager import events
from packager.lifecycle import dispatch
from packager.security import encryption
from pusher import hooks, lifecycle, maintenance, pushing, running, submission
from pusher.models import Hook, PushJob, State
from tests.pusher.fake_ckan import TOKEN, once

pytestmark = pytest.mark.django_db
FILE = "name,count\nfox,1\nhen,02\nowl,\n"


@pytest.fixture(autouse=True)
def _quietly(monkeypatch, settings):
    settings.PACKAGER_HEARTBEAT = 600  # its thread has no part in the transaction of a test
    monkeypatch.setattr("packager.lifecycle.dispatch.start", lambda *task: None)
    monkeypatch.setattr(hooks, "PATIENCE", 0.4)
    monkeypatch.setattr("pusher.pushing.PATIENCE", 0.6)


@pytest.fixture
def hasty(monkeypatch, settings):
    """Tries as often as usual, without the pauses."""
    monkeypatch.setattr("packager.streaming.http.RetryPolicy.delay", lambda *_: 0.01)


@pytest.fixture
def push(ckan, httpserver, tmp_path, settings):
    """Posts a job for the file and runs it: ``push(content, **metadata)``."""
    settings.PACKAGER_TEMP_DIRECTORY = tmp_path
    served = [FILE]
    httpserver.expect_request("/file.csv").respond_with_handler(lambda _: Response(served[0]))

    def posted(content=FILE, run=True, resource=None, **metadata):
        served[0] = content
        found = ckan.add_resource(**{"url": httpserver.url_for("/file.csv"), **(resource or {})})
        facts = {"ckan_url": ckan.url, "resource_id": "r-1", "original_url": found["url"], **metadata}
        sent = {
            "api_key": TOKEN,
            "job_type": "push_to_datastore",
            "result_url": f"{ckan.url}api/3/action/datapusher_hook",
            "metadata": {name: value for name, value in facts.items() if value is not None},
        }
        job, _ = lifecycle.submit(submission.read(json.dumps(sent).encode(), None))
        if run:
            running.run(job.pk)
        job.refresh_from_db()
        return job

    return posted


def log_of(job):
    return [line.message for line in job.logs.all()]


def test_rows_types_marks_and_log(ckan, push):
    job = push()
    assert (job.state, job.error) == (State.SUCCEEDED, None)
    assert ckan.rows() == [["fox", "1"], ["hen", "02"], ["owl", None]]
    assert [field["type"] for field in ckan.tables["r-1"]["fields"]] == ["text", "text"]
    assert ckan.patches == [{"id": "r-1", "hash": job.md5, "datastore_contains_all_records_of_source_file": True}]
    log = log_of(job)
    assert log[0] == f"Fetching from: {ckan.url}file.csv"
    assert 'Column "count" is text: row 3 holds "02".' in log
    assert log[-1] == 'Successfully pushed 3 entries to "r-1".'
    assert job.title == "Sightings"
    assert [(c["name"], c["nulls"], c["minimum"]) for c in job.columns] == [("name", 0, "fox"), ("count", 1, "02")]


def test_ckan_is_told_last_with_its_own_key_and_nothing_secret_is_left(ckan, push):
    job = push()
    ((told, key),) = ckan.hooks
    assert key == TOKEN
    assert (told["status"], told["metadata"]["resource_id"], told["job_id"]) == ("complete", "r-1", job.job_id)
    assert told["job_key"]
    assert ckan.server.log[-1][0].path.endswith("datapusher_hook")
    assert (job.hook, job.encrypted_api_key, job.encrypted_job_key) == (Hook.TOLD, "", "")
    assert TOKEN not in str(PushJob.objects.values().get()) + str(log_of(job))


def test_a_large_table_tells_how_far_it_is(ckan, push, monkeypatch, settings):
    monkeypatch.setattr(pushing, "LARGE", 10)
    settings.PUSHER_CHUNK_ROWS = 10
    log = log_of(push("n\n" + "".join(f"{n}\n" for n in range(25))))
    told = [line for line in log if line.startswith("Saved")]
    assert [line.partition(" rows, ")[0] for line in told] == ["Saved 10 of 25", "Saved 20 of 25"]
    assert re.fullmatch(r"Saved 10 of 25 rows, [\d,]+ a second, 0:00:\d\d to go\.", told[0])


def test_an_excerpt_is_marked_as_one(ckan, push, settings):
    settings.PUSHER_MAX_BYTES, settings.PUSHER_EXCERPT_ROWS = 20, 5
    job = push()
    assert ckan.rows() == [["fox", "1"]]
    assert ckan.patches[0]["datastore_contains_all_records_of_source_file"] is False
    assert "The file is too large to load whole. Rows loaded: 1." in log_of(job)


def test_a_token_in_an_address_is_shown_to_nobody(ckan, push, httpserver):
    address = httpserver.url_for("/file.csv?token=hush")
    job = push(resource={"url": address}, run=False)
    assert "hush" in job.metadata["original_url"]  # as it was sent: CKAN knows it
    running.run(job.pk)
    assert len(ckan.rows()) == 3
    assert "hush" not in str(log_of(job))


def test_an_upload_is_fetched_from_where_ckan_says_it_is_and_with_the_key(ckan, push, httpserver):
    httpserver.expect_request(
        "/dataset/d/resource/r-1/download/f.csv", headers={"Authorization": TOKEN}
    ).respond_with_data(FILE)
    url = "https://public.example/dataset/d/resource/r-1/download/f.csv"
    ckan.add_resource()
    job = push(resource={"url_type": "upload"}, original_url=None, run=False)
    ckan.resources["r-1"].update(url=url, url_type="upload")
    running.run(job.pk)
    assert len(ckan.rows()) == 3
    assert log_of(job)[0] == f"Fetching from: {url}"


def test_a_link_is_fetched_without_the_key(push, ckan):
    push()
    fetched = next(request for request, _ in ckan.server.log if request.path == "/file.csv")
    assert "Authorization" not in fetched.headers


def test_the_same_file_is_not_loaded_twice_unless_asked_for(ckan, push):
    push()
    again = push()
    assert log_of(again)[-1] == f"The file hash hasn't changed: {again.md5}."
    assert (again.state, ckan.calls.count("datastore_upsert"), len(ckan.hooks)) == (State.SUCCEEDED, 1, 2)
    push(ignore_hash=True)
    assert ckan.calls.count("datastore_upsert") == 2


def test_a_hash_that_the_publisher_set_proves_nothing(ckan, push):
    push(resource={"hash": "b026324c6904b2a9cb4b88d6d61c81d1"})
    assert len(ckan.rows()) == 3


@pytest.mark.parametrize("change", ["override", "setting", "table", "failure"])
def test_the_same_file_is_loaded_again_if_the_table_would_be_another(ckan, push, settings, change):
    first = push()
    if change == "override":
        ckan.tables["r-1"]["fields"][1]["info"] = {"type_override": "numeric"}
    elif change == "setting":
        settings.PUSHER_NULL_MARKERS = ["02"]
    elif change == "table":
        del ckan.tables["r-1"]
    else:
        PushJob.objects.filter(pk=first.pk).update(state=State.FAILED)
    push()
    assert ckan.calls.count("datastore_upsert") == 2
    if change == "override":
        assert ckan.tables["r-1"]["fields"][1] == {
            "id": "count",
            "type": "numeric",
            "info": {"type_override": "numeric"},
        }


def test_a_dump_of_the_datastore_is_left_alone(ckan, push):
    job = push(resource={"url_type": "datastore"})
    assert log_of(job) == ["Dump files are managed with the Datastore API"]
    assert (job.state, ckan.tables) == (State.SUCCEEDED, {})


def test_set_url_type_marks_the_resource(ckan, push):
    push(set_url_type=True)
    assert ckan.patches[0]["url_type"] == "datapusher"


class TestPatience:
    def test_a_resource_that_is_not_committed_yet_is_waited_for(self, ckan, push):
        ckan.faults.append(once("resource_show", Response(json.dumps({"error": {"message": "Not found"}}), 404)))
        assert push().state == State.SUCCEEDED

    def test_an_address_that_is_not_committed_yet_is_waited_for(self, ckan, push):
        old, new = "http://127.0.0.1:1/old.csv", ckan.server.url_for("/file.csv")
        left = [old, old]
        original = ckan._resource_show
        ckan._resource_show = lambda asked: (
            ckan.resources["r-1"].update(url=left.pop() if left else new),
            original(asked),
        )[1]
        assert push().state == State.SUCCEEDED
        assert len(ckan.rows()) == 3

    def test_ckan_gets_the_time_to_write_down_that_the_job_is_its_own(self, ckan, push):
        ckan.tasks["r-1"] = {"state": "submitting", "value": "{}"}
        job, seen = push(run=False), []

        def later(name):
            if name == "task_status_show":
                seen.append(name)
                if len(seen) == 2:
                    ckan.tasks["r-1"] = {"state": "pending", "value": json.dumps({"job_id": job.job_id})}

        ckan.faults.append(later)
        running.run(job.pk)
        assert len(seen) == 2
        assert len(ckan.hooks) == 1


class TestFailures:
    @pytest.mark.parametrize(
        ("metadata", "sentence"),
        [
            ({"resource_id": None}, "No id provided."),
            ({"ckan_url": None}, "No ckan_url provided."),
            ({"ckan_url": None, "resource_id": None, "original_url": None}, "Metadata missing"),
        ],
    )
    def test_a_job_that_says_too_little(self, push, metadata, sentence):
        job = push(**metadata)
        assert (job.state, job.error["message"]) == (State.FAILED, sentence)

    def test_a_broken_file_fails_before_the_old_table_is_touched(self, ckan, push):
        push()
        job = push("<!doctype html><html></html>")
        assert job.error["message"] == "The file is an HTML page, not a table."
        assert len(ckan.rows()) == 3
        assert ckan.hooks[-1][0]["status"] == "error"
        assert ckan.hooks[-1][0]["error"]["message"] == job.error["message"]

    def test_a_ckan_that_is_away_is_tried_again_later(self, ckan, push, hasty):
        ckan.faults.append(lambda name: Response("", 503) if name == "datastore_create" else None)
        job = push()
        assert (job.state, job.tries, ckan.hooks) == (State.QUEUED, 1, [])
        assert job.not_before
        ckan.faults.clear()
        PushJob.objects.update(not_before=timezone.now())
        assert dispatch.top_up("fast") == 1
        assert running.run_next("fast")
        assert len(ckan.rows()) == 3
        assert len(ckan.hooks) == 1

    def test_the_public_sees_a_sentence_and_staff_the_rest(self, ckan, push, monkeypatch):
        monkeypatch.setattr(pushing, "open_table", lambda *_: 1 / 0)
        job = push()
        assert job.error == {"message": "The data could not be pushed."}
        assert "ZeroDivisionError" in job.error_detail
        assert job.error_reference.startswith("PP-")
        assert "Zero" not in str(log_of(job))


class TestHooks:
    def test_a_key_may_name_its_own_header_there_as_well(self, ckan, push):
        job = push(run=False)
        PushJob.objects.update(encrypted_api_key=encryption.encrypt(f"X-CKAN-Token: {TOKEN}"))
        ckan.header = "X-CKAN-Token"
        running.run(job.pk)
        assert [key for _, key in ckan.hooks] == [TOKEN]
        assert len(ckan.rows()) == 3

    def test_before_staff_retry_a_job_ckan_hears_that_it_is_pending_again(self, ckan, push):
        ckan.faults.append(lambda name: Response("", 500) if name == "datapusher_hook" else None)
        job = push("<!doctype html><html></html>")
        assert (job.state, job.hook, ckan.hooks) == (State.FAILED, Hook.PENDING, [])
        ckan.faults.clear()
        assert running.retry(job)
        assert [told["status"] for told, _ in ckan.hooks] == ["pending"]
        running.run(job.pk)
        assert [told["status"] for told, _ in ckan.hooks] == ["pending", "error"]

    def test_a_ckan_that_does_not_hear_is_told_until_it_does(self, ckan, push):
        ckan.faults.append(lambda name: Response("", 500) if name == "datapusher_hook" else None)
        job = push()
        assert (job.state, job.hook, job.hook_error) == (State.SUCCEEDED, Hook.PENDING, "HTTP 500")
        ckan.faults.clear()
        hooks.tell(job.pk)
        assert ckan.hooks == []
        PushJob.objects.update(hook_due_at=timezone.now())
        hooks.tell(job.pk)
        job.refresh_from_db()
        assert (len(ckan.hooks), job.hook, job.encrypted_api_key) == (1, Hook.TOLD, "")

    def test_after_a_day_it_is_given_up_and_the_keys_go(self, ckan, push):
        ckan.faults.append(lambda name: Response("", 500) if name == "datapusher_hook" else None)
        job = push()
        PushJob.objects.update(hook_due_at=timezone.now(), finished_at=timezone.now() - timedelta(days=2))
        hooks.tell(job.pk)
        job.refresh_from_db()
        assert (job.hook, job.encrypted_api_key) == (Hook.GIVEN_UP, "")

    def test_an_older_job_does_not_speak_for_a_newer_one(self, ckan, push):
        ckan.faults.append(once("datapusher_hook", Response("", 500)))
        job = push()
        push(run=False)
        PushJob.objects.filter(pk=job.pk).update(hook_due_at=timezone.now())
        hooks.tell(job.pk)
        job.refresh_from_db()
        assert (ckan.hooks, job.hook, job.encrypted_api_key) == ([], Hook.NONE, "")

    def test_ckan_hears_that_a_long_job_still_runs(self, ckan, push):
        job = push(run=False)
        PushJob.objects.update(created_at=timezone.now() - timedelta(hours=1))
        maintenance.tend()
        assert [told["status"] for told, _ in ckan.hooks] == ["pending"]
        job.refresh_from_db()
        assert job.renewed_at


def test_packages_of_the_resource_are_stale_at_the_end(ckan, push, django_capture_on_commit_callbacks):
    heard = []
    events.listen(heard.append)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            push()
    finally:
        events.unlisten(heard.append)
    changed = [event for event in heard if isinstance(event, events.ResourceChanged)]
    assert [(event.resource_id, event.source) for event in changed] == [("r-1", "pusher")]


def test_a_dry_run_shows_the_table_and_changes_nothing(ckan, push):
    job = push(dry_run=True)
    assert job.result == {
        "columns": [
            {"name": "name", "type": "text", "header": "name"},
            {"name": "count", "type": "text", "header": "count"},
        ],
        "rows": [["fox", "1"], ["hen", "02"], ["owl", None]],
        "count": 3,
    }
    assert (ckan.tables, ckan.patches, ckan.hooks, job.hook) == ({}, [], [], Hook.NONE)


def test_a_large_file_moves_to_the_slow_queue_before_anything_is_changed(ckan, push, settings):
    settings.PUSHER_SLOW_BYTES = 10
    job = push()
    assert (job.state, job.queue, ckan.tables) == (State.QUEUED, "slow", {})
    running.run(job.pk)
    assert len(ckan.rows()) == 3


class TestTwoAtOnce:
    def test_one_after_the_other_and_the_later_wins(self, ckan, push):
        first = push(run=False)
        claim = lifecycle.claim(first.pk, "one")
        second = push("name,count\nelk,9\n", run=False)
        assert lifecycle.claim(second.pk, "two") is None
        lifecycle.succeed(claim)
        running.run(second.pk)
        assert ckan.rows() == [["elk", "9"]]

    def test_a_worker_that_came_back_from_the_dead_changes_nothing(self, ckan, push, settings):
        job = push(run=False)
        claim = lifecycle.claim(job.pk, "slow one")
        PushJob.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
        maintenance.tend()
        job.refresh_from_db()
        assert (job.state, job.worker_failures) == (State.QUEUED, 1)
        assert not lifecycle.succeed(claim)
        assert not lifecycle.report(claim)
        running.run(job.pk)
        assert len(ckan.rows()) == 3

    def test_a_worker_that_dies_again_and_again_ends_the_job(self, push, settings):
        job = push(run=False)
        for _ in range(settings.PACKAGER_MAX_LOSSES):
            lifecycle.claim(job.pk, "doomed")
            PushJob.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
            maintenance.tend()
        job.refresh_from_db()
        assert (job.state, job.error_code) == (State.FAILED, "pusher_lost")

    def test_a_cancelled_job_stops(self, ckan, push, monkeypatch):
        job = push(run=False)
        reads = pushing.open_table
        monkeypatch.setattr(pushing, "open_table", lambda *given: lifecycle.cancel(job, "staff") and reads(*given))
        running.run(job.pk)
        hooks.tell(job.pk)
        job.refresh_from_db()
        assert (job.state, job.error["message"]) == (State.CANCELLED, "The job was cancelled.")
        assert (ckan.tables, ckan.hooks[-1][0]["status"]) == ({}, "error")


def test_old_jobs_and_what_dead_attempts_left_are_deleted(push, tmp_path):
    push()
    (tmp_path / "push-1-1").mkdir()
    PushJob.objects.update(finished_at=timezone.now() - timedelta(days=15))
    assert maintenance.delete_old(14) == 1
    assert not (tmp_path / "push-1-1").exists()


@pytest.mark.django_db(transaction=True)
def test_ckan_may_send_the_next_job_while_it_hears_how_this_one_ended(ckan, push):
    """It does so where the file was changed meanwhile; no lock and no transaction may be held then."""
    job, sent = push(run=False), []

    def post(name):
        if name == "datapusher_hook" and not sent:
            sent.append("on its way")
            facts = {"ckan_url": ckan.url, "resource_id": "r-1"}
            sent.append(lifecycle.submit(submission.Submission.new("push_to_datastore", TOKEN, facts))[0])
            connection.close()

    ckan.faults.append(post)
    running.run(job.pk)
    job.refresh_from_db()
    assert (job.hook, sent[1].state) == (Hook.TOLD, State.QUEUED)
