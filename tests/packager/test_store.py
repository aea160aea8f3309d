"""A name appears in the store only when its file is whole."""

from __future__ import annotations

import os

import pytest

from packager.errors import StoreError
from packager.storage.filesystem import DirectoryStore


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return DirectoryStore(tmp_path / "packages", tmp_path / "tmp")


def _files(store):
    return [path for path in store.directory.rglob("*") if path.is_file()]


def test_nothing_is_visible_while_the_file_grows(store):
    def chunks():
        yield b"first"
        assert _files(store) == []
        yield b"second"

    assert store.open(store.save(chunks()).name).read() == b"firstsecond"


def test_a_broken_build_leaves_nothing(store):
    def chunks():
        yield b"first"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.save(chunks())
    assert _files(store) == []
    assert list(store.aside.iterdir()) == []


def test_a_publication_that_is_refused_leaves_nothing(store):
    def refuse():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.save([b"x"], before_publishing=refuse)
    assert _files(store) == []


@pytest.mark.parametrize("name", ["../etc/passwd", "ab/x.zip", "/etc/passwd", "ab/" + "0" * 32 + ".zip/../x"])
def test_a_name_that_is_not_ours_is_refused(store, name):
    with pytest.raises(StoreError):
        store.path(name)


def test_a_symbolic_link_and_what_it_points_to_are_left_alone(store, tmp_path):
    precious = tmp_path / "precious.zip"
    precious.write_bytes(b"keep me")
    stored = store.save([b"x"])
    store.path(stored.name).unlink()
    store.path(stored.name).symlink_to(precious)
    store.delete(stored.name)
    assert precious.read_bytes() == b"keep me"
    assert store.path(stored.name).is_symlink()


def test_the_sweep_takes_old_leftovers_of_ours_and_nothing_else(store):
    aside = store.aside
    old, young, foreign = (aside / f"{'a' * 32}.part", aside / f"{'b' * 32}.part", aside / "notes.part")
    for path in (old, young, foreign):
        path.write_bytes(b"x")
    for path in (old, foreign):
        os.utime(path, (1, 1))
    assert store.sweep(3600) == 1
    assert not old.exists()
    assert young.exists()
    assert foreign.exists()


def test_a_full_disk_is_an_error_of_ours(store):
    class Full:
        def write(self, data):
            raise OSError(28, "No space left on device")

    from packager.errors import StoreFull

    with pytest.raises(StoreFull):
        store._write_all(Full(), b"x")
