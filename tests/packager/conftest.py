"""What the tests of the packager share: a CKAN, a portal that runs its queued tasks on demand, and requests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from demo.ckan import DemoCkan
from packager.intake import quick_look
from packager.lifecycle import requests
from packager.models import Kind, PackageRequest, Status
from packager.submission import Submission


@pytest.fixture(scope="session")
def _ckan() -> Iterator[DemoCkan]:
    with DemoCkan(rows=500) as ckan:
        yield ckan


@pytest.fixture
def ckan(_ckan: DemoCkan) -> Iterator[DemoCkan]:
    """A CKAN without faults, whose log is empty."""
    _ckan.faults.clear()
    _ckan.requests.clear()
    yield _ckan
    _ckan.faults.clear()


@pytest.fixture
def portal(transactional_db: None, tmp_path: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a portal with an empty database and an empty store, and with time for busy machines."""
    monkeypatch.setattr(quick_look, "SECONDS", 60)
    settings.PACKAGER_STORE_DIRECTORY = tmp_path / "packages"
    settings.PACKAGER_TEMP_DIRECTORY = tmp_path / "tmp"
    settings.PACKAGER_PAGE_ATTEMPTS = 2
    return Client()


@pytest.fixture(scope="session")
def _object_storage() -> Iterator[Any]:
    # imported by who needs it: it is slow
    from tests.packager import object_storage

    server = object_storage.Server()
    with object_storage.using(server.url):
        yield server
    server.stop()


@pytest.fixture
def object_storage(_object_storage: Any, settings: Any) -> Any:
    """A server of object storage with an empty bucket, in which the portal keeps its packages."""
    from tests.packager import object_storage

    object_storage.empty()
    settings.PACKAGER_STORE_URL = object_storage.ADDRESS
    return _object_storage


def run_tasks(most: int = 10_000) -> int:
    """Run what is queued, as the clusters would, until nothing is left, or ``most`` tasks. Returns how many ran."""
    ran = 0
    while ran < most and (queued := OrmQ.objects.order_by("pk").first()) is not None:
        task = SignedPackage.loads(queued.payload)
        queued.delete()
        import_string(task["func"])(*task["args"])
        ran += 1
    return ran


@pytest.fixture
def submission(ckan: DemoCkan) -> Callable[..., Submission]:
    """Makes submissions for the stand-in's ``small`` resource, or for what the arguments say."""

    def make(**changes: Any) -> Submission:
        plain = {
            "kind": Kind.DATASTORE,
            "resource_id": ckan.resources["small"].id,
            "api_url": ckan.api_url,
            "format": "csv",
            "email": "ada@example.org",
        }
        return Submission(**{**plain, **changes})

    return make


@pytest.fixture
def built(portal: Client, submission: Callable[..., Submission]) -> Callable[..., PackageRequest]:
    """Submits, runs what is queued, and returns the request as it is then."""

    def build(**changes: Any) -> PackageRequest:
        request = requests.submit(submission(**changes))
        run_tasks()
        return PackageRequest.objects.get(pk=request.pk)

    return build


@pytest.fixture
def post(portal: Client, ckan: DemoCkan) -> Callable[..., Any]:
    """Posts a form to a ckanpackager endpoint, with the fields every request has unless told otherwise."""

    def send(path: str = "/package_datastore", **fields: Any) -> Any:
        plain = {
            "secret": settings.PACKAGER_SECRET,
            "resource_id": ckan.resources["small"].id,
            "api_url": ckan.api_url,
            "email": "ada@example.org",
        }
        return portal.post(path, {name: value for name, value in {**plain, **fields}.items() if value is not None})

    return send


@pytest.fixture
def made(post: Callable[..., Any], portal: Client) -> Callable[..., PackageRequest]:
    """Posts a form, runs what it queued, and returns the request, whatever became of it."""

    def make(path: str = "/package_datastore", **fields: Any) -> PackageRequest:
        answer = post(path, **fields)
        assert answer.status_code == 200, answer.content
        run_tasks()
        return PackageRequest.objects.get(pk=answer.json()["request_id"])

    return make


@pytest.fixture
def members(made: Callable[..., PackageRequest], portal: Client) -> Callable[..., dict[str, bytes]]:
    """Posts a form and returns the members of the package that comes of it."""

    def fetch(path: str = "/package_datastore", **fields: Any) -> dict[str, bytes]:
        request = made(path, **fields)
        assert request.status == Status.SUCCEEDED, request.error_message
        return unpacked(portal, request)

    return fetch


def unpacked(client: Client, request: PackageRequest) -> dict[str, bytes]:
    """The members of the package that the link of ``request`` gives."""
    answer = client.get(request.download_url.removeprefix(settings.PUBLIC_URL))
    assert answer.status_code == 200, answer
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}
