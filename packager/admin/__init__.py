"""What staff see of requests, errors, packages and deliveries. No rule of the domain lives here."""

from packager.admin.errors import ErrorAdmin
from packager.admin.requests import RequestAdmin
from packager.admin.things import DeliveryAdmin, PackageAdmin

__all__ = ["DeliveryAdmin", "ErrorAdmin", "PackageAdmin", "RequestAdmin"]
