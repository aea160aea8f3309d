"""What the clusters do by the clock. The schedules are (re)made after every ``migrate``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command

#: name -> (function, minutes)
SCHEDULES = {
    "Take back stale builds": ("packager.tasks.requeue_stale", 1),
    "Send due deliveries": ("packager.tasks.send_due_deliveries", 1),
    "Build standing orders": ("packager.tasks.build_standing_orders", 1),
    "Ask what waiting requests are about": ("packager.tasks.name_waiting", 1),
    "Delete expired packages": ("packager.tasks.expire_packages", 60),
    "Take up dropped pushes": ("pusher.tasks.tend", 1),
    "Delete old pushes": ("pusher.tasks.delete_old", 60),
    "Anonymise requests that are over": ("stats.tasks.anonymise_requests", 60),
}


def after_migrate(sender: Any, **_: Any) -> None:
    """Have the schedules made after each migration."""
    # an application without models, such as our own, is not told
    if sender.name == "django_q":
        make_schedules()
        if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
            call_command("createcachetable", verbosity=0)


def make_schedules() -> None:
    """Create or correct the schedules. Their next run stays as it is."""
    from django_q.models import Schedule

    for name, (function, minutes) in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={"func": function, "schedule_type": Schedule.MINUTES, "minutes": minutes, "cluster": "mail"},
        )
