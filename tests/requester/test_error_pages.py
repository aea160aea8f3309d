"""What goes wrong is said on a page of ours, without internals."""

from __future__ import annotations

import pytest
from django.test import Client

from packager.requester import views
from tests.requester.conftest import page, words


def test_a_fault_of_ours_shows_a_page_without_internals(built, monkeypatch):
    def break_down(*_):
        raise RuntimeError("the inner workings")

    monkeypatch.setattr(views, "query_summary", break_down)
    answer = Client(raise_request_exception=False).get(page(built()))
    assert answer.status_code == 500
    assert "your request isn't lost" in words(answer)
    assert "inner workings" not in answer.content.decode()


def test_a_post_from_elsewhere_is_told_what_to_do(portal):
    answer = Client(enforce_csrf_checks=True).post("/admin/login/")
    assert answer.status_code == 403
    assert "Allow cookies" in words(answer)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/requests/nonsense/"])
def test_pages_bring_a_strict_policy_and_nothing_inline(portal, path):
    answer = portal.get(path)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    text = answer.content.decode()
    assert "<style" not in text
    assert " style=" not in text
