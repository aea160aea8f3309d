"""Each fault does what it says, as often as it was ordered, and then no more."""

import http.client
import json
import urllib.request

import pytest

from demo.ckan import DemoCkan


@pytest.fixture
def ckan():
    with DemoCkan(rows=100) as running:
        yield running


def post(ckan, path="/api/3/action/datastore_search", method="POST", headers=None, **parameters):
    """The raw answer: status, headers, body; what the connection raises is raised."""
    connection = http.client.HTTPConnection(ckan.host)
    try:
        body = json.dumps({"resource_id": ckan.id("specimens"), **parameters})
        connection.request(method, path, body, {"Content-Type": "application/json"} | (headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def page(ckan, **parameters):
    """The ``result`` of a whole answer."""
    return json.loads(post(ckan, **parameters)[2])["result"]


def test_a_status_comes_as_often_as_ordered_after_as_many_good_answers(ckan):
    ckan.faults.add("status", status=429, retry_after=2, times=2, after=1)
    answers = [post(ckan) for _ in range(4)]
    assert [status for status, _, _ in answers] == [200, 429, 429, 200]
    assert answers[1][1]["Retry-After"] == "2"


def test_a_cut_connection_ends_before_the_length_it_promised(ckan):
    ckan.faults.add("cut")
    with pytest.raises(http.client.IncompleteRead):
        post(ckan)
    assert post(ckan)[0] == 200


def test_a_truncated_body_has_the_length_it_says_and_is_no_json(ckan):
    ckan.faults.add("truncate")
    _, headers, body = post(ckan)
    assert int(headers["Content-Length"]) == len(body)
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_a_malformed_answer_is_a_success_without_json(ckan):
    ckan.faults.add("malformed")
    status, _, body = post(ckan)
    assert (status, body[:6]) == (200, b"<html>")


def test_a_page_can_be_empty_or_short_while_the_total_stays(ckan):
    ckan.faults.add("empty")
    ckan.faults.add("short", rows=3, after=1)
    answers = [page(ckan, limit=10) for _ in range(3)]
    assert [len(answer["records"]) for answer in answers] == [0, 7, 10]
    assert {answer["total"] for answer in answers} == {100}


def test_a_total_can_be_anything(ckan):
    ckan.faults.add("total", rows=12345)
    assert page(ckan)["total"] == 12345


def test_a_dripping_answer_comes_byte_by_byte_and_whole(ckan):
    ckan.faults.add("drip", seconds=0.0001)
    assert json.loads(post(ckan, limit=0)[2])["success"]


def test_a_hanging_answer_never_comes(ckan):
    ckan.faults.add("hang", seconds=0.05)
    with pytest.raises(http.client.RemoteDisconnected):
        post(ckan)


def test_rows_come_and_go_while_somebody_reads(ckan):
    ckan.faults.add("append", rows=5)
    assert page(ckan)["total"] == 105
    ckan.faults.add("delete", rows=2)
    left = page(ckan, limit=3)
    assert left["total"] == 103
    assert [row["_id"] for row in left["records"]] == [3, 4, 5]


def test_a_fault_can_be_for_one_resource_only(ckan):
    ckan.faults.add("status", resource=ckan.id("small"))
    assert post(ckan)[0] == 200
    assert post(ckan, resource_id=ckan.id("small"))[0] == 503


def test_a_download_and_a_dump_can_be_cut(ckan):
    ckan.faults.add("cut", path="/download/")
    ckan.faults.add("cut", path="/dump/")
    with pytest.raises(http.client.IncompleteRead):
        post(ckan, ckan.download_url("small").removeprefix(ckan.url), "GET")
    with pytest.raises(http.client.IncompleteRead):
        post(ckan, f"/datastore/dump/{ckan.id('small')}", "GET")


def test_faults_are_ordered_over_http_too(ckan):
    order = json.dumps({"kind": "status", "status": 500}).encode()
    with urllib.request.urlopen(f"{ckan.url}/demo/faults", order) as answer:
        assert json.loads(answer.read())[0]["status"] == 500
    assert [post(ckan)[0], post(ckan)[0]] == [500, 200]
    assert post(ckan, "/demo/faults", kind="nonsense")[0] == 400


def test_what_was_asked_is_on_record(ckan):
    page(ckan, limit=7)
    post(ckan, headers={"AUTHORIZATION": "some-token"})
    first, second = ckan.requests
    assert (first.method, first.path, first.body["limit"]) == ("POST", "/api/3/action/datastore_search", 7)
    assert second.headers["authorization"] == "some-token"
