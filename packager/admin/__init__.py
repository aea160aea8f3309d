"""What staff see of requests, errors, packages and deliveries. No rule of the domain lives here."""

from packager.admin.api_keys import ApiKeyAdmin
from packager.admin.deliveries import DeliveryAdmin
from packager.admin.errors import ErrorAdmin
from packager.admin.packages import PackageAdmin
from packager.admin.requests import RequestAdmin
from packager.admin.sites import CkanSiteAdmin
from packager.admin.standing_orders import StandingOrderAdmin
from packager.admin.task_queue import FailureAdmin, SuccessAdmin

__all__ = [
    "ApiKeyAdmin",
    "CkanSiteAdmin",
    "DeliveryAdmin",
    "ErrorAdmin",
    "FailureAdmin",
    "PackageAdmin",
    "RequestAdmin",
    "StandingOrderAdmin",
    "SuccessAdmin",
]
