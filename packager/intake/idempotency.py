"""Whose request it is, and how the same call, made twice, makes one request.

``Idempotency-Key`` as in draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from packager.errors import IdempotencyMismatch
from packager.models import PackageRequest
from packager.security import encryption
from packager.security.api_keys import ApiKey


@dataclass(frozen=True, slots=True)
class Owner:
    """The API key that a request comes with.

    ``idempotency_key`` is the caller's name for this call, empty if there is none; ``body`` is what came with it.
    """

    api_key: ApiKey
    idempotency_key: str = ""
    body: str = field(default="", repr=False)

    @property
    def fields(self) -> dict[str, Any]:
        """What a request remembers of its owner's call, beside the owner (``Submission.owner``)."""
        keyed = {"idempotency_key": self.idempotency_key, "idempotency_digest": encryption.mark(self.body)}
        return keyed if self.idempotency_key else {}

    def earlier(self) -> PackageRequest | None:
        """The request that this call made before; None if it did not.

        Raises:
            IdempotencyMismatch: that call had another body.
        """
        if not self.idempotency_key:
            return None
        before = PackageRequest.objects.filter(api_key=self.api_key, idempotency_key=self.idempotency_key).first()
        if before is not None and not encryption.is_mark(before.idempotency_digest, self.body):
            raise IdempotencyMismatch("This Idempotency-Key was used before with another body", field="Idempotency-Key")
        return before
