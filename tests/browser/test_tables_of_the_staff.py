"""Tables fit their place on every screen; numbers stand to the right; axes cannot be misread."""

from __future__ import annotations

import pytest

from demo.fill import Filler

pytestmark = pytest.mark.browser
LISTS = (
    "/admin/packager/packagerequest/",
    "/admin/packager/packageerror/",
    "/admin/packager/packageerror/causes/",
    "/admin/packager/package/",
    "/admin/packager/delivery/",
    "/admin/statistics/",
    "/admin/statistics/domains/",
    "/admin/stats/dailysum/",
)
PLACES = "[...document.querySelectorAll('.results, .wide')]"


@pytest.fixture
def filled(site) -> None:
    Filler(60, 20, days=20).fill()


@pytest.mark.parametrize("width", [1280, 751, 390])
def test_no_list_is_wider_than_its_place(open_page, staff, filled, width):
    page = open_page(user=staff)
    page.set_viewport_size({"width": width, "height": 900})
    for path in LISTS:
        page.goto(path)
        page.locator("td[data-label]").first.wait_for(state="attached")
        page.wait_for_function(f"{PLACES}.every((place) => place.scrollWidth <= place.clientWidth)")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_packages_and_deliveries_are_tables_on_a_laptop_and_cards_with_headings_on_a_phone(open_page, staff, filled):
    page = open_page(user=staff)
    for path in ("/admin/packager/package/", "/admin/packager/delivery/"):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(path)
        assert page.locator("#result_list.stacked").count() == 0
        page.set_viewport_size({"width": 390, "height": 900})
        page.locator("#result_list.stacked").wait_for()
        assert page.locator("#result_list tbody td").first.get_attribute("data-label") in ("Format", "Resource")


def test_numbers_stand_to_the_right_of_their_columns(open_page, staff, filled):
    page = open_page("/admin/packager/package/", user=staff)
    for column in ("rows", "size", "downloads"):
        for place in (f"td.field-{column}_number", f"th.column-{column}_number .text"):
            assert page.locator(place).first.evaluate("cell => getComputedStyle(cell).textAlign") == "right", place


def in_plots(page, call: str) -> object:
    return page.evaluate(f"import('/static/staff/plots.js').then((plots) => plots.{call})")


def test_sizes_have_a_unit_of_bytes_and_a_space(open_page, staff, filled):
    page = open_page("/admin/", user=staff)
    sizes = [in_plots(page, f"size({value})") for value in (0, 900, 1536, 300 * 2**20, 1.5e9, 2**40)]
    assert sizes == ["0 bytes", "900 bytes", "1.5 KB", "300 MB", "1.4 GB", "1 TB"]


def seconds(day: str) -> str:
    return f"Date.parse('{day}') / 1000"


def test_a_date_is_not_read_as_a_month_of_a_year(open_page, staff, filled):
    page = open_page("/admin/", user=staff)
    days = ", ".join(seconds(day) for day in ("2025-11-25", "2025-12-20", "2026-01-10"))
    assert in_plots(page, f"dates([{days}])") == ["25 Nov\n2025", "20 Dec", "10 Jan\n2026"]
    months = ", ".join(seconds(day) for day in ("2025-11-01", "2026-02-01", "2026-05-01"))
    assert in_plots(page, f"dates([{months}])") == ["Nov\n2025", "Feb\n2026", "May"]
