"""django-q's cluster, supervised by ourselves."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django_q.conf import Conf
from django_q.management.commands import qcluster

from portal.cluster.supervisor import Supervisor
from portal.memory import give_back_large_blocks


class Command(qcluster.Command):
    """Runs the cluster that Q_CLUSTER_NAME names: ``fast``, ``slow`` or ``mail``."""

    help = "Run the cluster that Q_CLUSTER_NAME names: fast (the default), slow or mail. SIGTERM lets tasks finish."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or Ctrl-C."""
        if options["cluster_name"]:
            # django-q would read its settings before it hears of the name, and run the wrong queue
            raise CommandError("Name the cluster in the environment: Q_CLUSTER_NAME=slow manage.py qcluster")
        if options["run_once"]:
            super().handle(*args, **options)
            return
        give_back_large_blocks()
        Supervisor(Conf.WORKERS, Conf.TIMEOUT).run()
