"""Guessing passwords locks out who guesses, and nobody else; claims about where one comes from gain nothing."""

from __future__ import annotations

import pytest

from tests.attacks.test_lists_of_the_staff import logged_in

pytestmark = pytest.mark.slow
MAKE = """
from django.contrib.auth.models import User
User.objects.create_superuser("{name}", password="a long passphrase")
"""


@pytest.fixture
def person(target, request):
    """Somebody of the staff, by name."""
    name = f"person{abs(hash(request.node.name)) % 10**8}"
    target.installation.manage("shell", "--verbosity", "0", "--command", MAKE.format(name=name))
    return name


def guess(target, caller, name: str) -> int:
    """The status of a log-in with a wrong password."""
    import re

    page = caller.get("/admin/login/").body.decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
    form = {"username": name, "password": "wrong", "csrfmiddlewaretoken": token}
    origin = {"Referer": "https://packages.example.org/admin/login/", "Host": "packages.example.org"}
    return caller.post_form("/admin/login/", form, **origin).status


def test_guesses_from_many_addresses_do_not_lock_the_person_out(target, person):
    for _ in range(12):
        assert guess(target, target.caller(), person) == 200
    assert logged_in(target, person, "a long passphrase").get("/admin/").status == 200


def test_who_guesses_ten_times_is_locked_out_alone(target, person):
    attacker = target.caller()
    statuses = [guess(target, attacker, person) for _ in range(12)]
    assert statuses[:9] == [200] * 9
    assert set(statuses[10:]) <= {403, 429}
    assert logged_in(target, person, "a long passphrase").get("/admin/").status == 200


def test_a_made_up_address_in_front_gains_the_attacker_nothing(target, person):
    attacker = target.caller()
    own, statuses = attacker.address, []
    for number in range(12):
        attacker.address = f"198.51.100.{number}, {own}"  # what the attacker sent, and what our proxy added
        statuses.append(guess(target, attacker, person))
    assert set(statuses[10:]) <= {403, 429}


def test_a_made_up_address_locks_nobody_else_out(target, person):
    victim = target.caller()
    attacker = target.caller()
    attacker.address = f"{victim.address}, {attacker.address}"
    for _ in range(12):
        guess(target, attacker, person)
    assert guess(target, victim, person) == 200


def test_a_wrong_name_is_told_from_a_wrong_password_by_nothing(target, person):
    assert guess(target, target.caller(), person) == guess(target, target.caller(), "nobody-of-that-name")
