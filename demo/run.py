"""``make run``: the whole portal on this machine, with a CKAN to try it on, until Ctrl-C.

Everything is written below ``var/``; every process started here is ended here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from demo.environment import ROOT, Surroundings, check_port, kept_secret, operator_settings, pushes_sample
from demo.processes import Child, Interrupted, StartFailed, Supervisor
from demo.sample import Sample, SamplePush, fetch

STAFF = "admin"
ADDRESS = "someone@example.com"
#: Seconds for something to come up.
START_SECONDS = 120
MANAGE = [sys.executable, str(ROOT / "manage.py")]
NEW_PASSWORD = " ".join([*MANAGE, "changepassword", STAFF])


class Quickstart:
    """Brings the portal up, step by step; ``bring_up`` may raise StartFailed or Interrupted at any of them."""

    def __init__(self, surroundings: Surroundings, supervisor: Supervisor, given: Mapping[str, str]) -> None:
        self.around = surroundings
        self.supervisor = supervisor
        self.given = given
        self.environment = surroundings.environment(given)
        self.login = ""
        self.ckan: Child | None = None

    def bring_up(self, rows: int) -> Sample:
        """Everything, up to the mail of the sample request."""
        self._start_ckan(rows)
        self._prepare_database()
        self._start_portal()
        self._push_sample()
        return self._request_sample()

    def _start_ckan(self, rows: int) -> None:
        options = ["--port", "0", "--rows", str(rows), "--portal", self.around.url]
        self.ckan = self.supervisor.start("ckan", [sys.executable, "-m", "demo.ckan", *options], self.environment)
        self._wait(lambda: len(self._ckan_says()) > 1, "the sample CKAN")
        host = self.ckan_url.partition("://")[2]
        for name in ("PACKAGER_CKAN_HOSTS", "PUSHER_CKAN_HOSTS"):
            if name.startswith("PACKAGER") or self.given.get(name):
                self.environment[name] = ",".join(filter(None, (self.given.get(name), host)))

    def _ckan_says(self) -> list[str]:
        return self.ckan.log.read_text().splitlines() if self.ckan else []

    @property
    def ckan_url(self) -> str:
        """Where the sample CKAN is."""
        return self._ckan_says()[0]

    def _prepare_database(self) -> None:
        self._manage("migrate", "--no-input", "--verbosity", "1")
        self.login = self._staff_login()

    def _staff_login(self) -> str:
        """How to log in: with a password that is kept below ``var/``, unless somebody chose one of their own."""
        kept = self.around.var / "admin_password"
        known, password = kept.exists(), kept_secret(kept, random_bytes=12)
        created = self.supervisor.run(
            "createsuperuser",
            [*MANAGE, "createsuperuser", "--no-input", "--username", STAFF, "--email", f"{STAFF}@localhost"],
            self.environment | {"DJANGO_SUPERUSER_PASSWORD": password, "LANGUAGE_CODE": "en"},
        )
        if not created.process.returncode:
            return f"name: {STAFF}   password: {password}"
        if "already taken" not in created.tail():
            raise StartFailed(f"The staff user could not be created:\n\n{created.tail()}")
        if known:
            return f"name: {STAFF}   password: {password}   (changed and forgotten? {NEW_PASSWORD})"
        kept.unlink()
        return f"name: {STAFF}   new password: {NEW_PASSWORD}"

    def _manage(self, command: str, *options: str) -> None:
        done = self.supervisor.run(command, [*MANAGE, command, *options], self.environment)
        if done.process.returncode:
            raise StartFailed(f"manage.py {command} failed. The end of {done.log}:\n\n{done.tail()}")

    def _start_portal(self) -> None:
        bind = f"127.0.0.1:{self.around.port}"
        gunicorn = ["gunicorn", "portal.wsgi", "--bind", bind, "--worker-class", "gthread", "--threads", "8"]
        options = ["--graceful-timeout", "5", "--no-control-socket"]
        self.supervisor.start("web", [sys.executable, "-m", *gunicorn, *options], self.environment)
        for cluster in ("fast", "slow", "mail"):
            self.supervisor.start(cluster, [*MANAGE, "qcluster"], self.environment | {"Q_CLUSTER_NAME": cluster})
        self._wait(lambda: fetch(f"{self.around.url}/healthz"), "the web server")

    def _push_sample(self) -> None:
        if pushes_sample(self.environment):
            push = SamplePush(self.ckan_url, self._resource("finds"))
            self._wait(push.ended, "the sample push")

    def _resource(self, name: str) -> str:
        return next(line.split()[0] for line in self._ckan_says() if f" {name} " in line)

    def _request_sample(self) -> Sample:
        fields = {
            "secret": self.environment["PACKAGER_SECRET"],
            "api_url": f"{self.ckan_url}/api/3/action/datastore_search",
            "resource_id": self._resource("specimens"),
            "email": ADDRESS,
            "format": "csv",
        }
        mail = None if self.given.get("EMAIL_URL") else self.around.mail
        sample = Sample.submit(self.around.url, fields, mail)
        self._wait(sample.arrived, f"the sample package (its status page is {sample.status_url})")
        return sample

    def _wait(self, condition: Callable[[], object], what: str) -> None:
        self.supervisor.wait_until(condition, seconds=START_SECONDS, what=what)

    def _packages(self) -> Path:
        return Path(self.given.get("PACKAGER_STORE_DIRECTORY") or self.around.packages)

    def summary(self, sample: Sample) -> str:
        """What is where, for the person at the terminal."""
        lines = {
            "Portal": f"{self.around.url}/",
            "Admin": f"{self.around.url}/admin/   {self.login}",
            "Sample CKAN": f"{self.ckan_url}/",
            "Sample request": "",
            "  status page": sample.status_url,
            "  package": self.given.get("PACKAGER_STORE_URL") or str(newest(self._packages())),
            "  download": sample.download_url,
            "  email": str(sample.mail_file or "sent to your mail server"),
            "Sample push": f"{self.around.url}/admin/pusher/pushjob/   (“Upload to DataStore” at the sample CKAN)",
            "Logs": str(self.around.logs),
        }
        if not pushes_sample(self.environment):
            del lines["Sample push"]
        rows = "\n".join(f"  {name:<16}{value}".rstrip() for name, value in lines.items())
        return f"\nThe Packaging Portal is running.\n\n{rows}\n\nCtrl-C stops everything.\n"


def newest(directory: Path) -> Path:
    """The newest package in a store; the directory itself if there is none."""
    found = sorted(directory.rglob("*.zip"), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else directory


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until asked to stop. The exit code: 0, or 1 if something did not come up or died."""
    parser = argparse.ArgumentParser(description="Run the portal with a sample CKAN.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--rows", type=int, default=20_000, help="rows of the sample request")
    options = parser.parse_args(arguments)
    around = Surroundings(ROOT / "var", options.port)
    around.make_directories()
    supervisor = Supervisor(around.logs, ROOT)
    supervisor.listen_to_signals()
    try:
        check_port(options.port)
        run(Quickstart(around, supervisor, operator_settings(ROOT / ".env")), options.rows)
    except Interrupted:
        return 0
    except StartFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        supervisor.stop()
    return 0


def run(quickstart: Quickstart, rows: int) -> None:
    """Bring it up, say what is where, and serve."""
    print("Starting the portal ...", flush=True)
    sample = quickstart.bring_up(rows)
    print(quickstart.summary(sample), flush=True)
    quickstart.supervisor.serve()
    print("Stopping ...", flush=True)


if __name__ == "__main__":
    sys.exit(main())
