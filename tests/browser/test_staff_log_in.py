"""The door of the admin."""

from __future__ import annotations

import pytest

from tests.browser.conftest import accessible

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_the_login_page_is_accessible(open_page, look):
    accessible(open_page("/admin/", look))


def test_staff_log_in_with_their_password(open_page, staff):
    page = open_page("/admin/")
    page.get_by_label("Username").fill(staff.username)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Log out").or_(page.get_by_role("button", name="Log out")).wait_for()
