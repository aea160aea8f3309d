"""The Django project: settings, addresses, plugins, health."""

#: Of the portal; the same as in pyproject.toml.
VERSION = "0.1.0"
