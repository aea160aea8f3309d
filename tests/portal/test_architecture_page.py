"""What ARCHITECTURE.md says of the house is true of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}


def _paths(section: str) -> list[str]:
    """Everything in backticks that is a path or a file of ours."""
    return [name for name in re.findall(r"`([^`\s]+)`", SECTIONS[section]) if "/" in name or name.endswith(".py")]


def _found(name: str) -> bool:
    return (ROOT / name).exists() or (ROOT / "packager" / name).exists()


@pytest.mark.parametrize("section", ["The rooms", "Each rule once", "Where to change what"])
def test_every_place_that_is_named_is_there(section):
    named = [name for name in _paths(section) if not name.startswith("/")]
    assert named
    assert [name for name in named if not _found(name)] == []


def test_the_page_ends_with_where_to_change_what():
    assert PAGE.rsplit("\n## ", 1)[1].startswith("Where to change what")


def test_every_room_has_its_sentence():
    rooms = [path for path in [*ROOT.iterdir(), *(ROOT / "packager").iterdir()] if (path / "__init__.py").is_file()]
    left_out = {"migrations"}
    told = _paths("The rooms")
    unsaid = [path.name for path in rooms if path.name not in left_out and not any(path.name in one for one in told)]
    assert unsaid == []
