"""``manage.py rotate_keys``: what is encrypted, after a change of SECRET_KEY."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from packager.lifecycle import key_rotation
from packager.management.base import Facts, ReportCommand


class Command(ReportCommand):
    """Brings keys and unsubscribed addresses over to the new SECRET_KEY."""

    help = (
        "Run this after SECRET_KEY has changed, with the old one in SECRET_KEY_FALLBACKS: it encrypts the keys of "
        "requests and the secrets of webhooks with the new one, and brings unsubscribed addresses over to it. It does "
        "no harm at any other time."
    )

    def facts(self, **_: Any) -> Facts:
        """See ``ReportCommand``."""
        return asdict(key_rotation.rotate())

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        lines = [f"Keys re-encrypted: {facts['renewed']}. Unsubscribed addresses brought over: {facts['recognised']}."]
        if facts["unreadable"]:
            lines.append(
                f"Keys that no SECRET_KEY can decrypt: {facts['unreadable']}. Their requests need the key again."
            )
        if facts["unknown"]:
            lines.append(
                f"Unsubscribed addresses that cannot be brought over: {facts['unknown']}. Those from before the change "
                "stay unsubscribed only while the old key is in SECRET_KEY_FALLBACKS."
            )
        return "\n".join(lines)
