"""Compares the packages of a running portal with what CKAN itself dumps (``/datastore/dump``), byte for byte.

    PACKAGER_SECRET=... python -m benchmarks.portal_against_ckan --portal http://127.0.0.1:8000 \\
        --api-url https://host/api/3/action/datastore_search --resource-id ID

Goes the whole way: posts to ``/package_datastore`` as a CKAN site does, waits for the package, downloads it and reads
its ``resource.csv``. Prints a line for each case and exits 1 if one differs. With ``--key-file`` the resource is taken
to be private: requests without that key must then fail, whatever was built with it before.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from benchmarks.compare_with_ckan import BLOCK, Site, cases, first_difference, without_header
from packager.errors import PackagerError
from packager.streaming.types import Query, Shape

ENDED = ("succeeded", "failed", "cancelled", "expired")
RETRY_POLICY = 1800.0  # seconds for one package


class Unserved(Exception):
    """The portal did not deliver; says why."""


@dataclass
class Portal:
    """A portal, the secret that it shares with CKAN, and the address that its mails go to."""

    url: str
    secret: str
    email: str

    def package(self, site: Site, query: Query, target: Path) -> None:
        """Ask for the rows of ``query`` as CSV and put the archive into ``target``. Raises Unserved."""
        page = self._wait(self._post(form(site, query)))
        link = re.search(r'href="([^"]*/download/[^"]+)"', page)
        if 'class="card succeeded"' not in page or not link:
            sentences = re.findall(r"<p>([^<]+)</p>", page)
            raise Unserved(sentences[0] if sentences else "no package")
        with urlopen(link[1]) as answer, target.open("wb") as file:
            shutil.copyfileobj(answer, file)

    def _post(self, fields: dict[str, str]) -> str:
        body = urlencode({"secret": self.secret, "email": self.email, **fields}).encode()
        try:
            with urlopen(Request(f"{self.url}/package_datastore", body), timeout=60) as answer:
                return str(json.load(answer)["status_url"])
        except HTTPError as fault:
            raise Unserved(json.load(fault).get("message", str(fault))) from fault

    def _wait(self, status_url: str) -> str:
        end = time.monotonic() + RETRY_POLICY
        while time.monotonic() < end:
            with urlopen(f"{status_url}state", timeout=60) as answer:
                page = answer.read().decode()
            if any(f'class="card {state}"' in page for state in ENDED):
                return page
            time.sleep(0.1)
        raise Unserved(f"not ready after {RETRY_POLICY:.0f} s")


def form(site: Site, query: Query) -> dict[str, str]:
    """The form fields that ask for ``query``."""
    given = {
        "api_url": site.api_url,
        "resource_id": site.resource_id,
        "key": site.key,
        "filters": json.dumps(dict(query.filters)) if query.filters else None,
        "q": query.q,
        "fields": ",".join(query.fields) or None,
        "sort": query.sort,
        "limit": query.limit,
        "offset": query.offset or None,
    }
    return {name: str(value) for name, value in given.items() if value is not None}


def pieces(archive: Path) -> Iterator[bytes]:
    """``resource.csv`` of an archive, piece by piece."""
    with zipfile.ZipFile(archive) as opened, opened.open("resource.csv") as member:
        while piece := member.read(BLOCK):
            yield piece


def compare(site: Site, archive: Path, query: Query, columns: list[str]) -> str | None:
    """How the archive differs from CKAN's dump of ``query``; None if it does not."""
    our_header, ours = without_header(pieces(archive))
    their_header, theirs = without_header(site.dump(query, Shape.CSV, columns))
    return "the headers differ" if our_header != their_header else first_difference(ours, theirs)


def claimed_total(site: Site) -> int:
    """What CKAN says the number of rows is, wrong or not: its extension sends that on as ``limit``."""
    body = json.dumps({"resource_id": site.resource_id, "limit": 1}).encode()
    headers = {"Content-Type": "application/json", **({"Authorization": site.key} if site.key else {})}
    with urlopen(Request(site.api_url, body, headers), timeout=300) as answer:
        return int(json.load(answer)["result"]["total"])


def all_cases(site: Site) -> Iterator[tuple[str, Query, Query]]:
    """Name, what the portal is asked for, and what CKAN is."""
    for name, query, shape in cases(site):
        if shape is Shape.CSV:
            yield name, query, query
    whole = Query(site.resource_id)
    total = claimed_total(site)
    yield f"limit={total}, as the extension", replace(whole, limit=total), whole


@dataclass
class Run:
    """The cases of one resource; ``keep`` is a directory for the archives."""

    portal: Portal
    site: Site
    keep: Path
    good: bool = True

    def __call__(self) -> bool:
        """Print a line for each case. True if none differs."""
        columns = [field.name for field in self.site.open(Query(self.site.resource_id), Shape.ROWS).fields]
        for number, (name, asked, expected) in enumerate(all_cases(self.site)):
            self._tell(name, lambda asked=asked, expected=expected, n=number: self._case(asked, expected, columns, n))
        if self.site.key:
            for name, key in (("no key", None), ("another key", "not-a-key")):
                self._tell(name, lambda key=key: self._refusal(replace(self.site, key=key)))
        return self.good

    def _tell(self, name: str, check) -> None:
        started = time.perf_counter()
        try:
            problem, remark = check()
        except (Unserved, PackagerError, OSError) as error:
            problem, remark = f"{type(error).__name__}: {error}", ""
        self.good = self.good and problem is None
        print(f"{problem or 'same':<8} {name:<34}{remark:>22} {time.perf_counter() - started:7.2f} s", flush=True)

    def _case(self, asked: Query, expected: Query, columns: list[str], number: int) -> tuple[str | None, str]:
        archive = self.keep / f"{self.site.resource_id}-{number}.zip"
        self.portal.package(self.site, asked, archive)
        return compare(self.site, archive, expected, columns), f"{archive.stat().st_size:,} bytes"

    def _refusal(self, site: Site) -> tuple[str | None, str]:
        try:
            self.portal.package(site, Query(site.resource_id), self.keep / "refused.zip")
        except Unserved as refused:
            print(f"         refused: {refused}")
            return None, "refused"
        return "SERVED", "without the key"


def main() -> int:
    """0 if all is the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portal", default="http://127.0.0.1:8000", help="address of the portal")
    parser.add_argument("--api-url", required=True, help="of datastore_search")
    parser.add_argument("--resource-id", required=True)
    parser.add_argument("--key-file", type=Path, help="a file that holds the API key")
    parser.add_argument("--email", default="benchmark@example.org", help="where the portal sends its mails")
    parser.add_argument("--keep", type=Path, help="an existing directory in which to leave the archives")
    arguments = parser.parse_args()
    key = arguments.key_file.read_text().strip() if arguments.key_file else None
    portal = Portal(arguments.portal.rstrip("/"), os.environ.get("PACKAGER_SECRET", ""), arguments.email)
    with tempfile.TemporaryDirectory() as aside:
        site = Site(arguments.api_url, arguments.resource_id, key)
        return 0 if Run(portal, site, arguments.keep or Path(aside))() else 1


if __name__ == "__main__":
    sys.exit(main())
