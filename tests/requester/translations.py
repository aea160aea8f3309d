"""Reads what is to be translated from code and templates, and what was from the catalogue, without gettext's tools."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "locale" / "de" / "LC_MESSAGES" / "django.po"
CALLS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
STRING = r"u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"


def used() -> set[str]:
    """Every text that code or templates want translated; the admin speaks Django's own languages."""
    files = [path for room in ("packager", "portal", "templates") for path in (ROOT / room).rglob("*.*")]
    code = (path for path in files if path.suffix == ".py" and "admin" not in path.parts)
    templates = (path for path in files if path.suffix in (".html", ".txt") and "admin" not in path.parts)
    of_code = {text for path in code for text in _of_code(path.read_text())}
    return of_code | {text for path in templates for text in _of_template(path.read_text())}


def _of_code(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        call = isinstance(node, ast.Call) and getattr(node.func, "id", "") in CALLS and node.args
        if call and isinstance(text := node.args[0], ast.Constant):
            yield text.value


def _of_template(source: str) -> Iterator[str]:
    for text in re.findall(rf"(?:\b_|gettext)\(({STRING})", templatize(source)):
        yield ast.literal_eval(text)


def entries() -> list[tuple[str, list[str], bool]]:
    """The catalogue: the text, its translations (one for each plural form), and whether it is marked as fuzzy."""
    blocks = CATALOGUE.read_text().strip().split("\n\n")
    return [_entry(block) for block in blocks[1:]]


def _entry(block: str) -> tuple[str, list[str], bool]:
    values: dict[str, str] = {}
    for line in block.splitlines():
        if found := re.fullmatch(r'(?:(msg\w+(?:\[\d\])?) )?(".*")', line):
            name = found[1] or name  # noqa: F821  (a line without a name goes on with the one before)
            values[name] = values.get(name, "") + ast.literal_eval(found[2])
    translations = [text for name, text in values.items() if name.startswith("msgstr")]
    return values["msgid"], translations, "#, fuzzy" in block


def compiled() -> dict[object, str]:
    """What Django reads."""
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)._catalog


def placeholders(text: str) -> list[str]:
    """What is filled in, in alphabetical order."""
    return sorted(re.findall(r"%\(\w+\)s|\{\w*\}|</?\w+>", text))
