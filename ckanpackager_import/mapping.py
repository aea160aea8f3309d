"""What the settings of ckanpackager are called here, and what they are worth here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ckanpackager_import.old_settings import OldSettings

PUBLISHED_SECRET = "8ba6d280d4ce9a416e9b604f3f0ebb"  # noqa: S105 - the one in the original's example file
LINK = re.compile(r"(?:https?://)?[^\s\"'<>()]*\{zip_file_name\}")
SMTP = ("SMTP_HOST", "SMTP_PORT", "SMTP_LOGIN", "SMTP_PASSWORD")
#: Definition files that the original ships, and the built-in extension that is the same.
BUILT_IN = {
    "dwc_occurrence.xml": "Occurrence",
    "dwc_taxon.xml": "Taxon",
    "multimedia.xml": "Multimedia",
    "measurements_or_facts.xml": "MeasurementOrFact",
}
NOT_HERE = {
    "STATS_DB": "import its records with --statistics; the portal's own database is DATABASE_URL",
    "HOST": "use gunicorn --bind",
    "PORT": "use gunicorn --bind",
    "WORKERS": "use PACKAGER_FAST_WORKERS and PACKAGER_SLOW_WORKERS",
    "REQUESTS_PER_WORKER": "workers are replaced automatically",
    "ZIP_COMMAND": "the portal writes ZIP files itself",
    "DWC_EXTENSION_PATHS": "set PACKAGER_DWC_CORE_EXTENSION and PACKAGER_DWC_ADDITIONAL_EXTENSIONS",
}
TO_SET = ("SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL", "PACKAGER_CKAN_HOSTS")


@dataclass
class Mapped:
    """``values`` for the new ``.env``, by our names; ``left`` behind and ``notes`` by the old names, as sentences."""

    values: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    to_set: tuple[str, ...] = TO_SET

    def note(self, name: str, sentence: str) -> None:
        """Add something to know about an old setting."""
        self.notes[name] = "; ".join(filter(None, (self.notes.get(name), sentence)))


class Unfit(Exception):
    """A value that the portal cannot use; the text says why."""


def map_settings(old: OldSettings) -> Mapped:
    """Everything the old file says, under our names or with the reason why not."""
    mapped = Mapped(left=dict(old.unread), notes=dict(old.notes))
    for name, value in old.values.items():
        if name in RULES:
            _map(mapped, name, value)
        elif name in NOT_HERE:
            mapped.left[name] = NOT_HERE[name]
        elif name.isupper() and name not in SMTP:
            mapped.left[name] = "the portal has no such setting"
    _map_mail(mapped, {name: old.values[name] for name in SMTP if name in old.values})
    mapped.notes = {name: note for name, note in mapped.notes.items() if name.isupper() and name not in mapped.left}
    return mapped


def _map(mapped: Mapped, name: str, value: Any) -> None:
    new_name, convert = RULES[name]
    try:
        mapped.values[new_name] = convert(mapped, name, value)
    except Unfit as unfit:
        mapped.left[name] = str(unfit)


def _text(mapped: Mapped, name: str, value: Any) -> str:
    del mapped, name
    if not isinstance(value, str):
        raise Unfit("it is not text")
    if not value:
        raise Unfit("it is empty; the portal's default applies")
    # Line ends can be written into an .env file, these cannot.
    if len(value.replace("\n", "").splitlines()) > 1 or "\0" in value:
        raise Unfit("it has a control character that an .env file cannot hold")
    return value


def _line(mapped: Mapped, name: str, value: Any) -> str:
    text = _text(mapped, name, value)
    if "\n" in text:
        raise Unfit("it has more than one line")
    return text


def _secret(mapped: Mapped, name: str, value: Any) -> str:
    if value == PUBLISHED_SECRET:
        mapped.note(name, "this secret is published in ckanpackager's example file: change it, here and in CKAN")
    return _line(mapped, name, value)


def _flag(mapped: Mapped, name: str, value: Any) -> str:
    if name == "DEBUG" and value:
        mapped.note(name, "debug pages show internals: remove this before the portal is reachable")
    return "true" if value else "false"


def _whole(least: int) -> Callable[[Mapped, str, Any], str]:
    def convert(mapped: Mapped, name: str, value: Any) -> str:
        del mapped, name
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise Unfit(f"it is not a whole number, {least} or more")
        return str(number)

    return convert


def _broker(mapped: Mapped, name: str, value: Any) -> str:
    text = _line(mapped, name, value)
    if not text.startswith(("redis://", "rediss://")):
        raise Unfit("the portal's queue lives in its database, or in Redis (redis://...)")
    mapped.note(name, "remove this line to keep the queue in the database, without Redis")
    return text


def _body(mapped: Mapped, name: str, value: Any) -> str:
    text, replaced = LINK.subn("{download_url}", _text(mapped, name, value))
    if replaced:
        mapped.note(name, "the link to the package is now {download_url}, because the portal serves packages itself")
    return text


def _sender(mapped: Mapped, name: str, value: Any) -> str:
    text = _line(mapped, name, value)
    if "@" not in text:
        raise Unfit("it is not an address")
    return text


def _extension(mapped: Mapped, name: str, value: Any) -> str:
    path = _line(mapped, name, value)
    if Path(path).is_file():
        return path
    built_in = BUILT_IN.get(path.rpartition("/")[2])
    if built_in:
        mapped.note(name, f"{path} is not on this machine; the built-in {built_in} is used")
        return built_in
    mapped.note(name, f"{path} is not on this machine: copy it here")
    return path


def _extensions(mapped: Mapped, name: str, value: Any) -> str:
    if not isinstance(value, list):
        raise Unfit("it is not a list")
    paths = [_extension(mapped, name, path) for path in value]
    if not paths:
        raise Unfit("it is empty; the portal's default applies")
    if any("," in path for path in paths):
        raise Unfit("one of the paths has a comma in it")
    return ",".join(paths)


def _extension_fields(mapped: Mapped, name: str, value: Any) -> str:
    if not isinstance(value, dict) or not all(isinstance(entry, dict) for entry in value.values()):
        raise Unfit("it is not a dictionary of dictionaries")
    fields = {
        key: {**entry, "extension": _extension(mapped, name, entry.get("extension"))} for key, entry in value.items()
    }
    try:
        return json.dumps(fields, ensure_ascii=True)
    except (TypeError, ValueError):
        raise Unfit("it cannot be written as JSON") from None


def _map_mail(mapped: Mapped, old: dict[str, Any]) -> None:
    if not old:
        return
    host, port = str(old.get("SMTP_HOST") or "localhost"), old.get("SMTP_PORT") or 25
    if not re.fullmatch(r"[\w.:-]+", host) or not str(port).isdecimal():
        mapped.left.update(dict.fromkeys(old, "this is not the name and port of a mail server"))
        return
    login, password = str(old.get("SMTP_LOGIN") or ""), str(old.get("SMTP_PASSWORD") or "")
    user = f"{quote(login, safe='')}:{quote(password, safe='')}@" if login else ""
    mapped.values["EMAIL_URL"] = f"smtp://{user}{f'[{host}]' if ':' in host else host}:{port}"
    for name in old:
        mapped.note(name, "part of EMAIL_URL; write smtp+tls:// there if the mail server offers TLS")


Rule = tuple[str, Callable[[Mapped, str, Any], str]]
RULES: dict[str, Rule] = {
    "DEBUG": ("DEBUG", _flag),
    "SECRET": ("PACKAGER_SECRET", _secret),
    "CELERY_BROKER": ("PACKAGER_BROKER_URL", _broker),
    "STORE_DIRECTORY": ("PACKAGER_STORE_DIRECTORY", _line),
    "TEMP_DIRECTORY": ("PACKAGER_TEMP_DIRECTORY", _line),
    "CACHE_TIME": ("PACKAGER_CACHE_TIME", _whole(0)),
    "PAGE_SIZE": ("PACKAGER_PAGE_SIZE", _whole(1)),
    "SLOW_REQUEST": ("PACKAGER_SLOW_REQUEST", _whole(0)),
    "SUCCESS_MESSAGE": ("PACKAGER_SUCCESS_MESSAGE", _line),
    "EMAIL_SUBJECT": ("PACKAGER_EMAIL_SUBJECT", _line),
    "EMAIL_FROM": ("PACKAGER_EMAIL_FROM", _sender),
    "EMAIL_BODY": ("PACKAGER_EMAIL_BODY", _body),
    "EMAIL_BODY_HTML": ("PACKAGER_EMAIL_BODY_HTML", _body),
    "DOI_BODY": ("PACKAGER_DOI_BODY", _text),
    "DOI_BODY_HTML": ("PACKAGER_DOI_BODY_HTML", _text),
    "ANONYMIZE_EMAILS": ("PACKAGER_ANONYMIZE_EMAILS", _flag),
    "DWC_ID_FIELD": ("PACKAGER_DWC_ID_FIELD", _line),
    "DWC_CORE_EXTENSION": ("PACKAGER_DWC_CORE_EXTENSION", _extension),
    "DWC_ADDITIONAL_EXTENSIONS": ("PACKAGER_DWC_ADDITIONAL_EXTENSIONS", _extensions),
    "DWC_DYNAMIC_TERM": ("PACKAGER_DWC_DYNAMIC_TERM", _line),
    "DWC_EXTENSION_FIELDS": ("PACKAGER_DWC_EXTENSION_FIELDS", _extension_fields),
    "SENTRY_DSN": ("SENTRY_DSN", _line),
}
