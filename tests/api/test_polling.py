"""Looking again and again is cheap: ETag, 304, Retry-After."""

from __future__ import annotations

from tests.packager.conftest import run_tasks


def test_nothing_new_is_304_without_a_body(api, body):
    path = f"requests/{api.post('requests/', body).json()['id']}/"
    first = api.get(path)
    again = api.get(path, If_None_Match=first["ETag"])
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again["ETag"] == first["ETag"]


def test_news_are_told_to_whoever_has_the_old_answer(api, body):
    path = f"requests/{api.post('requests/', body).json()['id']}/"
    etag = api.get(path)["ETag"]
    run_tasks()
    assert api.get(path, If_None_Match=etag).json()["status"] == "succeeded"


def test_retry_after_is_told_only_while_it_is_under_way(api, body):
    path = f"requests/{api.post('requests/', body).json()['id']}/"
    before = api.get(path)
    assert int(before["Retry-After"]) > 0
    assert int(api.get(path, If_None_Match=before["ETag"])["Retry-After"]) > 0
    assert int(api.get(f"{path}package/")["Retry-After"]) > 0
    run_tasks()
    assert "Retry-After" not in api.get(path)


def test_a_package_that_will_not_come_is_409_without_retry_after(api, body):
    path = f"requests/{api.post('requests/', body).json()['id']}/"
    api.post(f"{path}cancel/")
    answer = api.get(f"{path}package/")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "Retry-After" not in answer


def test_the_place_in_the_queue_is_told(api, body):
    first, second = (api.post("requests/", {**body, "limit": n}).json() for n in (1, 2))
    assert (first["place"], second["place"]) == (0, 1)
    assert api.get(f"requests/{second['id']}/").json()["place"] == 1
