import io
import os
import zipfile
from datetime import UTC, datetime

import pytest

from packager.errors import SourceTimeout
from packager.streaming import archive
from packager.streaming.archive import named, zip_chunks
from packager.streaming.file_names import safe_name
from packager.streaming.types import Member
from tests.engine.fakes import read_by_other_programs, unzipped

TEXT = b"identifier,name\n" * 10_000


@pytest.fixture(params=["isal", "zlib"])
def deflater(request, monkeypatch):
    if request.param == "zlib":
        monkeypatch.setattr(archive, "isal_zlib", None)


def test_members_come_back_in_order_and_whole(deflater):
    members = {"a.csv": TEXT, "empty.txt": b"", "b.bin": os.urandom(3_000_000)}
    back = unzipped(zip_chunks(Member(name, [content]) for name, content in members.items()))
    assert list(back) == list(members)
    assert back == members


def test_other_programs_read_the_archive(tmp_path, deflater):
    path = tmp_path / "package.zip"
    members = [Member("ünï.csv", [TEXT]), Member("packed.bin", [os.urandom(100_000)], compress=False)]
    path.write_bytes(b"".join(zip_chunks(members)))
    read_by_other_programs(path)


def test_text_is_deflated_and_packed_content_is_not():
    noise = os.urandom(200_000)
    blocks = b"".join(zip_chunks([Member("t", [TEXT]), Member("n", [noise], compress=False), Member("u", [TEXT])]))
    infos = zipfile.ZipFile(io.BytesIO(blocks)).infolist()
    assert infos[0].compress_size == infos[2].compress_size < len(TEXT) / 10
    assert len(noise) < infos[1].compress_size < len(noise) * 1.001


def test_every_length_of_a_member_gives_a_whole_archive(monkeypatch):
    # A header that ends exactly where a block ends is where one release of the ZIP library lost the rest.
    monkeypatch.setattr(archive, "BLOCK", 512)
    noise = os.urandom(1024)
    for length in range(1024):
        members = [Member("a", [noise[:length]], compress=False), Member("b", [b"hello"])]
        assert unzipped(zip_chunks(members)) == {"a": noise[:length], "b": b"hello"}


def test_reading_goes_no_further_than_a_block_ahead_of_writing():
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield os.urandom(archive.BLOCK)

    blocks = zip_chunks([Member("endless", endless())])
    assert len(next(blocks)) <= archive.BLOCK
    assert read <= 3


def test_an_error_of_a_member_passes_through_unchanged():
    error = SourceTimeout("page 3")

    def broken():
        yield TEXT
        raise error

    with pytest.raises(SourceTimeout) as caught:
        list(zip_chunks([Member("a.csv", broken())]))
    assert caught.value is error


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("resource.csv", "resource.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\report.csv", "report.csv"),
        ("folder/", "folder"),
        ("", "file"),
        ("..", "file"),
        (" . ", "file"),
        ("a\x00b\nc.txt", "a_b_c.txt"),
        ("what?.csv", "what_.csv"),
        ("CON.txt", "_CON.txt"),
        ("console.txt", "console.txt"),
        ("e\u0301te\u0301.csv", "\xe9t\xe9.csv"),
        ("\ud800.csv", "_.csv"),
        (".hidden", ".hidden"),
        ("é" * 300 + ".csv", "é" * 98 + ".csv"),
    ],
)
def test_names_are_made_safe(name, safe):
    assert safe_name(name) == safe
    assert safe_name(safe) == safe


def test_names_are_unique_even_where_case_does_not_count():
    names = ["a.csv", "A.csv", "a.csv", "a", "a", "x/a.csv"]
    assert [member.name for member in named(Member(name, []) for name in names)] == [
        *("a.csv", "A-2.csv", "a-3.csv", "a", "a-2", "a-4.csv")
    ]


@pytest.mark.parametrize("year", [1970, 2020, 2100])
def test_any_time_of_change_can_be_written(year):
    blocks = b"".join(zip_chunks([Member("a", [b"x"], modified=datetime(year, 6, 1, tzinfo=UTC))]))
    assert zipfile.ZipFile(io.BytesIO(blocks)).infolist()[0].date_time[0] == min(max(year, 1980), 2037)
