"""Whose request it is, and how the same call, made twice, makes one request.

``Idempotency-Key`` as in draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from packager.errors import IdempotencyMismatch
from packager.models import PackageRequest
from packager.security.api_keys import ApiKey


@dataclass(frozen=True, slots=True)
class Owner:
    """The API key that a request comes with.

    ``idempotency_key`` is the caller's name for this call, empty if there is none; ``body_digest`` tells bodies apart.
    """

    api_key: ApiKey
    idempotency_key: str = ""
    body_digest: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """What a request remembers of its owner."""
        keyed = {"idempotency_key": self.idempotency_key, "idempotency_digest": self.body_digest}
        return {"api_key": self.api_key, **(keyed if self.idempotency_key else {})}

    def earlier(self) -> PackageRequest | None:
        """The request that this call made before; None if it did not.

        Raises:
            IdempotencyMismatch: that call had another body.
        """
        if not self.idempotency_key:
            return None
        before = PackageRequest.objects.filter(api_key=self.api_key, idempotency_key=self.idempotency_key).first()
        if before is not None and before.idempotency_digest != self.body_digest:
            raise IdempotencyMismatch("This Idempotency-Key was used before with another body", field="Idempotency-Key")
        return before
