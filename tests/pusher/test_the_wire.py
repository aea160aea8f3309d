"""CKAN's plugin, and whoever knows DataPusher, find the answers that they know."""

import json

import pytest

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
        missing = client.get("/pusher/job/none")
        assert (missing.status_code, missing.json()) == (404, {"error": "job_id not found"})

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
