"""Turns the fields of forms and JSON bodies into values, for every door alike; each complaint names its field."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from packager.errors import RequestError
from packager.models import Kind
from packager.sentences import printable
from packager.submission import FIELDS
from packager.whole_numbers import whole_number

#: What ends a line, or controls, besides the characters below the blank.
_LINE_ENDS = "\x7f\x85\u2028\u2029"
#: How deep objects and lists may lie in one another. CKAN's own filters need three levels.
MOST_NESTED = 32


def required(name: str, value: Any) -> str:
    """``value`` as text. Raises RequestError if there is none."""
    text = optional(name, value)
    if not text:
        raise RequestError(f"Parameter {name} is required", field=name)
    return text


def optional(name: str, value: Any) -> str:
    """``value`` as text; empty if there is none."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RequestError(f"Parameter {name} must be text", field=name)
    return _storable(name, value)


def _storable(name: str, value: str) -> str:
    # neither databases nor UTF-8 take them
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise RequestError(f"Parameter {name} must not contain NUL characters or halves of surrogate pairs", field=name)
    return value


def nested_too_deeply(name: str) -> RequestError:
    """What is said of a value that goes deeper than ``MOST_NESTED``."""
    return RequestError(f"Parameter {name} is nested too deeply", field=name)


def no_repeats(pairs: list[tuple[str, Any]], field: str = "") -> dict[str, Any]:
    """The object of a JSON text, for ``object_pairs_hook``. Nobody could say which of two values was meant.

    Raises:
        RequestError: a name comes twice; ``field`` is at fault, or else that name.
    """
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = printable(Counter(name for name, _ in pairs).most_common(1)[0][0])
    problem = f"Parameter {field} has the name {twice} twice" if field else f"Parameter {twice} is given twice"
    raise RequestError(problem, field=field or twice)


