"""Whatever a push says, in its log or when it fails, the docs say what to make of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pusher import errors

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs/pusher.md").read_text()
#: Who is given a whole sentence: errors (of those of ``NotATable`` the docs name a few), and those who write the log.
GIVEN = {"ArchiveProblem", "TableDamaged", "JobInvalid", "tell", "_tell", "write_log", "Verdict"}
#: Nobody gets to see them: bases of others, and a worker that lost its job.
UNSEEN = {"FileError", "CkanError", "PushFenced"}


def sentences() -> Iterator[str]:
    """Those that belong to a class."""
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.PushError) and name not in UNSEEN:
            yield error.sentence


def given() -> Iterator[str]:
    """Those that are given where an error is raised, or a line is written."""
    for path in (ROOT / "pusher").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in GIVEN:
                texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                yield max((text for text in texts if isinstance(text, str)), key=len, default="")


def told() -> Iterator[str]:
    """The longest part of each that never changes."""
    for sentence in {*sentences(), *given()}:
        part = max(re.split(r"\{\w+\}", sentence), key=len).strip(' .:;"')
        if " " in part:
            yield part


@pytest.mark.parametrize("part", sorted(told()))
def test_a_message_stands_in_the_docs(part):
    assert part in DOCS


def test_messages_are_found():
    assert {"The gzip file is damaged", "Metadata missing", "Loading the file took too long and was stopped"} <= set(
        told()
    )
