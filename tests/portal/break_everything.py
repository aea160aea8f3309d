"""Breaks in one place after the other, as nobody expects, and prints what those who met it were told.

Run as a process of its own, since the tracker changes how Django works. The words that must not get out stand in
everything that a fault has with it.
"""

from __future__ import annotations

import json
import os
import re
from multiprocessing import get_context
from typing import Any

from django.core.management import call_command
from django.test import Client

from packager.lifecycle import builds, requests
from packager.models import PackageError
from packager.requester import views
from packager.security import api_keys
from tests.packager.rows import make

#: Not written down here: the code of a traceback is sent along.
ADDRESS, KEY = os.environ["WORDS"].split()
SECRET_TEXT = f"no mail to {ADDRESS}, Authorization: Bearer {KEY}, key={KEY}"


def fail(*_: Any, **__: Any) -> Any:
    api_key, email, given = KEY, ADDRESS, {"key": KEY, "email": ADDRESS}
    raise RuntimeError(f"{SECRET_TEXT} {given if api_key and email else ''}")


def page(token: str) -> str:
    views.query_summary = fail  # type: ignore[assignment]
    answer = Client(raise_request_exception=False).get(f"/requests/{token}/")
    return re.findall(r"PP-\w{8}", answer.content.decode())[0]


def legacy() -> str:
    form = {"secret": os.environ["PACKAGER_SECRET"], "email": ADDRESS, "key": KEY, "resource_id": "birds"}
    answer = Client().post(
        "/package_datastore", {**form, "api_url": "https://data.example.org/api/action/datastore_search"}
    )
    return str(answer.json()["reference"])


def modern() -> str:
    client = Client(headers={"Authorization": f"Bearer {api_keys.issue('a test').text}"})
    body = {"resource_id": "birds", "api_url": "https://data.example.org/x", "email": ADDRESS, "key": KEY}
    return str(client.post("/api/v1/requests/", body, content_type="application/json").json()["reference"])


def build() -> None:
    """In a fork that ends at once, as the workers of a cluster are."""
    builds._stream = fail
    (request,) = make(1, "queued", email=ADDRESS, fingerprint="a build")
    builds.build_next(request.queue)


def main() -> None:
    """Break, and print the references that were told."""
    call_command("migrate", verbosity=0)
    (request,) = make(1, "succeeded", email=ADDRESS)
    told = [page(request.token)]
    requests.submit = fail
    told += [legacy(), modern()]
    worker = get_context("fork").Process(target=build)
    worker.start()
    worker.join()
    told.append(PackageError.objects.get().reference)
    print(json.dumps(told))
