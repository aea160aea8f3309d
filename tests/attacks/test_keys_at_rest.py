"""Of a requester's CKAN key nothing lies about: not in the database, a task, a log, a file or a process's arguments."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.conftest import Target

pytestmark = pytest.mark.slow
#: A token, and a key as older CKANs have them.
KEYS = ["eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.of-somebody-particular", "b2f0c1de-7a5e-4c8e-9a51-cafe00c0ffee"]
TASKS = (
    "from django_q.models import OrmQ, Task; from django_q.signing import SignedPackage;"
    "print([SignedPackage.loads(row.payload) for row in OrmQ.objects.all()]);"
    "print([vars(task) for task in Task.objects.all()])"
)


def forms_of(key: str) -> list[bytes]:
    """The key itself, and what gives it away to who has a list of keys."""
    raw = key.encode()
    return [raw, base64.b64encode(raw)[:-4], raw.hex().encode(), hashlib.sha256(raw).hexdigest().encode()]


def places(target: Target) -> Iterator[tuple[str, bytes]]:
    """Where it may lie: all files of the portal (database, logs, mails, packages), its tasks, and its processes."""
    installation = target.installation
    for path in installation.directory.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    yield "tasks", installation.manage("shell", "-c", TASKS).encode()
    for name, main in installation.processes.items():
        for pid in [main.pid, *installation.children(name)]:
            for about in ("cmdline", "environ"):
                if (file := Path(f"/proc/{pid}/{about}")).exists():
                    yield f"{about} of {name}", file.read_bytes()


def found(target: Target, key: str) -> list[str]:
    return [name for name, content in places(target) if any(form in content for form in forms_of(key))]


@pytest.mark.parametrize("key", KEYS)
def test_while_a_package_waits_is_built_fails_and_is_there(target, key):
    sound = target.form(key=key)
    ids = [target.caller().post_form("/package_datastore", sound).json["request_id"]]
    for mood in ("hangs", "is-no-json", "error-is-markup", "deep-json"):
        form = target.form(target.evil.api_url(mood), key=key)
        ids.append(target.caller().post_form("/package_datastore", form).json["request_id"])
    known = ", ".join(f"'{one.replace('-', '')}'" for one in ids)
    number = f"SELECT count(*) FROM packager_packagerequest WHERE id IN ({known}) AND status"
    target.installation.wait(lambda: target.installation.one(f"{number} = 'running'"))
    assert found(target, key) == []
    target.installation.wait(lambda: target.installation.one(f"{number} IN ('succeeded', 'failed')") >= 4)
    assert target.installation.one(f"{number} = 'succeeded'") == 1
    assert found(target, key) == []
    target.cancel_all()


def test_who_looks_would_find_one_that_lay_about(target):
    left = target.installation.directory / "left.txt"
    left.write_text(KEYS[0])
    assert found(target, KEYS[0]) == ["left.txt"]
    left.unlink()
