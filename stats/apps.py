"""The Django application of the statistics; Django looks for it here."""

from __future__ import annotations

from django.apps import AppConfig


class StatsConfig(AppConfig):
    """Connects the statistics to what happens in the packager."""

    name = "stats"
    verbose_name = "Statistics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Start to listen; models can be imported from here on."""
        from packager import events
        from stats import address_stores, anonymise, listeners

        events.listen(listeners.record)
        anonymise.register(address_stores.StatisticsAddresses())
        anonymise.register(address_stores.RequestAddresses())
