"""The Django project: settings, addresses, checks, plugin loading, health."""
