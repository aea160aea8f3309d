"""``make run-ckan``: the portal beside a real CKAN with the extension, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from demo.environment import Surroundings, check_port, kept_secret, operator_settings  # noqa: E402
from demo.processes import Interrupted, StartFailed, Supervisor  # noqa: E402
from demo.run import MANAGE, Quickstart  # noqa: E402
from demo.sample import fetch  # noqa: E402
from real_ckan import ADMIN, CannotRun, RealCkan  # noqa: E402
from sample import Loader  # noqa: E402

SCOPES = ("requests:write", "requests:read", "changes:write", "statistics:read")


class BesideCkan(Quickstart):
    """Brings up the portal and CKAN, and tells each of the other."""

    def __init__(self, around: Surroundings, supervisor: Supervisor, ckan: RealCkan) -> None:
        given = operator_settings(ROOT / ".env")
        hosts = dict.fromkeys(("PACKAGER_CKAN_HOSTS", "PACKAGER_WEBHOOK_HOSTS"), f"127.0.0.1:{ckan.port}")
        own = {
            "DATABASE_URL": f"sqlite:///{around.var}/portal.sqlite3",
            "PACKAGER_STORE_DIRECTORY": str(around.packages),
        }
        super().__init__(around, supervisor, {"EMAIL_URL": f"filemail:///{around.mail}", **given, **own, **hosts})
        self.real = ckan
        self.password = kept_secret(around.var / "ckan_password", random_bytes=9)

    def bring_up_both(self) -> dict[str, str]:
        """Everything. Returns the sample resources. Raises StartFailed, CannotRun, Interrupted."""
        print("Installing CKAN (some minutes the first time) ...", flush=True)
        self.real.check()
        self.real.install()
        self._prepare_database()
        self._start_portal()
        self.supervisor.start("solr", self.real.solr, self.real.environment)
        self._wait(
            lambda: fetch(f"http://127.0.0.1:{self.real.port + 1}/solr/ckan/admin/ping"), "the stand-in for Solr"
        )
        print("Configuring CKAN ...", flush=True)
        self.real.configure(self._access())
        self.real.make_admin(self.password)
        return self._start_real_ckan()

    def _access(self) -> dict[str, str]:
        """The extension's settings, with a key of the portal that is made once."""
        kept = self.around.var / "portal_key.json"
        if not kept.exists():
            scopes = [word for scope in SCOPES for word in ("--scope", scope)]
            made = self.supervisor.run(
                "key", [*MANAGE, "make_api_key", "make run-ckan", "--json", *scopes], self.environment
            )
            if made.process.returncode:
                raise StartFailed(f"No API key could be made:\n\n{made.tail()}")
            descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT, 0o600)
            with open(descriptor, "w") as file:
                file.write(made.log.read_text())
            made.log.unlink()
        key = json.loads(kept.read_text())
        names = {"url": self.around.url, "api_key": key["api_key"], "webhook_secret": key["webhook_secret"]}
        return {f"ckanext.packaging_portal.{name}": text for name, text in names.items()}

    def _start_real_ckan(self) -> dict[str, str]:
        self.supervisor.run("index", [self.real.program("ckan"), "search-index", "rebuild"], self.real.environment)
        self.supervisor.start("ckan", self.real.web, self.real.environment)
        self.supervisor.start("ckan-worker", self.real.worker, self.real.environment)
        self._wait(lambda: fetch(f"{self.real.url}/api/3/action/status_show"), "CKAN")
        return Loader(self.real.url, self.real.token_file.read_text().strip()).load()

    def both(self, resources: dict[str, str]) -> str:
        """What to click."""
        lines = {
            "CKAN": f"{self.real.url}/   name: {ADMIN}   password: {self.password}",
            **{f"  {name}": url for name, url in resources.items()},
            "Portal": f"{self.around.url}/",
            "Portal's admin": f"{self.around.url}/admin/   {self.login}",
            "Emails": str(self.around.mail),
            "Logs": str(self.around.logs),
        }
        rows = "\n".join(f"  {name:<20}{value}".rstrip() for name, value in lines.items())
        return f"\nOpen a resource and click Package.\n\n{rows}\n\nCtrl-C stops everything.\n"


def main() -> int:
    """Run until asked to stop. The exit code: 0, or 1 with one sentence if it cannot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="of the portal")
    parser.add_argument(
        "--ckan-port", type=int, default=5000, help="of CKAN; the next one is for the stand-in for Solr"
    )
    parser.add_argument("--ckan-version", default=RealCkan.version)
    options = parser.parse_args()
    around = Surroundings(ROOT / "var" / f"ckan-{options.ckan_version}", options.port)
    around.make_directories()
    where = {
        name: os.environ[f"CKAN_{name.upper()}"]
        for name in ("postgres", "redis")
        if f"CKAN_{name.upper()}" in os.environ
    }
    ckan = RealCkan(around.var / "ckan", options.ckan_port, version=options.ckan_version, **where)
    supervisor = Supervisor(around.logs, ROOT)
    supervisor.listen_to_signals()
    try:
        for port in (options.port, options.ckan_port, options.ckan_port + 1):
            check_port(port)
        both = BesideCkan(around, supervisor, ckan)
        print(both.both(both.bring_up_both()), flush=True)
        supervisor.serve()
    except Interrupted:
        return 0
    except (CannotRun, StartFailed) as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
