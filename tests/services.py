"""What some tests need of the machine. Where it is absent they are skipped; in CI, which has everything, they fail."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

#: Set by ``.ci/run``.
IN_CI = os.environ.get("PACKAGING_PORTAL_CI") == "1"


def absent(why: str) -> NoReturn:
    """End the test because of ``why``: what is not there."""
    if IN_CI:
        pytest.fail(why)
    pytest.skip(f"{why}: .ci/run brings it, and fails without it")


def program(name: str) -> str:
    """Where ``name`` is installed, also among the programs of administrators."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    return found or absent(f"{name} is not installed")
