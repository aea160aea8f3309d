"""CKAN's plugin, and whoever knows DataPusher, find the answers that they know."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from pusher import lifecycle, wire
from pusher.models import PushJob, State

pytestmark = pytest.mark.django_db

JOB = {
    "api_key": "eyJ-token",
    "job_type": "push_to_datastore",
    "result_url": "http://127.0.0.1:1/api/3/action/datapusher_hook",
    "metadata": {"ckan_url": "http://127.0.0.1:1/", "resource_id": "r-1", "ignore_hash": False, "n": 3},
}


@pytest.fixture(autouse=True)
def _no_queue(monkeypatch):
    monkeypatch.setattr("packager.lifecycle.dispatch.start", lambda *_: None)


def post(client, sent, path="/pusher/job"):
    body = sent if isinstance(sent, str | bytes) else json.dumps(sent)
    return client.post(path, body, content_type="application/json")


@pytest.mark.parametrize("path", ["/pusher/job", "/pusher/job/", "/job", "/job/"])
def test_a_job_is_taken_and_its_key_told_once(client, path):
    found = post(client, JOB, path).json()
    assert found["status"] == "pending"
    assert found["sent_data"] == {}
    assert found["metadata"] == JOB["metadata"]
    assert found["logs"] == []
    assert found["job_key"]
    assert "api_key" not in found
    shown = client.get(f"/job/{found['job_id']}", headers={"Authorization": found["job_key"]}).json()
    assert shown == {name: value for name, value in found.items() if name != "job_key"}


def test_a_job_has_the_keys_of_datapusher_and_its_own_progress(client):
    found = post(client, {**JOB, "data": {"a": [1]}}).json()
    assert UUID(found.pop("job_id"))
    assert found.pop("job_key")
    assert found.pop("requested_timestamp") == wire.moment(PushJob.objects.get().created_at)
    assert found == {
        "job_type": "push_to_datastore",
        "status": "pending",
        "sent_data": {"a": [1]},
        "metadata": JOB["metadata"],
        "result_url": JOB["result_url"],
        "data": None,
        "error": None,
        "finished_timestamp": None,
        "aps_job_id": None,
        "logs": [],
        "progress": {
            "step": "", "bytes_done": 0, "bytes_total": None, "rows_done": 0, "rows_total": None,
            "rows_per_second": None, "seconds_left": None,
        },
    }  # fmt: skip


def test_the_progress_says_how_fast_it_is_and_how_long_it_takes(client):
    post(client, JOB)
    begun = timezone.now() - timedelta(seconds=10)
    PushJob.objects.update(
        state=State.RUNNING, step="write", rows_done=4000, rows_total=10_000, writing_since=begun,
        heartbeat_at=begun + timedelta(seconds=8),
    )  # fmt: skip
    told = wire.job_dict(PushJob.objects.get())["progress"]
    assert (told["step"], told["rows_per_second"], told["seconds_left"]) == ("write", 500, 12)


def test_posting_needs_no_token_of_a_form(db):
    assert post(Client(enforce_csrf_checks=True), JOB).status_code == 200


def test_data_that_are_null_are_none(client):
    assert post(client, {**JOB, "data": None}).json()["sent_data"] == {}


def test_a_key_that_cannot_be_kept_is_refused(client):
    answer = post(client, {**JOB, "api_key": "\ud800"})
    assert (answer.status_code, "api_key" in answer.json()["error"]) == (409, True)


def test_an_id_can_be_chosen_once(client):
    assert post(client, JOB, "/pusher/job/my-job").json()["job_id"] == "my-job"
    again = post(client, JOB, "/pusher/job/my-job")
    assert (again.status_code, again.json()) == (409, {"error": "job_id my-job already exists"})


NOT_JSON = "Not recognised as json, make sure content type is application/json"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ("{", "Malformed json"),
        ("", NOT_JSON),
        ("[]", NOT_JSON),
        ({**JOB, "a": 1, "b": 2}, "Too many arguments. Extra keys are a, b"),
        ({**JOB, "result_url": "ftp://x"}, "result_url has to start with http"),
        ({**JOB, "job_type": ""}, "Please specify a job type"),
        ({**JOB, "job_type": "x"}, "Job type x not available. Available job types are push_to_datastore"),
        ({**JOB, "api_key": None}, "Please provide your API key."),
        ({**JOB, "metadata": [1]}, "metadata has to be a json object"),
        (
            {**JOB, "metadata": {"ckan_url": "http://example.org/"}},
            "ckan_url is not one of the CKAN sites this portal serves",
        ),
        ({**JOB, "result_url": "http://10.0.0.1/"}, "result_url is not one of the CKAN sites this portal serves"),
    ],
)
def test_what_cannot_be_taken_is_answered_with_datapushers_sentences(client, sent, sentence):
    answer = post(client, sent)
    assert (answer.status_code, answer.json()) == (409, {"error": sentence})
    assert PushJob.objects.count() == 0


def test_of_several_faults_the_first_that_datapusher_looks_for_is_named(client):
    """Each mended fault uncovers the next."""
    sent = {"x": 1, "result_url": "ftp://x", "job_type": "", "api_key": "", "metadata": []}
    post(client, JOB, "/job/taken")
    mends = [{"x": None}, {"result_url": "http://10.0.0.1/"}, {"job_type": "y"}, {"job_type": "push_to_datastore"}]
    mends += [{"api_key": "k"}, {"metadata": {}}, {"result_url": ""}]
    seen = []
    for mend in [{}, *mends]:
        sent = {name: value for name, value in (sent | mend).items() if value is not None}
        seen.append(post(client, sent, "/job/taken").json()["error"])
    assert seen == [
        "Too many arguments. Extra keys are x",
        "result_url has to start with http",
        "Please specify a job type",
        "Job type y not available. Available job types are push_to_datastore",
        "Please provide your API key.",
        "metadata has to be a json object",
        "result_url is not one of the CKAN sites this portal serves",
        "job_id taken already exists",
    ]


DEEP = json.loads("[" * 40 + "]" * 40)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"metadata": {"a": DEEP}}, "Parameter metadata is nested too deeply"),
        ({"data": DEEP}, "Parameter data is nested too deeply"),
        ({"metadata": {"a": float("nan")}}, "Parameter metadata must not contain NaN, or numbers beyond 1.8e308"),
        ({"metadata": {"resource_id": "r" * 256}}, "Parameter resource_id is longer than 255 characters"),
        ({"result_url": "http://127.0.0.1/" + "a" * 2000}, "Parameter result_url is longer than 2000 characters"),
        *[
            ({"data": value}, "Parameter data must not contain NUL characters or halves of surrogate pairs")
            for value in ("a\0", {"a\0": 1}, ["\ud800"])
        ],
    ],
)
def test_what_no_database_takes_is_refused_by_the_name_of_its_field(client, sent, sentence):
    answer = post(client, {**JOB, **sent})
    assert (answer.status_code, answer.json()) == (409, {"error": sentence})


def test_an_id_that_no_database_takes_is_refused_and_not_found(client):
    assert post(client, JOB, "/job/%00").status_code == 409
    assert post(client, JOB, f"/job/{'a' * 256}").status_code == 409
    assert client.get("/job/%00").status_code == 404


def test_a_body_of_more_than_a_megabyte_is_no_job(client):
    answer = post(client, {**JOB, "data": "x" * (1 << 20)})
    assert (answer.status_code, answer.json()) == (409, {"error": "The job is too large"})


def test_without_named_sites_nothing_is_taken(client, settings):
    settings.PACKAGER_CKAN_HOSTS = []
    assert post(client, {**JOB, "metadata": {"ckan_url": "http://example.org/"}}).status_code == 409


class TestOneJob:
    @pytest.fixture
    def made(self, client):
        return post(client, JOB).json()

    def test_only_with_its_key_or_the_secret(self, client, made, settings):
        settings.PUSHER_SECRET = "open sesame"
        address = f"/pusher/job/{made['job_id']}"
        for path in (address, f"{address}/data"):
            refused = client.get(path)
            assert (refused.status_code, refused.json()) == (403, {"error": "not authorized"})
            assert client.get(path, headers={"Authorization": "wrong"}).status_code == 403
            assert client.get(path, headers={"Authorization": "open sesame"}).status_code == 200
        for path in ("/pusher/job/none", "/pusher/job/none/data"):
            missing = client.get(path)
            assert (missing.status_code, missing.json()) == (404, {"error": "job_id not found"})

    @pytest.mark.parametrize("before", ["/pusher", ""])
    def test_with_and_without_a_slash_and_never_a_redirect(self, client, made, before):
        headers = {"Authorization": made["job_key"]}
        for path in ("", "/", "/data", "/data/"):
            assert client.get(f"{before}/job/{made['job_id']}{path}", headers=headers).status_code == 200, path

    def test_guessing_the_secret_is_braked_and_the_key_of_a_job_is_not(self, client, made, settings):
        settings.PUSHER_SECRET, settings.PACKAGER_THROTTLE_SECRET = "open sesame", "3/min"
        address = f"/pusher/job/{made['job_id']}"

        def statuses(*keys, **more):
            return [client.get(address, headers={"Authorization": key}, **more).status_code for key in keys]

        assert statuses("a", "b", "c", "d", "open sesame") == [403, 403, 403, 429, 429]
        braked = client.delete("/pusher/job", headers={"Authorization": "open sesame"})
        assert (braked.status_code, braked.json()) == (429, {"error": "Too many wrong keys"})
        assert 0 < int(braked["Retry-After"]) <= 60
        assert statuses(made["job_key"]) == [200]
        assert statuses("open sesame", REMOTE_ADDR="198.51.100.7") == [200]

    def test_logs_have_the_form_on_which_ckans_page_insists(self, client, made):
        job = PushJob.objects.get()
        for n in range(3):
            lifecycle.write_log(job, "INFO", f"line {n}")
        job.logs.update(at="2026-11-21T12:00:00Z")
        headers = {"Authorization": made["job_key"]}
        logs = client.get(f"/job/{made['job_id']}", headers=headers).json()["logs"]
        assert [log["timestamp"] for log in logs] == ["2026-11-21T12:00:00.000000"] * 3
        assert set(logs[0]) == {"timestamp", "message", "level", "module", "funcName", "lineno"}
        newest = client.get(f"/job/{made['job_id']}?limit=2", headers=headers).json()["logs"]
        assert [log["message"] for log in newest] == ["line 2", "line 1"]
        assert len(client.get(f"/job/{made['job_id']}?limit=x", headers=headers).json()["logs"]) == 3

    def test_a_log_never_grows_beyond_what_ckan_can_show(self, made):
        job = PushJob.objects.get()
        for n in range(250):
            lifecycle.write_log(job, "INFO", f"line {n}")
        lifecycle.write_log(job, "ERROR", "the end")
        assert job.logs.count() < 200
        assert job.logs.last().message == "the end"

    def test_what_it_returned(self, client, made):
        headers = {"Authorization": made["job_key"]}
        empty = client.get(f"/job/{made['job_id']}/data", headers=headers)
        assert (empty.status_code, empty.content) == (200, b"")
        PushJob.objects.update(state=State.SUCCEEDED, result={"count": 3}, finished_at="2026-11-21T12:00:00Z")
        shown = client.get(f"/job/{made['job_id']}", headers=headers).json()
        assert (shown["status"], shown["finished_timestamp"]) == ("complete", "2026-11-21T12:00:00.000000")
        assert client.get(f"/job/{made['job_id']}/data", headers=headers).json() == {"count": 3}
        PushJob.objects.update(state=State.FAILED, error={"message": "no"})
        failed = client.get(f"/job/{made['job_id']}/data", headers=headers)
        assert (failed.status_code, failed.json()) == (409, {"error": {"message": "no"}})

    def test_it_is_deleted_once_it_is_over(self, client, made):
        headers, address = {"Authorization": made["job_key"]}, f"/job/{made['job_id']}"
        assert client.delete(address).status_code == 403
        assert client.delete(address, headers=headers).status_code == 409
        PushJob.objects.update(state=State.SUCCEEDED)
        assert client.delete(address, headers=headers).json() == {"success": True}
        assert client.delete(address, headers=headers).status_code == 404


class TestAllJobs:
    def test_the_list_is_of_addresses_newest_first(self, client):
        for name in ("a", "b", "c"):
            post(
                client,
                {**JOB, "metadata": {**JOB["metadata"], "resource_id": name, "flag": name == "a"}},
                f"/job/{name}",
            )
        PushJob.objects.filter(job_id="a").update(state=State.SUCCEEDED)

        def found(query):
            return client.get(f"/pusher/job?{query}").json()["list"]

        assert found("") == ["/pusher/job/c", "/pusher/job/b", "/pusher/job/a"]
        assert found("_limit=1&_offset=1") == ["/pusher/job/b"]
        assert found("_limit=0") == found("_status=none") == found("_offset=9") == []
        assert found("_status=complete") == ["/pusher/job/a"]
        assert found("_status=pending&resource_id=b") == ["/pusher/job/b"]
        assert found("n=3&flag=true") == ["/pusher/job/a"]
        assert found("n=4") == []
        assert client.get("/pusher/job?_limit=x").status_code == 409

    def test_old_ones_are_deleted_by_those_who_may(self, client, settings, admin_client):
        post(client, JOB)
        PushJob.objects.update(state=State.FAILED, finished_at="2020-01-01T00:00:00Z")
        settings.PUSHER_SECRET = "open sesame"
        assert client.delete("/pusher/job").status_code == 403
        assert admin_client.delete("/pusher/job?days=x").status_code == 409
        assert client.delete("/pusher/job?days=1", headers={"Authorization": "open sesame"}).json() == {"success": True}
        assert PushJob.objects.count() == 0

    def test_without_a_number_of_days_those_of_the_setting_count(self, client, settings, admin_client):
        settings.PUSHER_KEEP_DAYS = 3
        for days in (1, 2, 4):
            post(client, JOB, f"/job/{days}")
            gone = timezone.now() - timedelta(days=days)
            PushJob.objects.filter(job_id=days).update(state=State.FAILED, finished_at=gone)
        assert admin_client.delete("/pusher/job/").json() == {"success": True}
        assert sorted(PushJob.objects.values_list("job_id", flat=True)) == ["1", "2"]

    def test_the_state_of_the_service(self, client):
        post(client, JOB)
        stats = {"pending": 1, "complete": 0, "error": 0}
        expected = {"version": 0.1, "job_types": ["push_to_datastore"], "name": "datapusher", "stats": stats}
        assert client.get("/pusher/status").json() == expected
        assert client.get("/pusher/status/").json() == expected
        assert "help" in client.get("/pusher/").json()
        assert "help" in client.get("/pusher").json()

    def test_a_host_of_its_own_has_all_of_it_at_its_root(self, client, settings):
        settings.PUSHER_HOST = "pusher.test"
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "pusher.test"]
        assert client.get("/status", headers={"Host": "pusher.test"}).json()["name"] == "datapusher"
        assert post(client, JOB, "/job").status_code == 200


def test_secrets_are_encrypted_at_rest(client):
    made = post(client, JOB).json()
    row = PushJob.objects.values().get()
    assert made["job_key"] not in str(row)
    assert JOB["api_key"] not in str(row)


def test_a_newer_job_takes_the_place_of_one_that_waits(client):
    first, second = post(client, JOB).json(), post(client, JOB).json()
    old, new = (PushJob.objects.get(job_id=made["job_id"]) for made in (first, second))
    assert (old.state, new.state) == (State.FAILED, State.QUEUED)
    assert old.error["message"] == "A newer job for this resource took the place of this one."
    assert (old.hook, old.encrypted_api_key) == ("none", "")
    assert wire.status_of(old) == "error"


def test_a_foreign_page_can_post_nothing_in_the_name_of_staff(admin_client):
    assert admin_client.options("/pusher/job").status_code == 405
