#!/usr/bin/env python
"""Django's command line for the portal."""

import os
import re
import sys

from django.core.management import execute_from_command_line


def arguments(argv: list[str]) -> list[str]:
    """``--settings`` of import_ckanpackager under its other name: Django would take it for its own option."""
    if argv[1:2] != ["import_ckanpackager"]:
        return argv
    return [re.sub(r"\A--settings(?=\Z|=)", "--old-settings", word) for word in argv]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    execute_from_command_line(arguments(sys.argv))
