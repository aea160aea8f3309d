"""``ckan packaging-portal``."""

from __future__ import annotations

import click

__all__ = ["packaging_portal"]


@click.group("packaging-portal", short_help="The Packaging Portal.")
def packaging_portal() -> None:
    """Check the connection with the Packaging Portal, tidy up, tell it what changed."""
