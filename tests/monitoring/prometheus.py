"""Prometheus and its tool, as far as the tests of ``docs/alerts.yml`` need them."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.processes.installation import free_port
from tests.services import program

DOCS = Path(__file__).resolve().parents[2] / "docs"
RULES = DOCS / "alerts.yml"
#: Between two looks at the portal; its page may take as long, which it does while the database is locked.
INTERVAL = "2s"


def hasty(rules: str) -> str:
    """The rules with the times that they wait and look back over cut to seconds; what they ask stays as it is."""
    return re.sub(r"\[\d+[mh]\]", "[20s]", re.sub(r"for: \d+m", "for: 1s", rules))


class Prometheus:
    """One that watches the web servers at ``ports``, with our rules made hasty."""

    def __init__(self, directory: Path, ports: Sequence[int]) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._directory = directory
        self._ports = ports

    def __enter__(self) -> Prometheus:
        (self._directory / "rules.yml").write_text(hasty(RULES.read_text()))
        targets = [f"127.0.0.1:{port}" for port in self._ports]
        configuration = {
            "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "packaging-portal", "static_configs": [{"targets": targets}]}],
        }
        # JSON is YAML
        (self._directory / "prometheus.yml").write_text(json.dumps(configuration))
        command = [program("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
        listens = f"--web.listen-address={self.url.removeprefix('http://')}"
        with (self._directory / "prometheus.txt").open("wb") as log:
            self._process = subprocess.Popen([*command, listens], cwd=self._directory, stdout=log, stderr=log)
        self.wait(lambda: self.value("count(packaging_info)") == len(targets), "it sees every web server")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def wait(self, condition, what: str, seconds: float = 60) -> None:
        """Returns as soon as ``condition`` is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except URLError:
                pass  # it is only starting
            time.sleep(0.3)
        raise AssertionError(f"not within {seconds} s: {what}; fires: {self.firing()}")

    def value(self, expression: str) -> float | None:
        """What an expression is now; None if it is nothing."""
        found = self._ask("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else None

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        return {alert["labels"]["alertname"] for alert in self._ask("alerts")["alerts"] if alert["state"] == "firing"}

    def fires(self, name: str) -> None:
        """Waits until this alert does."""
        self.wait(lambda: name in self.firing(), f"{name} fires")

    def is_quiet(self, name: str) -> None:
        """Waits until it does no longer."""
        self.wait(lambda: name not in self.firing(), f"{name} is quiet")

    def _ask(self, what: str, **query: str):
        with urlopen(f"{self.url}/api/v1/{what}?{urlencode(query)}", timeout=10) as answer:
            return json.load(answer)["data"]
