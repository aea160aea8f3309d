"""Each start tells a password that works, or how to get one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from demo.environment import Surroundings
from demo.processes import StartFailed
from demo.run import Quickstart


class Database:
    """Stands in for the supervisor: ``createsuperuser`` makes ``admin`` once."""

    def __init__(self, password: str = "") -> None:
        self.password = password

    def run(self, name, command, environment):
        taken = bool(self.password)
        self.password = self.password or environment["DJANGO_SUPERUSER_PASSWORD"]
        return SimpleNamespace(process=SimpleNamespace(returncode=int(taken)), tail=lambda: "is already taken.")


def login(tmp_path, database) -> str:
    return Quickstart(Surroundings(tmp_path, 8123), database, {})._staff_login()


def test_every_start_tells_the_password_of_the_first(tmp_path):
    database = Database()
    first = login(tmp_path, database)
    assert first == f"name: admin   password: {database.password}"
    again = login(tmp_path, database)
    assert again.startswith(first)
    assert again.endswith("manage.py changepassword admin)")


def test_where_somebody_else_made_the_user_it_tells_how_to_get_a_password(tmp_path):
    for _ in range(2):
        told = login(tmp_path, Database("theirs"))
        assert told.startswith("name: admin   new password: ")
        assert told.endswith("manage.py changepassword admin")
    assert not (tmp_path / "admin_password").exists()


def test_a_new_database_gets_the_password_that_was_kept(tmp_path):
    assert login(tmp_path, Database()) == login(tmp_path, Database())


def test_what_else_goes_wrong_is_told(tmp_path):
    broken = SimpleNamespace(run=lambda *_: SimpleNamespace(process=SimpleNamespace(returncode=1), tail=lambda: "oh"))
    with pytest.raises(StartFailed, match="oh"):
        login(tmp_path, broken)
