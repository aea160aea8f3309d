"""Packages made the old way, to hold ours against: page after page, ``json``, ``csv`` or openpyxl, a file, ``zipfile``.

Nothing runs beside anything else: a page is fetched, parsed, written, and only then is the next one asked for; in the
end the file is packed.
"""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

#: Rows that ckanpackager asked for at a time.
PAGE = 5000


def pages(api_url: str, resource_id: str, key: str | None) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """The names of the columns, and the rows of each page."""
    offset = 0
    while True:
        asked = {"resource_id": resource_id, "limit": PAGE, "offset": offset, "include_total": False}
        headers = {"Content-Type": "application/json", **({"Authorization": key} if key else {})}
        with urlopen(Request(api_url, json.dumps(asked).encode(), headers)) as answer:
            result = json.load(answer)["result"]
        if not result["records"]:
            return
        yield [field["id"] for field in result["fields"]], result["records"]
        offset += PAGE


def csv_package(api_url: str, resource_id: str, key: str | None) -> int:
    """The bytes of a ZIP with ``resource.csv``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resource.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for number, (names, rows) in enumerate(pages(api_url, resource_id, key)):
                if not number:
                    writer.writerow(names)
                writer.writerows([row[name] for name in names] for row in rows)
        return _packed(path)


def xlsx_package(api_url: str, resource_id: str, key: str | None) -> int:
    """The bytes of a ZIP with ``resource.xlsx``."""
    import openpyxl

    with tempfile.TemporaryDirectory() as folder:
        path, book = Path(folder) / "resource.xlsx", openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Data")
        for number, (names, rows) in enumerate(pages(api_url, resource_id, key)):
            if not number:
                sheet.append(names)
            for row in rows:
                sheet.append([_cell(row[name]) for name in names])
        book.save(path)
        return _packed(path)


def file_package(url: str) -> int:
    """The bytes of a ZIP with the file at ``url``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resource"
        with urlopen(url) as answer, path.open("wb") as file:
            shutil.copyfileobj(answer, file)
        return _packed(path)


def _packed(path: Path) -> int:
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    return target.stat().st_size


def _cell(value: object) -> object:
    """openpyxl refuses control characters, and knows neither lists nor objects."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    text = json.dumps(value) if isinstance(value, list | dict) else value
    return ILLEGAL_CHARACTERS_RE.sub("", text) if isinstance(text, str) else text
