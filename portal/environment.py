"""Reads settings from the environment and remembers what was wrong with them.

A bad value does not raise while the settings load; it is noted, the default is used, and the system checks in
``portal/checks.py`` stop the start with a sentence that names the variable.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import environ

from packager.whole_numbers import whole_number
from portal.client_address import Proxies, proxies

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad variable: its name, what is wrong with it, and how to put it right."""

    name: str
    sentence: str
    hint: str


class Environment:
    """The environment (and ``.env``, which it does not override), read variable by variable.

    Args:
        env_file: a file of ``NAME=value`` lines; silently left out if it is not there.
    """

    def __init__(self, env_file: Path) -> None:
        if env_file.is_file():
            environ.Env.read_env(str(env_file))
        self._env = environ.Env()
        self.problems: list[Problem] = []

    def _read(
        self, name: str, default: T, read: Callable[[str], T], must: str, good: Callable[[T], object] = lambda _: True
    ) -> T:
        """What ``read`` makes of the variable, if that is ``good``; otherwise it ``must`` be something else."""
        if not (text := os.environ.get(name, "")):
            return default
        value, fits = default, False
        with suppress(Exception):  # the parsers raise whatever int(), json and urlparse raise
            value = read(text)
            fits = bool(good(value))
        if not fits:
            self.complain(name, f"{name} must be {must}.", f"Correct {name} in the environment or in .env.")
        return value if fits else default

    def complain(self, name: str, sentence: str, hint: str) -> None:
        """Note that ``name`` has a value that cannot be used."""
        self.problems.append(Problem(name, sentence, hint))

    def text(self, name: str, default: str = "") -> str:
        """Text, as it stands."""
        return os.environ.get(name, "") or default

    def lines(self, name: str) -> str:
        """Text of several lines; ``\\n`` in it is a line end, since a line of an ``.env`` file can hold no other."""
        return self.text(name).replace("\\n", "\n")

    def flag(self, name: str, default: bool) -> bool:
        """true/false, yes/no, on/off, 1/0."""
        words = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0"), False)
        return self._read(name, default, lambda text: words[text.strip().lower()], "true or false")

    def whole(self, name: str, default: int, *, least: int = 0) -> int:
        """A whole number that is not smaller than ``least``."""
        return self._read(name, default, whole_number, f"a whole number, {least} or more", lambda value: value >= least)

    def rate(self, name: str, default: str) -> str:
        """How often something may be done: ``600/min``, by second, minute, hour or day; empty for ``none``."""
        must = "a number of requests in a time, such as 600/min, or none"
        good = re.compile(r"none|[1-9]\d*/(s|sec|second|m|min|minute|h|hour|d|day)").fullmatch
        rate = self._read(name, default, lambda text: text.strip().lower(), must, good)
        return "" if rate == "none" else rate

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of ``choices``; empty if the variable is not set."""
        must = "one of " + ", ".join(choices)
        return self._read(name, "", lambda text: text.strip().lower(), must, lambda value: value in choices)

    def encoding(self, name: str, default: str) -> str:
        """The name of an encoding that Python knows."""
        return self._read(name, default, lambda text: codecs.lookup(text.strip()).name, "a known encoding")

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """A comma separated list; blanks around the commas do not count."""
        return [word.strip() for word in self.text(name, ",".join(default)).split(",") if word.strip()]

    def path(self, name: str, default: Path, *, base: Path) -> Path:
        """A path; a relative one is taken from ``base``."""
        return base / self.text(name, str(default))

    def json_object(self, name: str) -> dict[str, Any]:
        """A JSON object; an empty one if the variable is not set."""
        return self._read(name, {}, json.loads, "a JSON object", lambda value: isinstance(value, dict))

    def address(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """A URL with one of ``schemes``, without a trailing slash."""
        must = "an address that starts with " + " or ".join(f"{scheme}://" for scheme in schemes)
        cut, good = (lambda text: text.strip().rstrip("/")), (lambda value: value.partition("://")[0] in schemes)
        return self._read(name, default, cut, must, good)

    def proxies(self, name: str, default: str) -> Proxies:
        """How many proxies stand in front, or the addresses at which they stand."""
        must = "a number of proxies, or addresses and networks such as 10.0.0.0/8, separated by commas"
        return self._read(name, proxies(default), proxies, must)

    def database(self, name: str, default: str) -> dict[str, Any]:
        """A Django database configuration from a URL such as ``postgres://user:password@host/name``."""
        must = "a database address such as sqlite:///var/portal.sqlite3 or postgres://user:password@host/name"
        config = dict(environ.Env.db_url_config(default))
        return self._read(
            name, config, lambda text: dict(environ.Env.db_url_config(text)), must, lambda value: value.get("ENGINE")
        )

    def mail(self, name: str) -> dict[str, Any]:
        """Django's EMAIL settings from a URL such as ``smtp+tls://user:password@host:587``; empty if not set."""
        return self._read(
            name,
            {},
            lambda text: dict(environ.Env.email_url_config(text)),
            "a mail server address such as smtp://host:25 or smtp+tls://user:password@host:587",
        )
