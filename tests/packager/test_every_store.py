"""What every store promises, whatever it keeps packages in: see ``packager/storage/base.py``."""

from __future__ import annotations

import hashlib
import uuid

import pytest

from packager.errors import PackageLost, StoreError
from packager.storage import stores
from packager.storage.names import new_name


@pytest.fixture(params=["folder", "object storage"])
def store(request, tmp_path, settings):
    """The store that the portal uses; nothing is in it."""
    settings.PACKAGER_STORE_DIRECTORY = tmp_path / "packages"
    settings.PACKAGER_TEMP_DIRECTORY = tmp_path / "tmp"
    if request.param == "object storage":
        request.getfixturevalue("object_storage")
    return stores.default()


def _name():
    return new_name(uuid.uuid4(), 1)


def _kept(store):
    return [kept.name for kept in store.listing()]


@pytest.mark.parametrize("size", [1, 1_000, 20_000_000], ids=["a byte", "a little", "a lot"])
def test_what_was_saved_is_there_with_its_size_and_checksum(store, size):
    content, name = hashlib.shake_128(b"any bytes").digest(size), _name()
    stored = store.save(name, (content[at : at + 300_001] for at in range(0, size, 300_001)))
    assert (stored.name, stored.size, stored.sha256) == (name, size, hashlib.sha256(content).hexdigest())
    assert store.has(name)
    assert store.open(name).read() == content
    (kept,) = store.listing()
    assert (kept.name, kept.size) == (name, size)


def test_a_part_can_be_read_in_pieces_and_ends(store):
    name = _name()
    store.save(name, [b"0123456789"])
    part = store.open(name, 2, 5)
    assert [part.read(3), part.read(3), part.read(3)] == [b"234", b"56", b""]
    part.close()
    part.close()
    assert store.open(name, 7).read() == b"789"


def test_nothing_is_visible_while_the_file_grows(store):
    name = _name()
    store.save(other := _name(), [b"x"])

    def chunks():
        for _ in range(20):
            yield b"x" * 1_000_000
            assert not store.has(name)
            assert _kept(store) == [other]

    store.save(name, chunks())
    assert set(_kept(store)) == {name, other}


@pytest.mark.parametrize("size", [5, 20_000_000])
def test_a_broken_build_leaves_nothing(store, size):
    def chunks():
        yield b"x" * size
        raise RuntimeError("the build broke")

    with pytest.raises(RuntimeError, match="the build broke"):
        store.save(_name(), chunks())
    assert (_kept(store), store.sweep(-60)) == ([], 0)


@pytest.mark.parametrize("size", [5, 20_000_000])
def test_a_publication_that_is_refused_leaves_nothing(store, size):
    def refuse():
        assert _kept(store) == []
        raise RuntimeError("taken by another worker")

    with pytest.raises(RuntimeError, match="taken by another worker"):
        store.save(_name(), [b"x" * size], before_publishing=refuse)
    assert (_kept(store), store.sweep(-60)) == ([], 0)


def test_what_is_deleted_is_gone_and_can_be_deleted_again(store):
    name, other = _name(), _name()
    store.save(name, [b"x"])
    store.save(other, [b"y"])
    store.delete(name)
    store.delete(name)
    assert not store.has(name)
    assert _kept(store) == [other]


def test_a_file_that_is_not_there_is_lost(store):
    store.save(_name(), [b"x"])
    assert not store.has(_name())
    with pytest.raises(PackageLost):
        store.open(_name())


@pytest.mark.parametrize("name", ["../etc/passwd", "ab/x.zip", "/etc/passwd", "ab/" + "0" * 32 + ".zip/../x", ""])
def test_a_name_that_is_not_ours_is_refused(store, name):
    for use in (store.open, store.has, store.delete, lambda name: store.save(name, [b"x"])):
        with pytest.raises(StoreError):
            use(name)


def test_packages_of_earlier_releases_are_read_and_deleted_as_well(store):
    old = "ab/" + "ab" * 16 + ".zip"
    store.save(old, [b"old"])
    assert store.open(old).read() == b"old"
    assert _kept(store) == [old]
    store.delete(old)
    assert _kept(store) == []


def test_it_says_whether_a_package_could_be_saved(store):
    assert store.check() is None
    assert store.free() is None or store.free() > 0
    assert _kept(store) == []


def test_the_portal_builds_into_it_and_serves_from_it(store, built, portal, settings):
    request = built()
    assert _kept(store) == [request.package.stored_as]
    path = request.download_url.removeprefix(settings.PUBLIC_URL)
    content = store.open(request.package.stored_as).read()
    assert portal.get(path).getvalue() == content
    assert portal.get(path, headers={"Range": "bytes=10-19"}).getvalue() == content[10:20]
    head = portal.head(path)
    assert (head["Content-Length"], head["ETag"]) == (str(len(content)), f'"{request.package.sha256}"')
    store.delete(request.package.stored_as)
    assert portal.get(path).status_code == 410
    assert portal.head(path).status_code == 410
