"""The connection to PostgreSQL is cut at the instant of COMMIT: the package is there, and so is its file."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from tests.processes.installation import POSTGRES, ROOT, postgres_database

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
BUILD = """
import sys, django; django.setup()
from packager.lifecycle import builds, requests
from packager.models import Package
from packager.storage import stores
from packager.submission import Submission
ckan, resource = sys.argv[1:]
request = requests.submit(Submission("datastore", resource, "csv", api_url=ckan, email="ada@example.org"))
builds.build_next(request.queue)
request.refresh_from_db()
print(request.status, Package.objects.count(), len(list(stores.default().listing())))
if request.package: print(stores.default().has(request.package.stored_as))
"""


class Cutter:
    """Stands between the portal and PostgreSQL; cuts the connection, once, at the COMMIT that saves a package.

    Args:
        heard: whether the database still hears of it.
    """

    def __init__(self, *, heard: bool) -> None:
        self.cuts = 0
        self._heard = heard
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                host, port = POSTGRES.rpartition("@")[2].split(":")
                server = socket.create_connection((host, int(port)))
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        cut = threading.Event()
        threading.Thread(target=self._answer, args=(server, client, cut), daemon=True).start()
        armed = False
        with suppress(OSError):
            while data := client.recv(65_536):
                armed = armed or b'INSERT INTO "packager_package"' in data
                if armed and b"COMMIT" in data and not self.cuts:
                    self.cuts += 1
                    cut.set()
                    if not self._heard:
                        break
                server.sendall(data)
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _answer(server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                if cut.is_set():
                    break
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@pytest.mark.fault("the answer to COMMIT is lost", "file and package stay together")
@pytest.mark.parametrize("heard", [True, False], ids=["heard", "not heard"])
def test_file_and_package_stay_together(tmp_path, ckan, heard):
    cutter = Cutter(heard=heard)
    with postgres_database() as address:
        through = address.replace(POSTGRES.rpartition("@")[2], f"127.0.0.1:{cutter.port}") + "?sslmode=disable"
        environment = {
            "PATH": os.environ["PATH"],
            "SECRET_KEY": "x" * 60,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": address,
            "PACKAGER_CKAN_HOSTS": ckan.host,
            "PACKAGER_STORE_DIRECTORY": f"{tmp_path}/packages",
            "PACKAGER_TEMP_DIRECTORY": f"{tmp_path}/tmp",
            "EMAIL_URL": f"filemail:///{tmp_path}/mail",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=environment, cwd=ROOT, check=True)
        done = subprocess.run(
            [sys.executable, "-c", BUILD, ckan.api_url, ckan.id("small")],
            env={**environment, "DATABASE_URL": through},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    cutter.close()
    # a commit that was not heard is made again, once the database is back
    assert done.stdout.strip() == "succeeded 1 1\nTrue", done.stderr
    assert cutter.cuts == 1
