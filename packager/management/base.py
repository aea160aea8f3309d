"""What the commands have in common: they print what they did or found in words, or with ``--json`` for scripts."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from packager.errors import PackagerError
from packager.sentences import count_of

Facts = Mapping[str, Any]


class ReportCommand(BaseCommand, ABC):
    """Gathers facts and prints them. What our own errors say ends it with exit code 1 and without a traceback."""

    def add_arguments(self, parser: CommandParser) -> None:
        """How to print."""
        parser.add_argument("--json", action="store_true", help="print JSON, for scripts")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it and print what came of it."""
        try:
            facts = self.facts(**options)
        except PackagerError as error:
            raise CommandError(f"{error.message} {error.detail}".strip()) from error
        self.stdout.write(json.dumps(facts) if options["json"] else self.words(facts))

    @abstractmethod
    def facts(self, **options: Any) -> Facts:
        """Do it; returns what ``--json`` prints."""

    @abstractmethod
    def words(self, facts: Facts) -> str:
        """The same for people."""


class CountingCommand(ReportCommand):
    """Does something to many and says to how many: how many ``thing``s were ``done``, the count under ``name``.

    What it does is ``work``; or ``count``, where there are options.
    """

    name: ClassVar[str]
    thing: ClassVar[str]
    work: ClassVar[staticmethod[[], int]]
    done: str

    def facts(self, **options: Any) -> Facts:
        """See ``ReportCommand``."""
        return {self.name: self.count(**options)}

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        return f"{count_of(facts[self.name], self.thing)} {self.done}."

    def count(self, **options: Any) -> int:
        """Do it; returns to how many."""
        return self.work()
