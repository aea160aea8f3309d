"""Base of the commands that do something to many and say to how many."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandParser


class CountingCommand(BaseCommand, ABC):
    """Prints ``<count> <sentence>``, or with ``--json`` an object with the count under ``name``."""

    name: ClassVar[str]
    sentence: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        """For people, or for scripts."""
        parser.add_argument("--json", action="store_true", help="print the number as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it and say how many there were."""
        count = self.count(**options)
        self.stdout.write(json.dumps({self.name: count}) if options["json"] else f"{count} {self.sentence}")

    @abstractmethod
    def count(self, **options: Any) -> int:
        """Do it; returns to how many."""
