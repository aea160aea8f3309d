"""Keeps a requester's CKAN key between the request and the build, so that the database alone does not give it away.

Everything follows from SECRET_KEY. After a change of it, what SECRET_KEY_FALLBACKS lists is still read and recognised;
``manage.py rotate_keys`` brings it over to the new key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def _secrets(purpose: str) -> list[bytes]:
    """One for each SECRET_KEY, that of today first."""
    # "packager.vault" and the purposes ("seal", "mark", "address") are part of every key in use: with other words
    # nothing that is kept could be decrypted, and no address that wants no mail would be known
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hashlib.sha256(f"packager.vault:{purpose}:{key}".encode()).digest() for key in keys]


def _fernets() -> list[Fernet]:
    return [Fernet(base64.urlsafe_b64encode(secret)) for secret in _secrets("seal")]


def encrypt(key: str | None) -> str:
    """``key`` encrypted with SECRET_KEY; empty for no key."""
    return _fernets()[0].encrypt(key.encode()).decode() if key else ""


def decrypt(encrypted: str) -> str | None:
    """The key again; None if there was none, or if no SECRET_KEY that is still known encrypted it."""
    if not encrypted:
        return None
    try:
        return MultiFernet(_fernets()).decrypt(encrypted.encode()).decode()
    except InvalidToken:
        return None


def is_current(encrypted: str) -> bool:
    """Whether today's SECRET_KEY encrypted it."""
    try:
        _fernets()[0].decrypt(encrypted.encode())
    except InvalidToken:
        return False
    return True


def mark(text: str | None) -> str:
    """A name for ``text`` (a key, say) that tells two apart and gives neither away; empty for none."""
    return _marks("mark", text)[0] if text else ""


def is_mark(known: str, text: str) -> bool:
    """Whether ``known`` is the mark of ``text``, of today or from before a change of SECRET_KEY."""
    return any(hmac.compare_digest(known, found) for found in _marks("mark", text))


def address_marks(address: str) -> list[str]:
    """Names for an e-mail address, the same for upper and lower case, that do not give it away; today's first."""
    return _marks("address", address.strip().lower())


def _marks(purpose: str, text: str) -> list[str]:
    return [hmac.new(secret, text.encode(), hashlib.sha256).hexdigest() for secret in _secrets(purpose)]
