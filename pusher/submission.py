"""What CKAN posts, checked in the order in which DataPusher does. Its sentences are those that CKAN's people know."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from packager.errors import RequestError
from packager.intake.validation import short, storable
from packager.security.sites import allowed_hosts
from packager.streaming.addresses import AddressRule
from pusher.models import host_of

JOB_TYPES = ("push_to_datastore",)
KEYS = ("job_type", "data", "metadata", "result_url", "api_key")
NOT_JSON = "Not recognised as json, make sure content type is application/json"


class Refused(RequestError):
    """The job is not taken; the sentence is the answer, without a full stop, as DataPusher has it."""

    code = "push_refused"


@dataclass(frozen=True)
class Submission:
    """A job that can be taken."""

    job_id: str
    job_type: str
    api_key: str = field(repr=False)
    data: Any = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    result_url: str = ""

    @classmethod
    def new(cls, job_type: str, api_key: str, metadata: dict[str, Any]) -> Submission:
        """A job of our own, of which nobody is to be told."""
        return cls(str(uuid.uuid4()), job_type, api_key, metadata=metadata)

    def fields(self) -> dict[str, Any]:
        """The columns of the job's row that are known."""
        resource = self.metadata.get("resource_id")
        return {
            "job_id": self.job_id,
            "job_type": self.job_type,
            "data": self.data,
            "metadata": self.metadata,
            "result_url": self.result_url,
            "ckan_host": host_of(self.metadata.get("ckan_url")),
            "resource_id": resource if isinstance(resource, str) else "",
            "dry_run": self.metadata.get("dry_run") is True,
        }


def ckan_hosts() -> tuple[str, ...]:
    """The CKAN sites that are served: PUSHER_CKAN_HOSTS, else those that packages are made of. Empty: none is."""
    return tuple(settings.PUSHER_CKAN_HOSTS) or allowed_hosts()


def ckan_rule() -> AddressRule:
    """Where CKAN may be."""
    return AddressRule(ckan_hosts())


def read(body: bytes, job_id: str | None) -> Submission:
    """What was posted. Raises RequestError."""
    sent = _object(body)
    if extra := [name for name in sent if name not in KEYS]:
        raise Refused(f"Too many arguments. Extra keys are {', '.join(extra)}")
    result_url = sent.get("result_url") or ""
    if result_url and not str(result_url).startswith("http"):
        raise Refused("result_url has to start with http")
    _check_type(sent.get("job_type"))
    if not isinstance(sent.get("api_key"), str) or not sent["api_key"]:
        raise Refused("Please provide your API key.")
    metadata = sent.get("metadata", {})
    if not isinstance(metadata, dict):
        raise Refused("metadata has to be a json object")
    data = sent.get("data") or {}
    storable("api_key", sent["api_key"])
    _check_values(job_id or "", str(result_url), metadata, data)
    check_hosts(metadata, str(result_url))
    return Submission(job_id or str(uuid.uuid4()), sent["job_type"], sent["api_key"], data, metadata, str(result_url))


def _object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        raise Refused(NOT_JSON)
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("Malformed json") from None
    if not isinstance(sent, dict) or not sent:
        raise Refused(NOT_JSON)
    return sent


def _check_type(job_type: Any) -> None:
    if not job_type:
        raise Refused("Please specify a job type")
    if job_type not in JOB_TYPES:
        raise Refused(f"Job type {job_type} not available. Available job types are {', '.join(JOB_TYPES)}")


def _check_values(job_id: str, result_url: str, metadata: dict[str, Any], data: Any) -> None:
    """DataPusher kept whatever came. A column has an end, and nobody can show what goes hundreds of levels deep."""
    for name, value in (("job_id", job_id), ("metadata", metadata), ("data", data)):
        storable(name, value)
    for name, text, most in (("job_id", job_id, 255), ("result_url", result_url, 2000)):
        short(name, text, most)
    if isinstance(resource_id := metadata.get("resource_id"), str):
        short("resource_id", resource_id, 255)


def check_hosts(metadata: dict[str, Any], result_url: str) -> None:
    """Anybody may post, so that nothing is fetched or told before the sites are known to be ours. Raises Refused."""
    for name, url in (("ckan_url", metadata.get("ckan_url")), ("result_url", result_url)):
        if url and not (ckan_hosts() and ckan_rule().may_permit(str(url))):
            raise Refused(f"{name} is not one of the CKAN sites this portal serves")
