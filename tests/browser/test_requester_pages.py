"""Every public page, in every state, light, dark and on a phone: accessible, and no wider than the window."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from demo.ckan import DemoCkan
from packager import caretaker, requests, transitions
from packager.models import Kind, Package, PackageRequest
from packager.submission import Submission
from tests.browser.conftest import accessible
from tests.packager.conftest import run_tasks

pytestmark = pytest.mark.browser
LOOKS = ["light", "dark", "phone"]


@pytest.fixture(scope="module")
def ckan():
    """A CKAN."""
    with DemoCkan(rows=500) as ckan:
        yield ckan


@pytest.fixture
def submit(site, ckan):
    """Submits a request for a part of a table."""

    def make(**changes):
        plain = {"kind": Kind.DATASTORE, "resource_id": ckan.resources["small"].id, "api_url": ckan.api_url}
        return requests.submit(
            Submission(**{**plain, "format": "csv", "email": "ada@example.org", "parameters": {}, **changes})
        )

    return make


def _queued(submit):
    return submit()


def _running(submit):
    request = submit()
    claim = transitions.claim(request.pk, "a worker")
    transitions.report(claim, rows_done=1_234_567, rows_total=3_000_000)
    PackageRequest.objects.update(started_at=timezone.now() - timedelta(minutes=2))
    return request


def _counting(submit):
    request = submit()
    transitions.report(transitions.claim(request.pk, "a worker"), rows_done=4711)
    return request


def _succeeded(submit):
    request = submit()
    run_tasks()
    return request


def _failed(submit):
    request = submit(resource_id="00000000-0000-0000-0000-000000000000")
    run_tasks()
    return request


def _cancelled(submit):
    return requests.cancel(submit().pk)


def _expired(submit):
    request = _succeeded(submit)
    Package.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    caretaker.expire_packages()
    return request


STATES = {f.__name__[1:]: f for f in (_queued, _running, _counting, _succeeded, _failed, _cancelled, _expired)}


def _shoot(page, name):
    if place := os.environ.get("SHOTS"):
        page.screenshot(path=Path(place) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("state", STATES)
def test_looks(state, submit, open_page):
    request = STATES[state](submit)
    for look in LOOKS:
        page = open_page(f"/requests/{request.token}/", look=look)
        _shoot(page, f"{state}-{look}")
        accessible(page)
