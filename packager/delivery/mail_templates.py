"""Composes the mails: from the templates under ``templates/mail/``, or from the settings where those are set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import escape

from packager.delivery import unsubscribe
from packager.models import Delivery, PackageRequest
from packager.presentation.query_summary import asked
from packager.presentation.status import Story

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
#: How much of a search or a filter a mail repeats, in characters.
LONGEST_WISH = 200


@dataclass(frozen=True, slots=True)
class Message:
    """A mail, ready to go."""

    subject: str
    text: str
    html: str
    sender: str
    headers: Mapping[str, str] = field(default_factory=dict)


def compose(delivery: Delivery) -> Message:
    """The mail for ``delivery``, in the language of its request."""
    with translation.override(delivery.request.language or settings.LANGUAGE_CODE):
        facts = _facts(delivery)
        context = {**_context(delivery.request), **facts}
        context |= {"doi_body": _doi("txt", facts), "doi_body_html": _doi("html", facts)}
        ready = delivery.subject == Delivery.Subject.READY
        return Message(
            subject=_one_line(_part("EMAIL_SUBJECT", ready, f"{delivery.subject}-subject.txt", context)),
            text=_part("EMAIL_BODY", ready, f"{delivery.subject}-body.txt", context),
            html=_part("EMAIL_BODY_HTML", ready, f"{delivery.subject}-body.html", context),
            sender=_one_line(fill(settings.PACKAGER_EMAIL_FROM, facts)),
            headers=_unsubscribe_headers(facts["stop_url"]),
        )


def _unsubscribe_headers(url: str) -> dict[str, str]:
    """RFC 2369 and RFC 8058: mail programs show a button of their own."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _facts(delivery: Delivery) -> dict[str, str]:
    """What the settings may refer to as ``{name}``."""
    request, package = delivery.request, delivery.request.package
    return {
        "resource_id": request.resource_id,
        "zip_file_name": package.file_name if package else "",
        "ckan_host": request.ckan_host,
        "doi": request.doi,
        "download_url": request.download_url,
        "status_url": request.status_url,
        "stop_url": unsubscribe.unsubscribe_url(delivery.address),
        "expires": date_format(package.expires_at, "DATE_FORMAT") if package else "",
        "rows": "" if package is None or package.rows is None else intcomma(package.rows),
        "size": filesizeformat(package.size) if package else "",
    }


def _context(request: PackageRequest) -> dict[str, Any]:
    """What our own templates tell besides."""
    story = Story(request)
    wishes = [(line.label, _cut(", ".join(line.values))) for line in asked(request)]
    return {"request": request, "package": request.package, "wanted": request, "story": story, "wishes": wishes}


def _cut(text: str) -> str:
    # anybody may give anybody's address: what they wrote is repeated, but not at length
    text = _one_line(text)
    return text if len(text) <= LONGEST_WISH else text[:LONGEST_WISH] + "…"


def _part(setting: str, ready: bool, template: str, context: Mapping[str, Any]) -> str:
    custom = getattr(settings, f"PACKAGER_{setting}") if ready else ""
    if custom:
        return fill(custom, context, escaped=setting.endswith("_HTML"))
    return _tidy(render_to_string(f"mail/{template}", dict(context)))


def _tidy(text: str) -> str:
    """At most one empty line at a time: what a template leaves out leaves none behind."""
    return re.sub(r"\n\s*\n\s*\n", "\n\n", text).strip() + "\n"


def _doi(kind: str, facts: Mapping[str, str]) -> str:
    if not facts["doi"]:
        return ""
    custom = settings.PACKAGER_DOI_BODY_HTML if kind == "html" else settings.PACKAGER_DOI_BODY
    return fill(custom, facts, escaped=kind == "html") if custom else render_to_string(f"mail/doi-body.{kind}", facts)


def fill(template: str, facts: Mapping[str, Any], *, escaped: bool = False) -> str:
    """``template`` with its ``{names}`` replaced; other braces stay. ``escaped`` values are fit for HTML.

    ``doi_body_html`` is HTML already and goes in as it is.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in facts:
            return found[0]
        return escape(facts[name]) if escaped and name != "doi_body_html" else str(facts[name])

    return _PLACEHOLDER.sub(value, template)


def _one_line(text: str) -> str:
    return " ".join(text.split())
