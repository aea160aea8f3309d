"""The stand-in's page asks the portal on a person's behalf, as CKAN's extension does."""

import http.client
from urllib.parse import urlencode

import pytest

from demo.ckan import DemoCkan


@pytest.fixture
def portal():
    """Something that records what is posted to it."""
    with DemoCkan(rows=0) as listening:
        yield listening


def submit(ckan, name):
    """Send the form of a resource as a browser would; the status of the answer."""
    form = {"resource_id": ckan.id(name), "format": "xlsx", "email": "someone@example.com"}
    connection = http.client.HTTPConnection(ckan.host)
    connection.request("POST", "/demo/package", urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_request_carries_the_secret_and_where_to_read(portal):
    with DemoCkan(rows=1, portal_url=portal.url, portal_secret="of both") as ckan:
        submit(ckan, "small")
        (request,) = portal.requests
        assert (request.method, request.path) == ("POST", "/package_datastore")
        assert request.body == {
            "resource_id": ckan.id("small"),
            "format": "xlsx",
            "email": "someone@example.com",
            "secret": "of both",
            "api_url": ckan.api_url,
        }


def test_private_data_are_asked_for_with_a_key(portal):
    with DemoCkan(rows=1, portal_url=portal.url) as ckan:
        submit(ckan, "private")
        assert portal.requests[0].body["key"] == ckan.token


def test_without_a_portal_the_page_says_so():
    with DemoCkan(rows=1) as ckan:
        assert submit(ckan, "small") == 503


def test_every_resource_has_a_form():
    with DemoCkan(rows=1) as ckan:
        connection = http.client.HTTPConnection(ckan.host)
        connection.request("GET", "/")
        page = connection.getresponse().read().decode()
        connection.close()
        assert all(f'value="{resource.id}"' in page for resource in ckan.resources.values())
