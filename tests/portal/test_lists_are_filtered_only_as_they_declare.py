"""The filters of the admin tell nobody what they may not see: every field of every table is tried."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from packager.models import Delivery, Status
from portal.admin_lookups import declared
from tests.packager.rows import make

COMPARISONS = (
    "exact", "iexact", "startswith", "istartswith", "endswith", "contains", "icontains", "regex", "iregex",
    "gt", "gte", "lt", "lte", "in", "range", "isnull", "year", "date",
)  # fmt: skip
TABLES = list(admin.site._registry)


def paths(model: type[Model], depth: int = 2) -> Iterator[str]:
    """Every field, and those of the tables that it leads to, in both directions."""
    for field in model._meta.get_fields():
        yield field.name
        if field.is_relation and field.related_model and depth > 1:
            yield from (f"{field.name}__{further}" for further in paths(field.related_model, depth - 1))


def lookups(model: type[Model]) -> Iterator[str]:
    yield "pk"
    for path in paths(model):
        yield path
        yield from (f"{path}__{comparison}" for comparison in COMPARISONS)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def viewer(db) -> Client:
    # a database that other tests have emptied has lost what the migrations put in
    import_module("portal.migrations.0001_staff_groups").make_groups(apps, None)
    user = User.objects.create_user("viewer", is_staff=True)
    user.groups.add(Group.objects.get(name="viewer"))
    return client_of(user)


@pytest.fixture
def owner(db) -> Client:
    return client_of(User.objects.create_superuser("owner"))


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model._meta.label)
def test_no_list_is_filtered_by_what_it_does_not_declare(model, rf):
    model_admin, request = admin.site._registry[model], rf.get("/")
    request.user = User(is_superuser=True)
    passed = {lookup for lookup in lookups(model) if model_admin.lookup_allowed(lookup, "a", request)}
    assert passed <= set(declared(model_admin, request))


def test_what_passes_compares_no_text_but_for_whether_it_is_the_same(rf):
    request = rf.get("/")
    request.user = User(is_superuser=True)
    for model, model_admin in admin.site._registry.items():
        for lookup in declared(model_admin, request):
            field, _, comparison = lookup.rpartition("__")
            if comparison in ("gte", "lt"):
                assert "Date" in model._meta.get_field(field).get_internal_type(), (model, lookup)
            assert comparison not in {"startswith", "contains", "regex", "gt", "lte", "range", "in"}


def test_the_pages_themselves_refuse_every_field(viewer):
    opened = 0
    for model in TABLES:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        if viewer.get(address).status_code == 403:
            continue
        opened += 1
        for path in paths(model, depth=1):
            assert viewer.get(address, {f"{path}__startswith": "a"}).status_code == 400, (address, path)
    assert opened >= 10


@pytest.fixture
def secretive(viewer) -> str:
    """A request whose address and link are nothing for a viewer. Returns its address."""
    now = timezone.now()
    (request,) = make(1, Status.FAILED, email="victim@example.org", token="s" * 43, webhook_url="https://hook.test/x")
    Delivery.objects.create(
        request=request, subject="failed", address=request.email, created_at=now, next_attempt_at=now
    )
    return request.email


@pytest.mark.parametrize("term", ["victim@example.org", "victim@", "victim", "sssss", "hook.test"])
def test_a_viewer_learns_nothing_by_searching(viewer, secretive, rf, term):
    request = rf.get("/")
    request.user = User.objects.get(username="viewer")
    for model, model_admin in admin.site._registry.items():
        if model_admin.has_view_permission(request) and model_admin.get_search_fields(request):
            assert model_admin.get_search_results(request, model.objects.all(), term)[0].count() == 0, model


def test_a_viewer_learns_nothing_by_sorting(viewer, secretive):
    make(1, Status.FAILED, email="another@example.org", resource_id="zebras")
    pages = set()
    for column in ("6", "-6"):
        shown = viewer.get("/admin/packager/packagerequest/", {"o": column}).context["cl"].queryset
        pages.add(tuple(row.email for row in shown))
    assert len(pages) == 1


def test_a_viewer_learns_nothing_where_fields_are_completed(viewer, secretive):
    where = {"app_label": "packager", "model_name": "delivery", "field_name": "request"}
    answer = viewer.get("/admin/autocomplete/", {**where, "term": "victim@example.org"})
    assert answer.json()["results"] == []
    assert len(viewer.get("/admin/autocomplete/", {**where, "term": "birds"}).json()["results"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"status__exact": "failed", "queue": "fast"},
        {"created_at__gte": "2020-01-01 00:00:00+00:00", "created_at__lt": "2100-01-01 00:00:00+00:00"},
        {"resource": "birds", "format": "csv", "host": "", "has_errors": "no", "o": "-1", "p": "1", "q": "bir"},
    ],
)
def test_the_filters_that_are_offered_work(viewer, secretive, query):
    answer = viewer.get("/admin/packager/packagerequest/", query)
    assert answer.status_code == 200
    assert answer.context["cl"].result_count == 1


def test_the_links_of_the_pages_lead_to_lists_that_open(owner, secretive):
    for link in ("packager/packageerror/?code=source_timeout&resource=birds", "auth/user/?groups__id__exact=1"):
        assert owner.get(f"/admin/{link}").status_code == 200
