"""Nobody among the staff learns by filters, searches or orders what their lists do not show."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.slow
MAKE = """
from django.contrib.auth.models import Group, User
viewer = User.objects.create_user("viewer", password="a long passphrase", is_staff=True)
viewer.groups.add(Group.objects.get(name="viewer"))
"""
VICTIM = "victoria@hidden.example"
COLUMNS = [
    "email",
    "token",
    "webhook_url",
    "encrypted_key",
    "address",
    "request__email",
    "request__token",
    "leader__token",
    "requests__token",
    "deliveries__address",
    "digest",
    "api_key__digest",
    "mark",
    "password",
    "user__password",
    "idempotency_key",
    "requester",
    "history__note",
    "errors__detail",
    "job_key_digest",
    "encrypted_api_key",
]
COMPARISONS = ["", "__startswith", "__contains", "__regex", "__gt", "__gte", "__lt", "__in", "__isnull", "__exact"]


@pytest.fixture(scope="module")
def viewer(target):
    target.installation.manage("shell", "--verbosity", "0", "--command", MAKE)
    target.caller().post_form("/package_datastore", target.form(email=VICTIM, resource_id="nobody-knows-it"))
    target.installation.wait(
        lambda: target.installation.one(
            "SELECT count(*) FROM packager_packageerror WHERE resource_id = 'nobody-knows-it'"
        )
    )
    return logged_in(target, "viewer", "a long passphrase")


def logged_in(target, name: str, password: str):
    """Somebody of the staff, by way of the page."""
    caller = target.caller()
    page = caller.get("/admin/login/").body.decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
    form = {"username": name, "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
    origin = {"Referer": "https://packages.example.org/admin/login/", "Host": "packages.example.org"}
    found = caller.post_form("/admin/login/", form, **origin)
    assert found.status == 302, found.body[:500]
    return caller


@pytest.fixture(scope="module")
def lists(viewer) -> list[str]:
    """The lists that a viewer may see."""
    page = viewer.get("/admin/").body.decode()
    found = sorted(set(re.findall(r'href="(/admin/\w+/\w+/)"', page)))
    assert len(found) >= 5
    return [path for path in found if viewer.get(path).status == 200]


def test_a_hidden_column_filters_nothing(viewer, lists):
    for path in lists:
        for column in COLUMNS:
            for comparison in COMPARISONS:
                assert viewer.get(f"{path}?{column}{comparison}=v").status in (302, 400), (path, column, comparison)


def rows(page: bytes) -> int:
    return len(re.findall(rb'class="action-select"|class="field-', page))


def test_a_search_says_the_same_of_what_is_there_and_what_is_not(target, viewer, lists):
    token = target.installation.one(f"SELECT token FROM packager_packagerequest WHERE email = '{VICTIM}'")
    for path in lists:
        for hidden in (VICTIM, VICTIM[:5], token, token[:8]):
            there, nowhere = viewer.get(f"{path}?q={hidden}"), viewer.get(f"{path}?q=zzzzqqqq")
            assert rows(there.body) == rows(nowhere.body), (path, hidden)


def test_no_page_shows_the_address_or_the_link(target, viewer, lists):
    token = target.installation.one(f"SELECT token FROM packager_packagerequest WHERE email = '{VICTIM}'")
    seen = 0
    for path in lists:
        page = viewer.get(path).body.decode()
        pages = [
            page,
            *(viewer.get(link).body.decode() for link in re.findall(rf'href="({path}[\w-]+/change/)', page)[:5]),
        ]
        seen += len(pages)
        assert not [word for word in (VICTIM, token) for shown in pages if word in shown], path
    assert seen > len(lists)


def test_an_order_by_a_hidden_column_is_none(viewer, lists):
    for path in lists:
        plain = viewer.get(path)
        for number in (50, 99, -99):
            assert rows(viewer.get(f"{path}?o={number}").body) == rows(plain.body)


@pytest.mark.parametrize(
    "about",
    [
        "app_label=packager&model_name=packagerequest&field_name=package",
        "app_label=packager&model_name=packagerequest&field_name=leader",
        "app_label=packager&model_name=delivery&field_name=request",
        "app_label=auth&model_name=user&field_name=groups",
        "app_label=packager&model_name=packageerror&field_name=resolved_by",
    ],
)
def test_completing_what_is_typed_tells_nothing(viewer, about):
    right, wrong = (viewer.get(f"/admin/autocomplete/?term={term}&{about}") for term in ("victoria", "zzzzqqqq"))
    assert (right.status, right.body) == (wrong.status, wrong.body)


def test_the_api_filters_by_no_address_either(target):
    caller = target.caller(with_key=True, scopes=("requests:read", "requests:all"))
    for column in ("email", "email__startswith", "token", "webhook_url", "requester__startswith"):
        right, wrong = (caller.get(f"/api/v1/requests/?{column}={word}") for word in ("v", "zzzz"))
        assert (right.status, wrong.status) in ((400, 400), (200, 200))
        if right.status == 200:
            assert [row["id"] for row in right.json["results"]] == [row["id"] for row in wrong.json["results"]]
