"""The gateway in the background: a detached process, and a file with its number that it holds locked while it lives."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from messaging.errors import MessagingError


class GatewayError(MessagingError):
    """It cannot be started or stopped; says why."""

    code = "gateway"
    sentence = "{reason}."


@contextmanager
def locked() -> Iterator[None]:
    """Holds the file with our number in it. Raises GatewayError if another process does."""
    path = Path(settings.MESSAGING_PID_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise GatewayError(reason=f"The gateway is already running (process {running()})") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def running() -> int | None:
    """The number of the process that runs; None if none does."""
    try:
        with Path(settings.MESSAGING_PID_FILE).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return None
            except OSError:
                return int(file.read() or 0)
    except FileNotFoundError:
        return None


def start() -> int:
    """Start it in the background; returns its number. Raises GatewayError if it runs, or does not come up."""
    if found := running():
        raise GatewayError(reason=f"The gateway is already running (process {found})")
    log = Path(settings.MESSAGING_PID_FILE).with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        command = [sys.executable, sys.argv[0], "amqp_gateway", "start", "--foreground"]
        child = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    while child.poll() is None:
        if (number := running()) == child.pid:
            return number
        time.sleep(0.1)
    raise GatewayError(reason=f"The gateway did not start; see {log}")


def stop() -> bool:
    """End it and wait until it has ended. False if there was nothing to stop. Raises GatewayError if it goes on."""
    number = running()
    if not number:
        return False
    os.kill(number, signal.SIGTERM)
    until = time.monotonic() + settings.MESSAGING_STOP_SECONDS + 60
    while running() == number:
        if time.monotonic() > until:
            raise GatewayError(reason=f"The gateway (process {number}) is not stopping")
        time.sleep(0.1)
    return True
