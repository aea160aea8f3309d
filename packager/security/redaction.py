"""Log lines without secrets: what looks like an address or a key is taken out, also from tracebacks."""

from __future__ import annotations

import logging
import re

_PATTERNS = (
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*"), "[address]"),
    (
        re.compile(
            r"(?i)\b(authorization|bearer|secret|password|api[_-]?key|key|token)(['\"]?\s*[:=]\s*['\"]?)[^\s'\",&}]+"
        ),
        r"\1\2[hidden]",
    ),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), "[token]"),
    (re.compile(r"(/(?:requests|download|mails)/)[\w:-]{20,}"), r"\1[token]"),
)


def redact(text: str) -> str:
    """``text`` without e-mail addresses, API keys, tokens and secrets."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats a record as usual, then redacts the whole line, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, redacted."""
        return redact(super().format(record))
