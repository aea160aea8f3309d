"""schemathesis calls every operation with what its schema allows, and with what it does not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi import checks

from demo.ckan import DemoCkan
from packager.models import PackageRequest
from portal.wsgi import application
from tests.packager.conftest import run_tasks

described = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)
few = settings(max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
LEFT_OUT = [
    checks.positive_data_acceptance,  # that an address exists and a format is known, no schema can say
    checks.negative_data_rejection,  # numbers written as text are welcome, as everywhere in the portal
]
Call = Callable[[Any], Any]


@pytest.fixture
def call(staff: Any) -> Call:
    """Makes a call with every scope, and checks the answer by the schema."""
    headers = {"Authorization": f"Bearer {staff.issued.text}"}
    return lambda case: case.call_and_validate(headers=headers, excluded_checks=LEFT_OUT)


@pytest.fixture
def known(staff: Any, body: dict[str, Any], ckan: DemoCkan) -> Iterator[str]:
    """Ids of requests: one that succeeded, one that failed and one that waits, again and again."""
    staff.post("requests/", body)
    staff.post("requests/", {**body, "resource_id": "unknown"})
    run_tasks()
    staff.post("requests/", {**body, "limit": 1})
    return itertools.cycle([str(pk) for pk in PackageRequest.objects.values_list("pk", flat=True)])


@described.parametrize()
@few
def test_no_answer_lies_outside_of_the_schema(case, call):
    assert call(case).status_code < 500


@described.parametrize()
@few
def test_nor_does_one_to_a_call_that_hits_something(case, call, known, ckan):
    if "request_id" in case.path_parameters:
        case.path_parameters["request_id"] = next(known)
    if isinstance(case.body, dict):
        case.body |= {"api_url": ckan.api_url, "resource_id": ckan.resources["small"].id, "format": "csv"}
        for name in ("kind", "resource_url", "webhook_url", "email", "mail_language", "options", "filters"):
            case.body.pop(name, None)
    assert call(case).status_code < 500
