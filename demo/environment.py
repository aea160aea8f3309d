"""What the portal's processes need around them: directories, secrets, the environment."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.processes import StartFailed

ROOT = Path(__file__).resolve().parent.parent
DIRECTORIES = ("packages", "mail", "log", "tmp")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where things are: ``var`` for everything that is written, ``port`` of the web server."""

    var: Path
    port: int

    @property
    def url(self) -> str:
        """Where the portal is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def logs(self) -> Path:
        """The directory of the processes' logs."""
        return self.var / "log"

    @property
    def mail(self) -> Path:
        """The directory of the mails, unless a mail server was named."""
        return self.var / "mail"

    @property
    def packages(self) -> Path:
        """The directory of the packages."""
        return self.var / "packages"

    def make_directories(self) -> None:
        """Make what is not there yet."""
        for name in DIRECTORIES:
            (self.var / name).mkdir(parents=True, exist_ok=True)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The environment of the portal's processes. What the operator has set (``given``) stays as it is."""
        ours = {
            "SECRET_KEY": given.get("SECRET_KEY") or kept_secret(self.var / "secret_key"),
            "PACKAGER_SECRET": given.get("PACKAGER_SECRET") or kept_secret(self.var / "packager_secret"),
            "PUBLIC_URL": self.url,
            "PYTHONUNBUFFERED": "1",
        }
        return {"DEBUG": "false", "PUSHER_ENABLED": "true", **given, **ours}


def pushes_sample(environment: Mapping[str, str]) -> bool:
    """Whether the sample file can be pushed: not where the operator's own database would have to take its rows."""
    on = environment["PUSHER_ENABLED"].lower() in ("true", "1", "yes", "on")
    return on and not environment.get("PUSHER_DATASTORE_WRITE_URL")


def kept_secret(path: Path, random_bytes: int = 48) -> str:
    """The secret in that file, which only its owner can read; made of so many random bytes if it is not there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with open(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(random_bytes))
    return path.read_text()


def operator_settings(env_file: Path) -> dict[str, str]:
    """The environment, and below it what stands in ``.env``."""
    return {**dict(_lines(env_file)), **os.environ}


def _lines(env_file: Path) -> Iterator[tuple[str, str]]:
    if not env_file.is_file():
        return
    for line in env_file.read_text().splitlines():
        name, given, value = line.removeprefix("export ").partition("=")
        if given and not name.lstrip().startswith("#"):
            yield name.strip(), value.strip().strip("'\"")


def check_port(port: int) -> None:
    """Raises StartFailed if somebody listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartFailed(f"Port {port} is in use; choose another one: make run PORT={port + 1}") from error
