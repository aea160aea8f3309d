"""Base of the commands that do something to many and say to how many."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandParser


class CountingCommand(BaseCommand, ABC):
    """Prints how many ``thing``s were ``done``, or with ``--json`` an object with the count under ``name``."""

    name: ClassVar[str]
    thing: ClassVar[str]
    done: str

    def add_arguments(self, parser: CommandParser) -> None:
        """For people, or for scripts."""
        parser.add_argument("--json", action="store_true", help="print the number as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it and say how many there were."""
        count = self.count(**options)
        sentence = f"{count} {self.thing}{'' if count == 1 else 's'} {self.done}."
        self.stdout.write(json.dumps({self.name: count}) if options["json"] else sentence)

    @abstractmethod
    def count(self, **options: Any) -> int:
        """Do it; returns to how many."""
