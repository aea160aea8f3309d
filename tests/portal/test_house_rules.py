"""Who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _modules(*places: str) -> Iterator[Path]:
    for place in places:
        path = ROOT / place
        yield from [path] if path.is_file() else path.rglob("*.py")


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def _offenders(places: tuple[str, ...], *forbidden: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _modules(*places)
        for name in sorted(_imports(path))
        if any(name == word or name.startswith(f"{word}.") for word in forbidden)
    ]


def test_the_engine_knows_no_django_and_no_model():
    forbidden = ("django", "django_q", "rest_framework", "portal", "stats", "demo")
    assert _offenders(("packager/streaming", "packager/errors.py", "packager/events.py"), *forbidden) == []


def test_the_engine_knows_nothing_of_the_packager_but_errors():
    outside = [
        name
        for path in _modules("packager/streaming")
        for name in _imports(path)
        if name.startswith("packager.") and not name.startswith(("packager.streaming", "packager.errors"))
    ]
    assert outside == []


def test_the_packager_never_imports_the_statistics():
    assert _offenders(("packager",), "stats") == []


def test_nobody_imports_the_settings_module():
    assert _offenders(("portal", "packager", "stats", "ckanpackager_import", "demo"), "portal.settings") == []


@pytest.mark.parametrize("room", ["packager/api", "packager/admin", "packager/management"])
def test_the_doors_leave_states_alone(room):
    assert _offenders((room,), "packager.lifecycle.transitions", "packager.tasks", "packager.lifecycle.builds") == []


def test_only_settings_read_the_environment():
    readers = [
        str(path.relative_to(ROOT))
        for path in _modules("portal", "packager", "stats")
        if any(ast.unparse(node) == "os.environ" for node in ast.walk(ast.parse(path.read_text())))
    ]
    known = ["packager/management/commands/package.py", "portal/environment.py", "portal/wsgi.py"]
    assert sorted(readers) == known


def test_no_module_is_longer_than_400_lines():
    long = [
        f"{path.relative_to(ROOT)}: {count}"
        for path in _modules("portal", "packager", "stats", "ckanpackager_import", "demo")
        if "migrations" not in path.parts and (count := len(path.read_text().splitlines())) > 400
    ]
    assert long == []
