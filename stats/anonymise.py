"""Addresses as the statistics keep them: plain, or as the hash that ckanpackager made of them.

The recipe is that of ``ckanpackager/lib/statistics.py`` (0.4), so that statistics taken over from it go on counting
the same people: bcrypt at cost 12, with a salt made from the domain. Whoever holds an address can hash it and look
for it; the hash hides addresses from readers of the database, no more than that.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

import bcrypt
from django.conf import settings

ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HASHED = re.compile(r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}")
BCRYPT_INPUT_BYTES = 72


def is_hashed(address: str) -> bool:
    """Whether this is a hash already."""
    return HASHED.fullmatch(address) is not None


def domain_of(address: str) -> str:
    """The domain of a plain address, in lower case; empty for a hash or where there is none."""
    _, at, domain = address.rpartition("@")
    return domain.strip().lower() if at and not is_hashed(address) else ""


def hash_email(address: str) -> str:
    """The hash of a plain address (lower case counts); a hash, and nothing, come back as they are."""
    if not address or is_hashed(address):
        return address
    return _hash(address.lower())


# A hash takes a quarter of a second by design; the same people come again and again.
@lru_cache(maxsize=4096)
def _hash(address: str) -> str:
    """With a salt of 22 characters from the domain, or from all of the text where it has no ``@``.

    The last character holds two bits of salt only, and bcrypt 5 refuses it when others are set. ``+`` (which base64
    gives for text beyond ASCII, and bcrypt does not know) becomes ``.``; the original could not hash such addresses.
    """
    domain = address[address.find("@") + 1 :]
    text = base64.b64encode(domain.zfill(18).encode())[:22].decode().replace("+", ".")
    salt = "$2b$12$" + text[:21] + ALPHABET[ALPHABET.index(text[21]) & 0x30]
    return bcrypt.hashpw(address.encode()[:BCRYPT_INPUT_BYTES], salt.encode()).decode()


def kept(address: str) -> str:
    """An address as it may be stored under ``PACKAGER_ANONYMIZE_EMAILS``."""
    return hash_email(address) if settings.PACKAGER_ANONYMIZE_EMAILS else address


class AddressHolder(Protocol):
    """Somewhere addresses are stored."""

    name: str

    def plain(self) -> Iterable[str]:
        """The distinct plain addresses stored there."""
        ...

    def replace(self, address: str, hashed: str) -> int:
        """Put the hash where the address is; returns the number of rows changed."""
        ...


#: Every place with addresses that was registered.
holders: list[AddressHolder] = []


def register(holder: AddressHolder) -> None:
    """Let ``anonymize`` know of a place with addresses; a holder of the same name takes the place of the first."""
    holders[:] = [known for known in holders if known.name != holder.name] + [holder]


def anonymise(holder: AddressHolder) -> tuple[int, int]:
    """Put hashes where plain addresses are; returns the number of addresses, and of rows changed."""
    rows = [holder.replace(address, hash_email(address)) for address in holder.plain()]
    return len(rows), sum(rows)
