"""The store that is a folder: what a disk can do to it."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from pathlib import Path

import pytest

from packager.errors import StoreFull, StoreUnavailable
from packager.storage.filesystem import DirectoryStore
from packager.storage.names import new_name
from packager.streaming import disk


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return DirectoryStore(tmp_path / "packages", tmp_path / "tmp")


@pytest.fixture
def name():
    """A name for a file."""
    return new_name(uuid.uuid4(), 1)


def test_a_symbolic_link_and_what_it_points_to_are_left_alone(store, name, tmp_path):
    precious = tmp_path / "precious.zip"
    precious.write_bytes(b"keep me")
    store.save(name, [b"x"])
    store.path(name).unlink()
    store.path(name).symlink_to(precious)
    store.delete(name)
    assert precious.read_bytes() == b"keep me"
    assert store.path(name).is_symlink()
    assert list(store.listing()) == []


def test_the_listing_leaves_out_what_is_not_ours(store, name, tmp_path):
    store.save(name, [b"x"])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / store.path(new_name(uuid.uuid4(), 1)).name).write_bytes(b"x")
    (store.directory / "zz").symlink_to(elsewhere)
    (store.path(name).parent / "theirs.zip").write_bytes(b"x")
    (store.directory / "notes.txt").write_bytes(b"x")
    assert [kept.name for kept in store.listing()] == [name]


def test_the_sweep_takes_old_leftovers_of_ours_and_nothing_else(store, name):
    aside = store.aside
    old, older = aside / f"{store.path(name).stem}.part", aside / f"{'a' * 32}.part"
    young, foreign = aside / f"{'b' * 32}.part", aside / "notes.part"
    for path in (old, older, young, foreign):
        path.write_bytes(b"x")
    for path in (old, older, foreign):
        os.utime(path, (1, 1))
    assert store.sweep(3600) == 2
    assert [old.exists(), older.exists(), young.exists(), foreign.exists()] == [False, False, True, True]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EROFS, StoreUnavailable),
        (errno.EACCES, StoreUnavailable),
        (errno.EIO, StoreUnavailable),
        (errno.ESTALE, StoreUnavailable),
    ],
    ids=lambda value: errno.errorcode.get(value) if isinstance(value, int) else "",
)
def test_what_the_disk_says_is_an_error_of_ours(number, kind):
    with pytest.raises(kind), disk.our_errors():
        raise OSError(number, os.strerror(number), "/a/path")


def test_a_disk_that_fills_up_while_writing_fails_the_save_and_leaves_nothing(store, name, monkeypatch):
    def on_a_full_disk(part, *_, **__):
        part.touch()
        return open("/dev/full", "wb", buffering=0)

    monkeypatch.setattr(Path, "open", on_a_full_disk)
    with pytest.raises(StoreFull):
        store.save(name, [b"x"])
    assert list(store.aside.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path, name):
    store = DirectoryStore(tmp_path / "a file" / "packages", tmp_path / "tmp")
    (tmp_path / "a file").write_bytes(b"in the way")
    for use in (store.check, store.free, lambda: store.save(name, [b"x"]), lambda: store.sweep(0)):
        with pytest.raises(StoreUnavailable):
            use()


def test_a_folder_that_vanished_says_nothing_about_its_files(store, name):
    store.save(name, [b"x"])
    shutil.rmtree(store.directory)
    for use in (lambda: store.has(name), lambda: store.open(name), lambda: list(store.listing())):
        with pytest.raises(StoreUnavailable):
            use()
