"""What is new in a package that was built again."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from packager.models import Package, PackageRequest


@dataclass(frozen=True, slots=True)
class News:
    """Rows of the package before and of this one (None for files), and whether their data is the same.

    ``same`` is None where nobody knows: packages had no checksum of their data once.
    """

    before: int | None
    after: int | None
    same: bool | None


def news_of(request: PackageRequest) -> News | None:
    """Compared with the package before; None for a request that stands alone, or is the first."""
    order, package = request.standing_order, request.package
    if order is None or package is None:
        return None
    of_order = Q(pk=order.request_id) | Q(standing_order=order)
    earlier = PackageRequest.objects.filter(of_order, created_at__lt=request.created_at, package__isnull=False)
    before: Package | None = Package.objects.filter(requests__in=earlier).exclude(pk=package.pk).first()
    if before is None:
        return None
    known = before.data_sha256 and package.data_sha256
    return News(before.rows, package.rows, before.data_sha256 == package.data_sha256 if known else None)
