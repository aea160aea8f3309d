"""Staff see and steer pushes; operators load, try and count them by command."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.utils import timezone

from packager.titles import PublicTitles
from pusher import lifecycle
from pusher.models import PushJob, State
from pusher.submission import Submission

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_queue(monkeypatch):
    monkeypatch.setattr("packager.lifecycle.dispatch.start", lambda *_: None)


@pytest.fixture
def job():
    metadata = {"ckan_url": "http://127.0.0.1:1/", "resource_id": "r-1"}
    made, _ = lifecycle.submit(Submission.new("push_to_datastore", "eyJ-token", metadata))
    lifecycle.write_log(made, "INFO", "Fetching from: http://example.org/f.csv")
    PushJob.objects.update(title="Sightings of foxes")
    return PushJob.objects.get()


@pytest.fixture
def person(client):
    """Logs in as somebody of a role."""

    def login(role):
        user = User.objects.create_user(role, password="x", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        return client

    return login


def test_the_list_shows_titles_states_and_causes(person, job):
    lifecycle.cancel(job, "somebody")
    page = person("viewer").get("/admin/pusher/pushjob/").content.decode()
    assert "Sightings of foxes" in page
    assert "state-cancelled" in page
    assert "The job was cancelled." in page


UNTITLED = "5f0b2d0c-93a5-4f63-9f2e-0d6f3f0c2c11"


@pytest.mark.parametrize(
    ("known", "shown"), [("Sightings of wolves", "Sightings of wolves"), ("", "Resource 5f0b2d0c…")]
)
def test_a_resource_that_ckan_has_not_been_asked_about_is_called_by_what_is_known(person, known, shown):
    place = {"ckan_host": "127.0.0.1:1", "resource_id": UNTITLED}
    PublicTitles.objects.create(**place, resource_title=known, asked_at=timezone.now())
    metadata = {"ckan_url": "http://127.0.0.1:1/", "resource_id": UNTITLED}
    lifecycle.submit(Submission.new("push_to_datastore", "k", metadata))
    client = person("viewer")
    for address in ("/admin/pusher/pushjob/", "/admin/pusher/pushjob/resources/"):
        page = client.get(address).content.decode()
        assert f">{shown}</a>" in page
        assert f">{UNTITLED}<" not in page


def test_the_page_of_one_shows_its_log_as_it_comes_and_no_key(person, job):
    client = person("viewer")
    page = client.get(f"/admin/pusher/pushjob/{job.pk}/change/").content.decode()
    assert "Fetching from" in page
    assert f"/admin/pusher/pushjob/{job.pk}/now/" in page
    assert "eyJ-token" not in page
    assert "Cancel" not in page
    assert "Fetching from" in client.get(f"/admin/pusher/pushjob/{job.pk}/now/").content.decode()


def test_operators_cancel_retry_and_try(person, job):
    client, address = person("operator"), f"/admin/pusher/pushjob/{job.pk}/do/"
    PushJob.objects.update(result_url="http://127.0.0.1:1/hook")
    client.post(f"{address}cancel/")
    job.refresh_from_db()
    assert job.state == State.CANCELLED
    client.post(f"{address}retry/")
    job.refresh_from_db()
    assert job.state == State.QUEUED
    client.post(f"{address}try/")
    assert PushJob.objects.filter(dry_run=True).count() == 1
    assert client.get(f"{address}cancel/").status_code == 404


class TestWithoutTheKey:
    """A push whose API key is erased cannot be retried, and staff read why before they try."""

    WHY = "The API key of this push has been erased, so it cannot be retried here. Press “Upload to DataStore” in CKAN."

    @pytest.fixture
    def ended(self, job):
        lifecycle.cancel(job, "somebody")
        job.refresh_from_db()
        assert job.encrypted_api_key == ""
        return job

    def test_the_page_says_why_and_offers_no_retry(self, person, ended):
        client, address = person("operator"), f"/admin/pusher/pushjob/{ended.pk}/change/"
        page = client.get(address).content.decode()
        assert self.WHY in page
        assert "/do/retry/" not in page
        PushJob.objects.update(dry_run=True)
        assert "Press “Dry run” for a new one." in client.get(address).content.decode()
        PushJob.objects.update(state=State.SUCCEEDED)
        assert "cannot be retried" not in client.get(address).content.decode()

    def test_who_tries_all_the_same_reads_it_too(self, person, ended):
        client = person("operator")
        one = client.post(f"/admin/pusher/pushjob/{ended.pk}/do/retry/", follow=True).content.decode()
        assert f'<li class="error">{self.WHY}' in one
        data = {"action": "retry_chosen", "_selected_action": [ended.pk]}
        many = client.post("/admin/pusher/pushjob/", data, follow=True).content.decode()
        assert "0 queued again, 1 skipped." in many
        assert self.WHY in many
        ended.refresh_from_db()
        assert ended.state == State.CANCELLED

    def test_who_only_looks_is_told_nothing_of_it(self, person, ended):
        page = person("viewer").get(f"/admin/pusher/pushjob/{ended.pk}/change/").content.decode()
        assert "cannot be retried" not in page


def test_the_page_of_a_running_one_says_how_fast_it_is_and_how_long_it_takes(person, job):
    begun = timezone.now() - timedelta(minutes=5)
    PushJob.objects.update(
        state=State.RUNNING, rows_done=6000, rows_total=60_000, writing_since=begun, heartbeat_at=timezone.now()
    )
    client = person("viewer")
    assert "10%, about 45 min left" in client.get(f"/admin/pusher/pushjob/{job.pk}/now/").content.decode()
    assert "<dd>20</dd>" in client.get(f"/admin/pusher/pushjob/{job.pk}/change/").content.decode()


def test_viewers_change_nothing(person, job):
    assert person("viewer").post(f"/admin/pusher/pushjob/{job.pk}/do/cancel/").status_code == 403


def test_many_are_cancelled_at_once(person, job):
    data = {"action": "cancel_chosen", "_selected_action": [job.pk]}
    person("operator").post("/admin/pusher/pushjob/", data)
    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_figures_of_each_site_and_resource(person, job):
    for host, resource in (("127.0.0.1:1", "r-2"), ("other.example:5000", "r-1")):
        metadata = {"ckan_url": f"http://{host}/", "resource_id": resource}
        lifecycle.submit(Submission.new("push_to_datastore", "k", metadata))
    PushJob.objects.update(state=State.SUCCEEDED, rows_done=1500)
    client = person("viewer")
    page = client.get("/admin/pusher/pushjob/resources/").content.decode()
    assert "Sightings of foxes" in page
    sites, resources = page.split('<h2 id="resources">')
    for host, pushes, rows in (("127.0.0.1:1", 2, "3,000"), ("other.example:5000", 1, "1,500")):
        line = next(line for line in sites.splitlines() if f">{host}<" in line)
        assert f'<td class="number">{pushes}</td><td class="number">{pushes}</td>' in line
        assert f'<td class="number">{rows}</td>' in line
    assert resources.count('<th scope="row">') == 3
    found = client.get("/admin/pusher/pushjob/?ckan_host=127.0.0.1%3A1")
    assert found.context["cl"].result_count == 2


def test_a_table_that_would_be_is_shown(person, job):
    found = {"columns": [{"name": "a", "type": "text"}], "rows": [["fox"], [None]], "count": 2}
    PushJob.objects.update(result=found, state=State.SUCCEEDED)
    page = person("viewer").get(f"/admin/pusher/pushjob/{job.pk}/change/").content.decode()
    assert "<td>fox</td>" in page


def test_the_metrics_count_pushes(client, job):
    assert 'packaging_pushes{state="queued"} 1.0' in client.get("/metrics").content.decode()


def called(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_the_state_of_the_pusher_by_command(job):
    assert "queued: 1" in called("pusher_status")
    assert json.loads(called("pusher_status", "--json"))["states"]["queued"] == 1


@pytest.mark.django_db(transaction=True)
class TestPushByCommand:
    @pytest.fixture
    def address(self, ckan, httpserver, monkeypatch, settings, tmp_path):
        settings.PACKAGER_TEMP_DIRECTORY = tmp_path
        monkeypatch.setenv("CKAN_API_KEY", "eyJ-token-of-ckan")
        httpserver.expect_request("/file.csv").respond_with_data("a,b\n1,fox\n")
        ckan.add_resource(url=httpserver.url_for("/file.csv"))
        return f"{ckan.url}dataset/d/resource/r-1"

    def test_one_resource_is_loaded_here_and_now(self, ckan, address):
        assert "Successfully pushed 1 entries" in called("push", address)
        assert ckan.rows() == [["1", "fox"]]

    def test_a_dry_run_prints_the_table(self, ckan, address):
        assert called("push", address, "--dry-run").endswith("a (numeric) | b (text)\n1 | fox\n")
        assert ckan.tables == {}

    def test_a_failure_is_one_sentence(self, ckan, address):
        ckan.resources.clear()
        with pytest.raises(CommandError, match="404 Not Found"):
            called("push", address)

    @pytest.mark.parametrize("address", ["http://127.0.0.1/x", "nonsense"])
    def test_an_address_that_is_no_resource(self, address):
        with pytest.raises(CommandError, match="address of a resource's page"):
            called("push", address)
