"""However much there is, an admin page asks the database as often as when there is little."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from demo.fill import Filler
from packager.models import Delivery, Package, PackageError, PackageRequest

MOST = 18
LIST = "/admin/packager/packagerequest/"


def pages() -> list[str]:
    request = PackageRequest.objects.exclude(error_code="").order_by("created_at")[0]
    error, sent = request.errors.get(), request.deliveries.get()
    package = Package.objects.order_by("created_at")[0]
    filters = (
        "status__exact=failed",
        "has_errors=yes",
        "has_errors=no",
        "format=csv",
        f"resource={request.resource_id}",
    )
    searches = (request.email, request.error_reference, request.resource_id[:8], str(request.pk))
    stats = ("", "formats/", "periods/?unit=week", "domains/", f"resource/{request.resource_id}/")
    return [
        "/admin/",
        "/admin/now/",
        LIST,
        *(f"{LIST}?{choice}" for choice in filters),
        *(f"{LIST}?q={term}" for term in searches),
        f"{LIST}{request.pk}/change/",
        f"{LIST}{request.pk}/history/",
        "/admin/packager/packageerror/",
        f"/admin/packager/packageerror/{error.pk}/change/",
        "/admin/packager/packageerror/causes/",
        "/admin/packager/package/",
        f"/admin/packager/package/{package.pk}/change/",
        "/admin/packager/delivery/",
        f"/admin/packager/delivery/{sent.pk}/change/",
        *(f"/admin/statistics/{page}" for page in stats),
        *(f"/admin/stats/{table}/" for table in ("requestrecord", "errorrecord", "buildrecord", "dailysum")),
    ]


def count_queries(client) -> dict[str, int]:
    found = {}
    for number, path in enumerate(pages()):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(path).status_code == 200, path
        found[f"{number} {path.partition('?')[0].split('/')[2:4]}"] = len(captured)
    return found


@pytest.fixture
def fill(transactional_db):
    def make(requests: int, errors: int) -> None:
        for model in (Delivery, PackageError, PackageRequest, Package):
            model.objects.all().delete()
        Filler(requests, errors, days=60).fill()

    return make


def test_no_page_asks_more_often_when_there_is_more(fill, admin_client):
    fill(60, 20)
    few = count_queries(admin_client)
    fill(600, 200)
    many = count_queries(admin_client)
    assert {page: (few[page], many[page]) for page in few if many[page] > few[page]} == {}
    assert max(many.values()) <= MOST
