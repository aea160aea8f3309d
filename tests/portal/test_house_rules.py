"""Who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: What each room may import; what is not listed is forbidden. A room stands above all that it imports, so that no arrow
#: runs back up. ``portal`` wires everything, and nobody imports it.
ROOMS = {
    "packager/version": "",
    "packager/sentences": "",
    "packager/whole_numbers": "",
    "packager/errors": "sentences",
    "packager/events": "",
    "packager/streaming": "errors sentences",
    "packager/plugins": "events streaming",
    "packager/security": "errors streaming",
    "packager/querysets": "security",
    "packager/titles": "streaming",
    "packager/clusters": "querysets",
    "packager/standing_order": "",
    "packager/receivers": "",
    "packager/models": "clusters errors querysets receivers security standing_order titles",
    "packager/turns": "models",
    "packager/submission": "version models plugins security streaming",
    "packager/presentation": "errors models plugins security sentences streaming submission titles turns",
    "packager/storage": "errors events models plugins security streaming",
    "packager/assembly": "errors models plugins presentation security storage streaming submission",
    "packager/delivery": "errors events models plugins presentation querysets receivers security streaming",
    "packager/hookspecs": "delivery events plugins storage streaming submission",
    "packager/intake": "assembly delivery errors models plugins presentation security sentences streaming submission "
    "whole_numbers",
    "packager/lifecycle": "assembly delivery errors events intake models plugins presentation querysets security "
    "storage streaming submission titles turns",
    "packager/builtins": "delivery errors hookspecs security storage streaming submission",
    "packager/apps": "builtins plugins",
    "packager/tasks": "delivery errors lifecycle",
    "packager/requester": "delivery errors lifecycle models presentation security",
    "packager/admin": "delivery errors lifecycle models presentation querysets security sentences titles turns",
    "packager/api": "version assembly errors intake lifecycle models plugins presentation security sentences streaming "
    "submission whole_numbers",
    "packager/management": "api assembly delivery errors intake lifecycle models presentation security sentences "
    "storage streaming submission titles",
    "stats": "admin api errors events intake lifecycle models presentation querysets security sentences streaming "
    "titles whole_numbers",
    "messaging": "api delivery errors events intake lifecycle models presentation security sentences",
    "pusher/errors": "errors",
    "pusher/reading": "errors streaming pusher/errors",
    "pusher/writing": "errors streaming pusher/errors pusher/reading",
    "pusher/querysets": "",
    "pusher/models": "titles pusher/querysets",
    "pusher/submission": "errors intake security streaming pusher/models",
    "pusher/clients": "streaming pusher/submission",
    "pusher/lifecycle": "lifecycle models security streaming titles pusher/errors pusher/models pusher/submission",
    "pusher/wire": "pusher/models",
    "pusher/hooks": "errors security streaming pusher/clients pusher/errors pusher/lifecycle pusher/models pusher/wire "
    "pusher/writing",
    "pusher/heartbeat": "lifecycle pusher/errors pusher/lifecycle",
    "pusher/pushing": "security streaming pusher/clients pusher/errors pusher/heartbeat pusher/lifecycle pusher/models "
    "pusher/reading pusher/writing",
    "pusher/running": "errors lifecycle pusher/errors pusher/heartbeat pusher/hooks pusher/lifecycle pusher/models "
    "pusher/pushing",
    "pusher/maintenance": "lifecycle models pusher/errors pusher/hooks pusher/lifecycle pusher/models",
    "pusher/work": "pusher/models pusher/running",
    "pusher/tasks": "pusher/hooks pusher/maintenance pusher/running",
    "pusher/views": "errors security pusher/lifecycle pusher/maintenance pusher/models pusher/submission pusher/wire",
    "pusher/urls": "pusher/views",
    "pusher/host": "",
    "pusher/overview": "pusher/models",
    "pusher/admin": "admin titles pusher/lifecycle pusher/models pusher/overview pusher/running pusher/submission",
    "pusher/management": "errors management pusher/lifecycle pusher/models pusher/overview pusher/running "
    "pusher/submission",
    "pusher/apps": "lifecycle pusher/work",
    "ckanpackager_import": "stats",
    "demo": "models lifecycle security stats storage submission titles",
}
LONG = {name.removeprefix("packager/"): name for name in ROOMS}


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


def _rooms_imported(path: Path) -> set[str]:
    """The rooms, by their short names, that a module takes something from; ``portal`` counts as one."""
    rooms = set()
    for name in _imports(path):
        first, _, rest = name.partition(".")
        if first == "packager" and rest:
            rooms.add("version" if rest == "VERSION" else rest.partition(".")[0])
        elif first == "pusher" and rest:
            rooms.add(f"pusher/{rest.partition('.')[0]}")
        elif first in {*LONG, "portal"}:
            rooms.add(first)
    return rooms


def _source(room: str) -> str:
    return f"{room}.py" if (ROOT / f"{room}.py").is_file() else room


@pytest.mark.parametrize("room", [name for name in ROOMS if name != "packager/version"])
def test_a_room_imports_what_is_listed_and_nothing_else(room):
    own = room.removeprefix("packager/")
    offenders = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _modules(_source(room))
        for name in sorted(_rooms_imported(path) - {*ROOMS[room].split(), own})
        if "migrations" not in path.parts
    ]
    assert offenders == []


def test_every_room_is_listed():
    for house in ("packager", "pusher"):
        folders = {f"{house}/{p.name}" for p in (ROOT / house).iterdir() if p.is_dir()}
        files = {f"{house}/{p.stem}" for p in (ROOT / house).glob("*.py")}
        left_out = {f"{house}/{name}" for name in ("migrations", "__pycache__", "__init__")}
        assert folders | files - left_out <= set(ROOMS) | left_out


def test_no_room_imports_one_that_stands_above_it():
    above = list(LONG)
    for room, allowed in ROOMS.items():
        own = above.index(room.removeprefix("packager/"))
        assert all(above.index(name) < own for name in allowed.split()), room


def test_the_engine_knows_no_django_and_no_model():
    forbidden = ("django", "django_q", "rest_framework")
    assert (
        _offenders(
            ("packager/streaming", "packager/sentences.py", "packager/errors.py", "packager/events.py"), *forbidden
        )
        == []
    )
    assert _offenders(("pusher/reading", "pusher/writing", "pusher/errors.py"), *forbidden) == []


def test_nobody_imports_the_settings_module():
    assert (
        _offenders(
            ("portal", "packager", "stats", "pusher", "ckanpackager_import", "messaging", "demo"), "portal.settings"
        )
        == []
    )


@pytest.mark.parametrize("room", ["packager/api", "packager/admin", "packager/management"])
def test_the_doors_leave_states_alone(room):
    assert _offenders((room,), "packager.lifecycle.transitions", "packager.tasks", "packager.lifecycle.builds") == []


def test_only_settings_read_the_environment():
    readers = [
        str(path.relative_to(ROOT))
        for path in _modules("portal", "packager", "stats", "messaging")
        if any(ast.unparse(node) == "os.environ" for node in ast.walk(ast.parse(path.read_text())))
    ]
    known = ["packager/management/commands/package.py", "portal/environment.py", "portal/wsgi.py"]
    assert sorted(readers) == known


def test_no_module_is_longer_than_400_lines():
    long = [
        f"{path.relative_to(ROOT)}: {count}"
        for path in _modules("portal", "packager", "stats", "pusher", "ckanpackager_import", "messaging", "demo")
        if "migrations" not in path.parts and (count := len(path.read_text().splitlines())) > 400
    ]
    assert long == []
