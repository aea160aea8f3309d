"""What the configuration says; every setting is declared in ``config_declaration.yaml``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk

PREFIX = "ckanext.packaging_portal."
log = logging.getLogger(__name__)


def get(name: str) -> Any:
    """The value of a setting, without its prefix."""
    return tk.config.get(PREFIX + name)


def secret(name: str) -> str:
    """``api_key`` or ``webhook_secret``, from the configuration or the file it names; empty if there is none."""
    if text := str(get(name) or "").strip():
        return text
    path = str(get(f"{name}_file") or "").strip()
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        log.error("%s%s_file cannot be read: %s", PREFIX, name, error)
        return ""


def portal_url() -> str:
    """The portal's address, without a slash at its end."""
    return str(get("url") or "").strip().rstrip("/")


def ckan_url() -> str:
    """The address at which the portal reaches this site, without a slash at its end; with the root path, if any."""
    if named := str(get("ckan_url") or "").strip():
        return named.rstrip("/")
    root = str(tk.config.get("ckan.root_path") or "").replace("/{{LANG}}", "")
    return str(tk.config["ckan.site_url"]).rstrip("/") + root.rstrip("/")


def missing() -> list[str]:
    """The settings that are required and not there."""
    names = [] if portal_url() else ["url"]
    return names + [name for name in ("api_key", "webhook_secret") if not secret(name)]
