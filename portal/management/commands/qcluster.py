"""django-q's cluster, which in addition shows that it is alive."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django_q.cluster import Cluster
from django_q.conf import Conf
from django_q.management.commands import qcluster

from portal.cluster_registry import INTERVAL, registered
from portal.memory import give_back_large_blocks


class Command(qcluster.Command):
    """Runs the cluster that Q_CLUSTER_NAME names: ``fast`` or ``slow``."""

    help = "Runs the cluster that Q_CLUSTER_NAME names: fast (the default) or slow. SIGTERM lets it finish and stop."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or Ctrl-C."""
        if options["cluster_name"]:
            # django-q would read its settings before it hears of the name, and run the wrong queue
            raise CommandError("Name the cluster by the environment: Q_CLUSTER_NAME=slow manage.py qcluster")
        if options["run_once"]:
            super().handle(*args, **options)
            return
        give_back_large_blocks()
        cluster = Cluster()
        cluster.start()
        with registered(settings.Q_CLUSTER_NAME, Conf.WORKERS) as renew:
            while cluster.sentinel.is_alive():
                renew()
                _wait(cluster)


def _wait(cluster: Cluster) -> None:
    for _ in range(INTERVAL * 5):
        if not cluster.sentinel.is_alive():
            return
        time.sleep(0.2)
