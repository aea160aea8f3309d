"""Keeps a requester's CKAN key between the request and the build, so that the database alone does not give it away."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def _secret(purpose: str) -> bytes:
    # "packager.vault" and the purposes ("seal", "mark", "address") are part of every key in use: with other words
    # nothing that is kept could be decrypted, and no address that wants no mail would be known
    return hashlib.sha256(f"packager.vault:{purpose}:{settings.SECRET_KEY}".encode()).digest()


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_secret("seal")))


def encrypt(key: str | None) -> str:
    """``key`` encrypted with SECRET_KEY; empty for no key."""
    return _fernet().encrypt(key.encode()).decode() if key else ""


def decrypt(encrypted: str) -> str | None:
    """The key again; None if there was none, or if SECRET_KEY has changed since."""
    if not encrypted:
        return None
    try:
        return _fernet().decrypt(encrypted.encode()).decode()
    except InvalidToken:
        return None


def mark(key: str | None) -> str:
    """A name for ``key`` that tells two keys apart and gives neither away; empty for no key."""
    return hmac.new(_secret("mark"), key.encode(), hashlib.sha256).hexdigest() if key else ""


def address_mark(address: str) -> str:
    """A name for an e-mail address, the same for upper and lower case, that does not give it away."""
    return hmac.new(_secret("address"), address.strip().lower().encode(), hashlib.sha256).hexdigest()
