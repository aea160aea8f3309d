"""A download is called after dataset and resource, in characters that every system takes."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.conf import settings

from packager.storage.file_names import attachment, download_name

DAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("dataset", "resource", "expected"),
    [
        ("Bird specimens", "", "bird-specimens-2026-11-21.csv.zip"),
        ("Bird specimens", "Specimens", "bird-specimens-2026-11-21.csv.zip"),
        ("Birds", "Birds of Peru.CSV", "birds-of-peru-2026-11-21.csv.zip"),
        ("Museum", "Birds, 1900/1950 (draft)", "museum-birds-1900-1950-draft-2026-11-21.csv.zip"),
        ("", "Vögel & Käfer: Straße, Ærø, Łódź, café", "voegel-kaefer-strasse-aero-lodz-cafe-2026-11-21.csv.zip"),
        ("", "Коллекция птиц", "коллекция-птиц-2026-11-21.csv.zip"),
        ("", "पक्षी 標本 ハト", "पक्षी-標本-ハト-2026-11-21.csv.zip"),
        ("", "„Birds“ — «draft»／／２", "birds-draft-2-2026-11-21.csv.zip"),
        ("", "CON", "con-2026-11-21.csv.zip"),
        ("", "../../etc/passwd\x00", "etc-passwd-2026-11-21.csv.zip"),
        ("", "a\u202egnp.exe\r\nX: 1", "a-gnp-exe-x-1-2026-11-21.csv.zip"),
        ("", "…", "package-2026-11-21.csv.zip"),
    ],
)
def test_a_title_becomes_a_name(dataset, resource, expected):
    assert download_name(dataset, resource, "csv", DAY) == expected


def test_a_file_as_it_is_has_no_format():
    assert download_name("Maps", "Harbour", "", DAY) == "maps-harbour-2026-11-21.zip"


@pytest.mark.parametrize("letter", ["x", "ж", "標", "क्"])
def test_a_long_title_is_cut_between_characters(letter):
    name = download_name(letter * 400, f"{letter}-" * 400, "csv", DAY)
    assert len(name.encode()) < 200
    assert "�" not in name


def test_the_header_has_the_name_in_ascii_and_as_it_is():
    assert attachment("birds.csv.zip") == 'attachment; filename="birds.csv.zip"'
    header = attachment("птицы-2026.csv.zip")
    assert header.isascii()
    assert header.startswith("attachment; filename=\"_-2026.csv.zip\"; filename*=UTF-8''%D0%BF")


def test_the_download_is_called_after_dataset_and_resource(built, portal):
    request = built()
    name = f"example-specimens-a-thousand-specimens-{request.package.created_at:%Y-%m-%d}.csv.zip"
    assert request.download_url.endswith(f"/{name}")
    answer = portal.get(request.download_url.removeprefix(settings.PUBLIC_URL))
    assert (answer.status_code, answer["Content-Disposition"]) == (200, f'attachment; filename="{name}"')


def test_a_name_in_other_letters_is_found_again(built, portal, ckan, monkeypatch):
    monkeypatch.setattr(ckan.resources["small"], "title", "Коллекция птиц")
    request = built()
    assert re.search(r"/example-specimens-%D0%BA[%\w-]+\.csv\.zip$", request.download_url)
    answer = portal.get(request.download_url.removeprefix(settings.PUBLIC_URL))
    assert (answer.status_code, "filename*=UTF-8''" in answer["Content-Disposition"]) == (200, True)


def test_a_resource_that_nobody_can_name_is_called_by_the_beginning_of_its_id(built, ckan):
    ckan.faults.add("status", path="resource_show", status=500, times=100)
    request = built()
    assert request.package.file_name.startswith(f"resource-{request.resource_id[:8]}-20")