def storable(name: str, value: Any, depth: int = 0) -> None:
    """Raises RequestError if ``value``, as JSON has it, holds what databases do not take, or goes too deep."""
    if isinstance(value, str):
        _storable(name, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise RequestError(f"Parameter {name} must not contain NaN, or numbers beyond 1.8e308", field=name)
    elif isinstance(value, dict | list):
        if depth >= MOST_NESTED:
            raise nested_too_deeply(name)
        for item in [*value, *(value.values() if isinstance(value, dict) else ())]:
            storable(name, item, depth + 1)


def short(name: str, value: str, most: int) -> str:
    """``value``. Raises RequestError if it has more than ``most`` characters, or any that control."""
    if len(value) > most:
        raise RequestError(f"Parameter {name} is longer than {most} characters", field=name)
    if any(letter < " " or letter in _LINE_ENDS for letter in value):
        raise RequestError(f"Parameter {name} must not contain line breaks or control characters", field=name)
    return value


def number(name: str, value: Any, *, cap: int | None = None) -> int | None:
    """A whole number, zero or more, and no more than ``cap``; None if there is none."""
    if value is None or value == "":
        return None
    try:
        found = whole_number(value)
    except ValueError:
        raise RequestError(f"Parameter {name} must be a whole number, zero or more", field=name) from None
    except OverflowError:
        if cap is None:
            raise RequestError(f"Parameter {name} is too large", field=name) from None
        return cap
    return found if cap is None else min(found, cap)


def point_in_time(name: str, value: Any) -> datetime | None:
    """A time, or the beginning of a day, as ISO 8601 has it, in UTC unless it says otherwise; None if there is none."""
    text = optional(name, value)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RequestError(f"Parameter {name} must be a date or a time such as 2026-11-20T08:00", field=name) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def truth(name: str, value: Any) -> bool | None:
    """true or false, in the ways in which CKAN writes them; None if there is none."""
    if value is None or value == "":
        return None
    words = {"true": True, "t": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "f": False, "no": False, "off": False, "0": False}
    try:
        return words[str(value).strip().lower()]
    except KeyError:
        raise RequestError(f"Parameter {name} must be true or false", field=name) from None


def json_object(name: str, value: Any) -> dict[str, Any]:
    """A JSON object, as text or parsed already; an empty one if there is none."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value, object_pairs_hook=partial(no_repeats, field=name))
        except RecursionError:
            raise nested_too_deeply(name) from None
        except ValueError:
            raise RequestError(f"Parameter {name} is not valid JSON", field=name) from None
    if not isinstance(value, dict):
        raise RequestError(f"Parameter {name} must be a JSON object", field=name)
    storable(name, value)
    return value


def names(name: str, value: Any) -> tuple[str, ...]:
    """Names, as a list, a JSON list or comma separated; empty if there are none."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
        except RecursionError:
            raise nested_too_deeply(name) from None
        except ValueError:
            raise RequestError(f"Parameter {name} is not a valid JSON list", field=name) from None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RequestError(f"Parameter {name} must be a list of names", field=name)
    return tuple(dict.fromkeys(_storable(name, item.strip()) for item in value if item.strip()))


def email_address(name: str, value: str) -> str:
    """An e-mail address, blanks around it cut off. Raises RequestError for anything else, line breaks included."""
    try:
        validate_email(value.strip())
    except ValidationError:
        raise RequestError(f"Parameter {name} is not a valid email address", field=name) from None
    return value.strip()


def http_address(name: str, value: str) -> str:
    """An http or https URL with a host and without a user name. Whether it may be fetched is another question."""
    short(name, value, 2000)
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        good = good and value.isprintable()
    except ValueError:
        good = False
    if not good or parts.username is not None or parts.password is not None:
        raise RequestError(f"Parameter {name} must be an http or https address", field=name)
    return value


def choice(name: str, value: str, known: Mapping[str, Any] | list[str]) -> str:
    """``value``. Raises RequestError if it is not among ``known``."""
    if value not in known:
        raise RequestError(f"Parameter {name} must be one of {', '.join(sorted(known))}", field=name)
    return value


#: How the values of ``Carried.reader`` read a text that is not empty.
READERS: Mapping[str, Callable[[str, str], str]] = {
    "text": lambda name, text: text,
    "email": email_address,
    "address": http_address,
    "language": lambda name, text: choice(name, text, dict(settings.LANGUAGES)),
}


def carried_fields(door: Literal["api", "legacy"], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a submission that this door reads as the list in ``packager.submission`` says, as far as given.

    Raises:
        RequestError: a value that cannot be used; names its field.
    """
    names = {name: getattr(rule, door) for name, rule in FIELDS.items() if getattr(rule, door)}
    texts = {name: optional(called, given.get(called)) for name, called in names.items()}
    return {name: READERS[FIELDS[name].reader](names[name], text) for name, text in texts.items() if text}


def table_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a submission for rows of the datastore has of its own. Raises RequestError, which names the field."""
    return {
        "kind": Kind.DATASTORE,
        "api_url": http_address("api_url", required("api_url", given.get("api_url"))),
        "parameters": query_parameters(given),
        "format": optional("format", given.get("format")).lower() or "csv",
    }


def file_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a submission for a file has of its own. Raises RequestError, which names the field."""
    url = required("resource_url", given.get("resource_url"))
    return {"kind": Kind.URL, "resource_url": http_address("resource_url", url), "format": ""}


def query_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters for CKAN out of a form or JSON body; those that were not given are left out.

    Raises:
        RequestError: a value that cannot be used; names its field.
    """
    q = given.get("q")
    found = {
        "filters": json_object("filters", given.get("filters")),
        "q": json_object("q", q) if isinstance(q, dict) else optional("q", q),
        "plain": truth("plain", given.get("plain")),
        "language": optional("language", given.get("language")),
        "fields": list(names("fields", given.get("fields"))),
        "sort": optional("sort", given.get("sort")).strip(),
        "limit": number("limit", given.get("limit")),
        "offset": number("offset", given.get("offset")),
    }
    return {name: value for name, value in found.items() if value not in (None, "", {}, [])}
