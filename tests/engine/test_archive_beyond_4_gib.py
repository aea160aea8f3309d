"""What does not fit into 32 bits: an archive, a member's packed size, its size, and where it stands."""

import os
import zipfile

import pytest

from packager.streaming.archive import zip_chunks
from packager.streaming.types import Member
from tests.engine.fakes import read_by_other_programs

MIB = 1 << 20
BEYOND = 4096 * MIB + 5
pytestmark = pytest.mark.slow


def repeated(block, size):
    """``size`` bytes of the block over and over."""
    for _ in range(size // len(block)):
        yield block
    yield block[: size % len(block)]


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "package.zip"
    yield path
    path.unlink()


def write(path, *members):
    with path.open("wb") as file:
        file.writelines(zip_chunks(members))


def sizes_read_back(path):
    """Name and size of each member, all of it read and compared with its CRC."""
    sizes = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                sizes[name] = sum(map(len, iter(lambda source=member: source.read(4 * MIB), b"")))
    return sizes


def test_an_archive_over_4_gib_is_read_to_its_last_member(package):
    packed = Member("packed.bin", repeated(os.urandom(MIB), BEYOND), compress=False)
    write(package, packed, Member("after.csv", [b"_id\n1\n"]))
    assert package.stat().st_size > 1 << 32
    assert sizes_read_back(package) == {"packed.bin": BEYOND, "after.csv": 6}
    read_by_other_programs(package)


def test_a_member_over_4_gib_is_read_whole(package):
    line = b"1,NHMUK 1,Parus major,2024-02-29T23:59:59.999,51.5,-0.1\n"
    write(package, Member("resource.csv", repeated(line * 20_000, BEYOND)))
    assert package.stat().st_size < 1 << 32
    assert sizes_read_back(package) == {"resource.csv": BEYOND}
    read_by_other_programs(package)
