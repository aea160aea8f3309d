"""django-q's cluster, which in addition tells the portal its name."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django_q.management.commands import qcluster

from portal import beacon


class Command(qcluster.Command):
    """Runs the cluster that Q_CLUSTER_NAME names: ``fast`` or ``slow``."""

    help = "Runs the cluster that Q_CLUSTER_NAME names: fast (the default) or slow."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or Ctrl-C."""
        beacon.announce(settings.Q_CLUSTER_NAME)
        super().handle(*args, **options)
