"""What staff see of requests, errors, packages and deliveries. No rule of the domain lives here."""

from packager.admin.api_keys import ApiKeyAdmin
from packager.admin.deliveries import DeliveryAdmin
from packager.admin.errors import ErrorAdmin
from packager.admin.packages import PackageAdmin
from packager.admin.requests import RequestAdmin
from packager.admin.sites import CkanSiteAdmin

__all__ = ["ApiKeyAdmin", "CkanSiteAdmin", "DeliveryAdmin", "ErrorAdmin", "PackageAdmin", "RequestAdmin"]
