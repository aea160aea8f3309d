"""May this request be made? Every rule that it must pass, whichever door it came through."""

from __future__ import annotations

import json
from dataclasses import replace

from packager import assembly, plugins
from packager.delivery import webhook
from packager.errors import RequestError
from packager.intake import validation
from packager.models import Kind
from packager.security.sites import address_rule
from packager.submission import FIELDS, Submission

#: How long the JSON of a parameter and of an option may be, in characters. An EML document may come as an option.
LONGEST = {"filters": 100_000, "fields": 100_000, "q": 10_000}
LONGEST_PARAMETER, LONGEST_OPTION = 2_000, 500_000

#: Options that had another name before 1.0, by format: former name to name. Both are taken; of both the new one counts.
FORMER_OPTIONS = {"dwca": {"flavour": "dialect"}}


def check(submission: Submission) -> Submission:
    """The submission with the options of its format filled in, if it can be accepted.

    Raises:
        RequestError: what cannot be accepted; names the field.
    """
    check_lengths(submission)
    # where both names came, the new one counts
    names = {old: new for old, new in FORMER_OPTIONS.get(submission.format, {}).items() if old in submission.options}
    former = {new: submission.options[old] for old, new in names.items()}
    options = {**former, **{name: value for name, value in submission.options.items() if name not in names}}
    submission = replace(submission, options=options)
    submission = replace(submission, options=assembly.check_options(submission))
    check_address("resource_url" if submission.kind == Kind.URL else "api_url", submission.source_url)
    if submission.webhook_url:
        webhook.check_address(submission.webhook_url)
    for hook in ("validate_submission", "look_at_submission"):
        plugins.ask(hook, submission=submission)
    return submission


def check_address(field: str, url: str) -> None:
    """Raises RequestError if ``url`` can never be read from; names resolve only when the build connects."""
    if not address_rule().may_permit(url):
        raise RequestError(f"Parameter {field} is an address that this service may not read from", field=field)


def check_lengths(submission: Submission) -> None:
    """Raises RequestError for what does not fit into the tables, or could break a header."""
    for name, rule in FIELDS.items():
        if rule.most:
            validation.short(rule.api or name, getattr(submission, name), rule.most)
    given = [(name, value, LONGEST.get(name, LONGEST_PARAMETER)) for name, value in submission.parameters.items()]
    given += [(name, value, LONGEST_OPTION) for name, value in submission.options.items()]
    for name, value, most in given:
        if len(json.dumps(value, ensure_ascii=False)) > most:
            raise RequestError(f"Parameter {name} is longer than {most} characters", field=name)
