"""``ckan packaging-portal``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import ckan.plugins.toolkit as tk
import click

from ckanext.packaging_portal import checks, tidying
from ckanext.packaging_portal.errors import PortalUnavailable

__all__ = ["packaging_portal"]
COLOURS = {checks.OK: "green", checks.WARNING: "yellow", checks.FAIL: "red"}


@click.group("packaging-portal", short_help="The Packaging Portal.")
def packaging_portal() -> None:
    """Check the connection with the Packaging Portal, tidy up, tell it what changed."""


@packaging_portal.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(as_json: bool) -> None:
    """Try everything that packages need; exit with 1 if something fails."""
    found = checks.run_all()
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    for one in () if as_json else found:
        click.echo(f"{click.style(f'{one.state:<8}', fg=COLOURS[one.state])}{one.name}: {one.message}")
    if any(one.state == checks.FAIL for one in found):
        raise SystemExit(1)


@packaging_portal.command()
def tidy() -> None:
    """Revoke tokens of requests that are over."""
    revoked, kept = tidying.tidy()
    click.echo(f"{revoked} revoked, {kept} kept")


@packaging_portal.command()
@click.argument("resource")
def changed(resource: str) -> None:
    """Tell the portal that the data of RESOURCE changed."""
    context: Any = {"ignore_auth": True}
    try:
        told = tk.get_action("packaging_portal_changed")(context, {"resource_id": resource})
    except (PortalUnavailable, tk.ObjectNotFound, tk.ValidationError) as error:
        raise click.ClickException(getattr(error, "detail", "") or str(error) or "There is no such resource.") from None
    click.echo(f"{told['changed']} changed")
