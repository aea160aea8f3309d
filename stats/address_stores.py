"""Where addresses are kept, for ``anonymize``."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from packager.lifecycle import personal_data
from stats.anonymise import domain_of, is_hashed
from stats.models import ErrorRecord, Requester, RequestRecord

RECORDS = (RequestRecord, ErrorRecord)


class StatisticsAddresses:
    """Addresses in the records and among the requesters. Each address is replaced in one transaction."""

    name = "statistics"

    def plain(self) -> Iterator[str]:
        """Distinct plain addresses, each as it is written."""
        found: set[str] = set()
        for model in (*RECORDS, Requester):
            addresses = model._default_manager.order_by().exclude(email="").values_list("email", flat=True).distinct()
            found.update(address for address in addresses.iterator() if not is_hashed(address))
        return iter(sorted(found))

    @transaction.atomic
    def replace(self, address: str, hashed: str) -> int:
        """Put the hash where the address is, and fill in the domain where it was missing."""
        # The same person may have been counted under the hash before: then there is one requester, not two.
        known = Requester.objects.filter(email=address.lower())
        names = sorted(known.values_list("resource_id", flat=True))
        people = [Requester(resource_id=name, email=hashed) for name in names]
        Requester.objects.bulk_create(people, ignore_conflicts=True)
        known.delete()
        changed = 0
        for model in RECORDS:
            rows = model._default_manager.filter(email=address)
            rows.filter(domain="").update(domain=domain_of(address))
            changed += rows.update(email=hashed)
        return changed


class RequestAddresses:
    """Addresses in requests that are over, and in the mails about them. What still has to be sent is left alone."""

    name = "requests"

    def plain(self) -> Iterator[str]:
        """Distinct plain addresses, each as it is written."""
        return (address for address in sorted(personal_data.addresses()) if not is_hashed(address))

    def replace(self, address: str, hashed: str) -> int:
        """Put the hash where the address is."""
        return personal_data.replace_address(address, hashed)
