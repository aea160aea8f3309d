"""Composes the mails: from the templates under ``templates/mail/``, or from the settings where those are set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.text import Truncator

from packager.delivery import unsubscribe
from packager.models import Delivery, PackageRequest
from packager.presentation.news import news_of
from packager.presentation.query_summary import query_summary
from packager.presentation.status import status_of

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_GAP = re.compile(r"\n(?:[^\S\n]*+\n){2,}+")
#: As many requests as a digest lists, and its templates.
MOST_LISTED, PARTS = 50, ("subject.txt", "body.txt", "body.html")
#: How much of a search or a filter a mail repeats, in characters.
LONGEST_TEXT = 200
#: The same for the title of the resource, which stands in the subject.
LONGEST_NAME = 100


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
    with translation.override(delivery.about.language or settings.LANGUAGE_CODE):
        texts = _texts(delivery)
        context = _context(delivery.about)
        return _message(
            texts,
            subject=_subject(delivery, texts, context),
            text=_part("EMAIL_BODY", "body.txt", delivery, texts, context),
            html=_part("EMAIL_BODY_HTML", "body.html", delivery, texts, context),
        )


def compose_digest(deliveries: Sequence[Delivery]) -> Message:
    """One mail for all of them, in the language of the first: what each would have had as its subject, and its page."""
    with translation.override(deliveries[0].about.language or settings.LANGUAGE_CODE):
        texts = _texts(deliveries[0])
        subjects = [_subject(told, _texts(told), _context(told.about)) for told in deliveries[:MOST_LISTED]]
        listed = [(subject, told.about.status_url) for subject, told in zip(subjects, deliveries, strict=False)]
        context = {**texts, "count": len(deliveries), "listed": listed, "more": len(deliveries) - len(listed)}
        parts = [_squeezed(render_to_string(f"mail/digest-{part}", context)) for part in PARTS]
        return _message(texts, _one_line(parts[0]), *parts[1:])


def _message(texts: Mapping[str, str], subject: str, text: str, html: str) -> Message:
    sender = _one_line(fill(settings.PACKAGER_EMAIL_FROM, texts))
    # RFC 2369 and RFC 8058: mail programs show a button of their own
    headers = {"List-Unsubscribe": f"<{texts['stop_url']}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Message(subject, text, html, sender, headers)


def _subject(delivery: Delivery, texts: Mapping[str, str], context: Mapping[str, Any]) -> str:
    return _one_line(_part("EMAIL_SUBJECT", "subject.txt", delivery, texts, context))


def _texts(delivery: Delivery) -> dict[str, str]:
    """What the settings may refer to as ``{name}``."""
    request, package = delivery.about, delivery.about.package
    texts = {
        "resource_id": request.resource_id,
        "resource_title": request.resource_label,
        "dataset_title": request.dataset_title,
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
    return {**texts, "doi_body": _doi("txt", texts), "doi_body_html": _doi("html", texts)}


def _context(request: PackageRequest) -> dict[str, Any]:
    """What our own templates show besides."""
    lines = [(line.label, _one_line(", ".join(line.values))) for line in query_summary(request)]
    return {
        "package_request": request,
        "package": request.package,
        "news": news_of(request),
        "name": Truncator(request.resource_name).chars(LONGEST_NAME),
        "status": status_of(request),
        # anybody may give anybody's address: what they wrote is repeated, but not at length
        "query": [(label, Truncator(text[: 2 * LONGEST_TEXT]).chars(LONGEST_TEXT)) for label, text in lines],
    }


def _part(setting: str, suffix: str, delivery: Delivery, texts: Mapping[str, str], context: Mapping[str, Any]) -> str:
    custom = getattr(settings, f"PACKAGER_{setting}") if delivery.subject == Delivery.Subject.READY else ""
    if custom:
        return fill(custom, texts, escaped=setting.endswith("_HTML"))
    return _squeezed(render_to_string(f"mail/{delivery.subject}-{suffix}", {**context, **texts}))


def _squeezed(text: str) -> str:
    # what a template leaves out leaves no empty lines behind
    return _GAP.sub("\n\n", text).strip() + "\n"


def _doi(kind: str, texts: Mapping[str, str]) -> str:
    if not texts["doi"]:
        return ""
    custom = settings.PACKAGER_DOI_BODY_HTML if kind == "html" else settings.PACKAGER_DOI_BODY
    return fill(custom, texts, escaped=kind == "html") if custom else render_to_string(f"mail/doi-body.{kind}", texts)


def fill(template: str, texts: Mapping[str, str], *, escaped: bool = False) -> str:
    """``template`` with its ``{names}`` replaced; other braces stay. ``escaped`` values are fit for HTML.

    ``doi_body_html`` is HTML already and goes in as it is.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in texts:
            return found[0]
        return escape(texts[name]) if escaped and name != "doi_body_html" else texts[name]

    return _PLACEHOLDER.sub(value, template)


def _one_line(text: str) -> str:
    return " ".join(text.split())
