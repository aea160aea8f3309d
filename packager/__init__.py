"""From a request to a package to its delivery."""

#: Of the portal; the same as in pyproject.toml.
VERSION = "0.1.0"
