"""The stand-in's files: the table of a resource, and bytes of any number."""

import urllib.error
import urllib.request

import pytest

from demo.ckan import DemoCkan


@pytest.fixture(scope="module")
def ckan():
    with DemoCkan(rows=10_000) as running:
        yield running


def get(url, **headers):
    """Status, headers and body."""
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_a_download_holds_what_the_dump_holds(ckan):
    status, headers, body = get(ckan.download_url("specimens"))
    _, _, dump = get(f"{ckan.url}/datastore/dump/{ckan.id('specimens')}?format=csv")
    assert (status, int(headers["Content-Length"])) == (200, len(body))
    assert body == dump
    assert ckan.csv("specimens") == body.replace(b"\r\n", b"\n", 1)


def test_a_part_is_a_part_of_the_whole(ckan):
    url = ckan.download_url("specimens")
    _, headers, whole = get(url)
    status, part_headers, part = get(url, Range="bytes=5000-5999", If_Range=headers["ETag"])
    assert (status, part) == (206, whole[5000:6000])
    assert part_headers["Content-Range"] == f"bytes 5000-5999/{len(whole)}"
    assert get(url, Range="bytes=-7")[2] == whole[-7:]
    assert get(url, Range=f"bytes={len(whole)}-")[0] == 416


def test_a_part_of_another_version_is_refused_for_the_whole(ckan):
    status, _, body = get(ckan.download_url("small"), Range="bytes=0-9", If_Range='"older"')
    assert status == 200
    assert len(body) > 10


def test_a_known_version_is_not_sent_again(ckan):
    etag = get(ckan.download_url("small"))[1]["ETag"]
    assert get(ckan.download_url("small"), If_None_Match=etag)[0] == 304


def test_a_private_file_is_not_there_without_the_token(ckan):
    assert get(ckan.download_url("private"))[0] == 404
    assert get(ckan.download_url("private"), Authorization=ckan.token)[0] == 200


def test_a_file_of_any_size_can_be_had(ckan):
    _, headers, body = get(f"{ckan.url}/demo/file/200000/specimens.zip")
    assert (headers["Content-Length"], len(body)) == ("200000", 200_000)
    assert (body[0], body[199_999]) == (0, 199_999 % 256)
