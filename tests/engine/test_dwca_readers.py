"""The archive as a reader that knows nothing of us sees it."""

import pytest
from dwca.darwincore.utils import qualname
from dwca.read import DwCAReader

from packager.streaming.types import Field
from tests.engine.dwca_inspection import package

COLUMNS = ["_id", "locality", "Taxon resource ID", Field("associatedMedia", "json")]
AWKWARD = [
    "two\nlines",
    "bare\rreturn",
    'a "quote", a comma\tand a tab',
    "snow 雪 \U0001f426",
    "null",
    "",
    "\\N",
    "\x01",
]
ROWS = [
    [n, text, text, [{"identifier": f"https://example.org/{n}/{m}", "title": text} for m in range(n % 3)]]
    for n, text in enumerate(AWKWARD, start=1)
]


@pytest.fixture(params=["csv", "tsv"])
def reader(request, tmp_path):
    path = tmp_path / "archive.zip"
    eml = "<eml><title>{pub_date} é</title></eml>"
    path.write_bytes(package(COLUMNS, ROWS, dialect=request.param, eml=eml, for_gbif=True).content)
    with DwCAReader(str(path)) as opened:
        yield opened


def test_python_dwca_reader_finds_every_row_and_cell(reader):
    rows = list(reader)
    assert [row.id for row in rows] == [str(row[0]) for row in ROWS]
    assert [row.data[qualname("locality")] for row in rows] == AWKWARD


def test_python_dwca_reader_finds_the_rows_of_extensions(reader):
    titles = [[extension.data["http://purl.org/dc/terms/title"] for extension in row.extensions] for row in reader]
    assert titles == [[item["title"] for item in row[3]] for row in ROWS]


def test_python_dwca_reader_knows_core_extensions_and_metadata(reader):
    assert reader.core_file_location.startswith("occurrence.")
    assert reader.descriptor.core.type == "http://rs.tdwg.org/dwc/terms/Occurrence"
    assert [extension.type for extension in reader.descriptor.extensions] == ["http://rs.gbif.org/terms/1.0/Multimedia"]
    assert reader.metadata.find("title").text.endswith("é")
