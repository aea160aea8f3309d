"""The sample request: asks the portal for a package as CKAN's extension does, and follows it to the mail."""

from __future__ import annotations

import email
import email.policy
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from demo.page import post_form
from demo.processes import StartFailed

SEPARATOR = b"\n" + b"-" * 79 + b"\n"  # between the messages of one file; Django's file mail backend


class SamplePush:
    """The push of a file of the sample CKAN, begun with its button."""

    def __init__(self, ckan: str, resource_id: str) -> None:
        status, text = post_form(f"{ckan}/demo/push", {"resource_id": resource_id})
        if status != 200:
            raise StartFailed(f"The portal refused the sample push ({status}): {text[:1000]}")
        self._ckan = ckan

    def ended(self) -> bool:
        """Whether CKAN has heard how it ended.

        Raises:
            StartFailed: badly.
        """
        page = fetch(f"{self._ckan}/")
        if "Last push: error" in page:
            raise StartFailed("The sample push failed; the admin says why.")
        return "Last push: complete" in page


@dataclass(slots=True)
class Sample:
    """A request under way. ``mail`` is the directory to find its mail in; None if mail goes elsewhere."""

    status_url: str
    mail: Path | None
    mail_file: Path | None = None
    download_url: str = ""

    @classmethod
    def submit(cls, portal: str, fields: dict[str, str], mail: Path | None) -> Self:
        """Ask for a package.

        Raises:
            StartFailed: the portal did not accept the request.
        """
        status, text = post_form(f"{portal}/package_datastore", fields)
        if status != 200:
            raise StartFailed(f"The portal refused the sample request ({status}): {text[:1000]}")
        return cls(json.loads(text)["status_url"], mail)

    def arrived(self) -> bool:
        """Whether the package is there to be downloaded, and the mail has been sent.

        Raises:
            StartFailed: the mail says that it went wrong.
        """
        self.download_url = self.download_url or _link(fetch(self.status_url))
        if self.mail is None:
            return bool(self.download_url)
        return self._mailed()

    def _mailed(self) -> bool:
        for path in sorted(self.mail.iterdir() if self.mail else ()):
            text = next((text for text in messages(path) if self.status_url in text), "")
            if text:
                self.mail_file, self.download_url = path, self.download_url or _link(text)
                if not self.download_url:
                    raise StartFailed(f"The sample request failed. Its mail, {path}, says:\n\n{text}")
                return True
        return False


def messages(path: Path) -> list[str]:
    """The plain texts of the messages in a file of Django's file mail backend."""
    parts = (part for part in path.read_bytes().split(SEPARATOR) if part.strip())
    return [_plain(part) for part in parts]


def _plain(raw: bytes) -> str:
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
    return str(body.get_content()) if body else ""


def _link(text: str) -> str:
    found = re.search(r"https?://[^\s\"'<>]+/download/[^\s\"'<>]+", text)
    return found[0] if found else ""


def fetch(url: str) -> str:
    """A page; empty while it cannot be had."""
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310  (the address is our own portal's)
            return answer.read().decode()
    except (URLError, OSError):
        return ""
