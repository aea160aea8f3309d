"""May this request be made? What form and body ask of CKAN, and every rule that a request must pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from packager import assembly, plugins
from packager.delivery import webhook
from packager.errors import RequestError
from packager.intake import validation
from packager.models import Kind
from packager.security.sites import address_rule
from packager.submission import Submission

#: Options that had another name before 1.0, by format: former name to name. Both are taken; of both the new one counts.
FORMER_OPTIONS = {"dwca": {"flavour": "dialect"}}


def check(submission: Submission) -> Submission:
    """The submission with the options of its format filled in, if it can be accepted.

    Raises:
        RequestError: what cannot be accepted; names the field.
    """
    check_lengths(submission)
    options = _renamed(submission.format, submission.options)
    submission = replace(submission, options=assembly.check_options(submission.kind, submission.format, options))
    check_address("resource_url" if submission.kind == Kind.URL else "api_url", submission.source_url)
    if submission.webhook_url:
        webhook.check_address(submission.webhook_url)
    for hook in ("validate_submission", "look_at_submission"):
        plugins.ask(hook, submission=submission)
    return submission


def _renamed(format: str, options: Mapping[str, Any]) -> dict[str, Any]:
    # where both names came, the new one counts
    names = {old: new for old, new in FORMER_OPTIONS.get(format, {}).items() if old in options}
    former = {new: options[old] for old, new in names.items()}
    return {**former, **{name: value for name, value in options.items() if name not in names}}


def check_address(field: str, url: str) -> None:
    """Raises RequestError if ``url`` can never be read from; names resolve only when the build connects."""
    if not address_rule().may_permit(url):
        raise RequestError(f"Parameter {field} is not an address that this service may read from", field=field)


def check_lengths(submission: Submission) -> None:
    """Raises RequestError for what does not fit into the tables, or could break a header."""
    validation.short("resource_id", submission.resource_id, 255)
    validation.short("doi", submission.doi, 255)
    if len(json.dumps(submission.parameters)) > 100_000:
        raise RequestError("The parameters of the query are too long", field="filters")


def query_parameters(form: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters for CKAN out of a form or JSON body; those that were not given are left out.

    Raises:
        RequestError: a value that cannot be used; names its field.
    """
    found = {
        "filters": validation.json_object("filters", form.get("filters")),
        "q": _full_text(form.get("q")),
        "plain": validation.truth("plain", form.get("plain")),
        "language": validation.optional("language", form.get("language")),
        "fields": list(validation.names("fields", form.get("fields"))),
        "sort": validation.optional("sort", form.get("sort")).strip(),
        "limit": validation.whole_number("limit", form.get("limit")),
        "offset": validation.whole_number("offset", form.get("offset")),
    }
    return {name: value for name, value in found.items() if value not in (None, "", {}, [])}


def _full_text(value: Any) -> Any:
    if isinstance(value, dict):
        return validation.json_object("q", value)
    return validation.optional("q", value)
