"""Made-up data for a new CKAN: a table and a file for everybody, a private table."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any
from urllib.request import Request, urlopen

ROWS = 20_000
BIRDS = ("Erithacus rubecula", "Turdus merula", "Parus major", "Apus apus", "Strix aluco", "Pica pica")
PLACES = ("Kew", "Leith", "Brest", "Graz", "Porto", "Bergen")
NOTES = b"Counts were made at dawn, from a fixed point, for ten minutes each.\n"


class Loader:
    """Speaks to CKAN's API as the sysadmin."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token

    def load(self) -> dict[str, str]:
        """Make what is not there yet. Returns the addresses of the resources, by what they are."""
        found = self.call("package_search", fq="name:bird-counts", include_private=True)["results"]
        if not found:
            organization = self.call("organization_create", name="birdwatchers", title="Birdwatchers")["id"]
            self.dataset("bird-counts", "Bird counts", organization, private=False)
            self.dataset("ringing", "Ringing (private)", organization, private=True)
        return {
            f"{resource['name']}{' (private)' if package['private'] else ''}": self.page(resource)
            for package in (self.call("package_show", id=name) for name in ("bird-counts", "ringing"))
            for resource in package["resources"]
        }

    def dataset(self, name: str, title: str, organization: str, *, private: bool) -> None:
        """A dataset with a table and a file."""
        package = self.call("package_create", name=name, title=title, owner_org=organization, private=private)
        resource = {"package_id": package["id"], "name": "Counts", "format": "CSV"}
        fields = [{"id": "date", "type": "date"}, {"id": "bird"}, {"id": "place"}, {"id": "count", "type": "int"}]
        table = self.call("datastore_create", resource=resource, fields=fields, records=rows(5_000))["resource_id"]
        for _ in range(ROWS // 5_000 - 1):
            self.call("datastore_upsert", resource_id=table, method="insert", force=True, records=rows(5_000))
        self.upload(package["id"])

    def page(self, resource: dict[str, Any]) -> str:
        """Where a resource is looked at."""
        return f"{self.url}/dataset/{resource['package_id']}/resource/{resource['id']}"

    def call(self, action: str, **data: Any) -> Any:
        """The result of an action."""
        return self.post(action, json.dumps(data, default=str).encode(), "application/json")

    def upload(self, package_id: str) -> None:
        """A file, as a form sends it."""
        mark = uuid.uuid4().hex
        fields = {"package_id": package_id, "name": "Notes", "format": "TXT"}
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        file = f'--{mark}\r\nContent-Disposition: form-data; name="upload"; filename="notes.txt"\r\n\r\n'
        body = "".join([*parts, file]).encode() + NOTES + f"\r\n--{mark}--\r\n".encode()
        self.post("resource_create", body, f"multipart/form-data; boundary={mark}")

    def post(self, action: str, body: bytes, kind: str) -> Any:
        """The result of an action, called with this body."""
        headers = {"Authorization": self.token, "Content-Type": kind}
        with urlopen(Request(f"{self.url}/api/3/action/{action}", body, headers), timeout=120) as answer:  # noqa: S310
            return json.load(answer)["result"]


def rows(count: int) -> list[dict[str, Any]]:
    """Counts of birds."""
    chance = random.Random(count)  # noqa: S311
    return [
        {
            "date": f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "bird": chance.choice(BIRDS),
            "place": chance.choice(PLACES),
            "count": chance.randint(1, 40),
        }
        for _ in range(count)
    ]
