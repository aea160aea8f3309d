"""The stand-in sends the job that CKAN's plugin sends, and lets its table be written."""

import http.client
import json
from urllib.parse import urlencode

import pytest

from demo.ckan import DemoCkan
from demo.environment import pushes_sample
from demo.uploads import finds


@pytest.fixture
def portal():
    """Something that records what is posted to it."""
    with DemoCkan(rows=0) as listening:
        yield listening


@pytest.fixture
def ckan(portal):
    """A stand-in with a file."""
    with DemoCkan(rows=1, portal_url=portal.url) as ckan:
        ckan.add(finds())
        yield ckan


def call(ckan, method, path, body=None, **headers):
    """Status and text."""
    connection = http.client.HTTPConnection(ckan.host)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode("cp1252")
    connection.close()
    return answer.status, text


def act(ckan, name, **asked):
    """Call an action with the token; the result, or the status of a refusal."""
    headers = {"Authorization": ckan.token, "Content-Type": "application/json"}
    status, text = call(ckan, "POST", f"/api/3/action/{name}", json.dumps(asked), **headers)
    return json.loads(text)["result"] if status == 200 else status


def test_the_button_posts_a_job(ckan, portal):
    form = urlencode({"resource_id": ckan.id("finds")})
    call(ckan, "POST", "/demo/push", form, **{"Content-Type": "application/x-www-form-urlencoded"})
    (request,) = portal.requests
    assert request.path == "/pusher/job"
    assert request.body["api_key"] == ckan.token
    assert request.body["metadata"]["original_url"] == ckan.download_url("finds")
    status, text = call(ckan, "GET", ckan.download_url("finds").removeprefix(ckan.url))
    assert (status, text.splitlines()[1].split(";")[3]) == (200, "Grace Füchsin")


def test_a_table_is_made_filled_marked_and_taken_away(ckan):
    about = {"resource_id": ckan.id("finds")}
    assert act(ckan, "datastore_search", **about) == 404
    fields = [{"id": "no", "type": "text"}, {"id": "weight", "type": "numeric"}, {"id": "at", "type": "timestamp"}]
    act(ckan, "datastore_create", **about, fields=fields)
    act(ckan, "datastore_upsert", **about, records=[{"no": "00107", "weight": "1.50", "at": "2020-03-05"}])
    act(ckan, "datastore_upsert", **about, records=[{"no": "7", "weight": None, "at": None}], dry_run=True)
    act(ckan, "datastore_upsert", **about, records=[{"no": "00108", "weight": None, "at": None}])
    found = act(ckan, "datastore_search", **about)
    assert found["total"] == 2
    assert found["records"] == [
        {"_id": 1, "no": "00107", "weight": 1.5, "at": "2020-03-05T00:00:00.000"},
        {"_id": 2, "no": "00108", "weight": None, "at": None},
    ]
    act(ckan, "resource_patch", id=ckan.id("finds"), hash="abc")
    assert act(ckan, "resource_show", id=ckan.id("finds"))["hash"] == "abc"
    act(ckan, "datapusher_hook", status="complete", metadata=about)
    assert "Last push: complete" in call(ckan, "GET", "/")[1]
    act(ckan, "datastore_delete", **about)
    assert act(ckan, "datastore_search", **about) == 404


def test_nobody_writes_without_the_token_or_to_what_was_not_uploaded(ckan):
    asked = json.dumps({"resource_id": ckan.id("finds")})
    headers = {"Content-Type": "application/json"}
    assert call(ckan, "POST", "/api/3/action/datastore_delete", asked, **headers)[0] == 403
    assert act(ckan, "datastore_delete", resource_id=ckan.id("small")) == 404


@pytest.mark.parametrize(
    ("environment", "pushes"),
    [
        ({"PUSHER_ENABLED": "true"}, True),
        ({"PUSHER_ENABLED": "false"}, False),
        ({"PUSHER_ENABLED": "true", "PUSHER_DATASTORE_WRITE_URL": "postgresql://theirs"}, False),
    ],
)
def test_the_quick_start_pushes_into_the_sample_only(environment, pushes):
    assert pushes_sample(environment) is pushes
