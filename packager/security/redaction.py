"""Log lines without secrets: what looks like an address or a key is taken out, also from tracebacks."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

#: What stands where a secret was.
HIDDEN = "[hidden]"
#: No line of a log is longer, in characters: what foreign text goes into one is cut off.
LONGEST_LINE = 20_000

# Foreign text comes through here, so each pattern looks at a letter a bounded number of times: it starts where a run of
# its letters starts, and takes a run whole or not at all (``++``).
_ADDRESS = re.compile(
    r"""(?<![\w.+%-])(?:[\w.+-]|%(?!40))++(?:@|%40)[\w-]++(?:[\w.+%@-]*[\w%+-])?""",
)
_AUTHORIZATION = re.compile(r"(?i)\b(authorization['\"]?\s{0,9}[:=]\s{0,9}['\"]?)[^'\"\r\n,}]++")
_BEARER = re.compile(r"(?i)\b(bearer|basic|token)\s++[\w.~+/=-]{8,}+")
_NAMED = re.compile(
    r"(?i)\b(secret|password|passwd|api[_-]?key|key|token|dsn)(['\"]?\s{0,9}[:=]\s{0,9}['\"]?)[^\s'\",&}]++"
)
_ISSUED = re.compile(r"(?<![\w-])(?:pp_|whsec_|eyJ)[\w.-]{16,}+")
_LINK = re.compile(r"(/(?:requests|download|mails)/)[\w:-]{20,}+")
_SIGNED = re.compile(
    r"(?i)\b(X-Amz-(?:Credential|Signature|Security-Token)=|AWS_[A-Z_]{1,40}\s{0,9}=\s{0,9})[^\s'\",&]++"
)
_USER = re.compile(r"(\w{2,12}://)[^\s/@'\"]{1,300}+@")
_PATTERNS = (
    (_USER, r"\1[hidden]@"),
    (_ADDRESS, "[address]"),
    (_AUTHORIZATION, r"\1[hidden]"),
    (_NAMED, r"\1\2[hidden]"),
    (_BEARER, r"\1 [hidden]"),
    (_ISSUED, "[token]"),
    (_LINK, r"\1[token]"),
    (_SIGNED, r"\1[hidden]"),
)


#: Shorter ones may be words.
SHORTEST = 8
_hidden: set[str] = set()


@contextmanager
def hiding() -> Iterator[None]:
    """What ``hide`` is told in here is taken out of everything that this process writes meanwhile."""
    try:
        yield
    finally:
        _hidden.clear()


def hide(secret: str) -> None:
    """A secret by itself, which looks like nothing in particular."""
    if len(secret) >= SHORTEST:
        _hidden.add(secret)


def redact(text: str) -> str:
    """``text`` without e-mail addresses, API keys, tokens and secrets."""
    for secret in tuple(_hidden):
        text = text.replace(secret, HIDDEN)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats a record as usual, then redacts the whole line, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, redacted; of a very long one the beginning."""
        return redact(super().format(record)[:LONGEST_LINE])
