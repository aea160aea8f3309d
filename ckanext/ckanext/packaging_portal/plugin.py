"""The plugin ``packaging_portal``."""

from __future__ import annotations

import logging
from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckan.lib.plugins import DefaultTranslation
from flask import Blueprint

from ckanext.packaging_portal import hook, settings, tokens, views
from ckanext.packaging_portal.changes import sources
from ckanext.packaging_portal.logic import action, auth, validators

log = logging.getLogger(__name__)


def _actions() -> dict[str, Any]:
    return {**{name: getattr(action, name) for name in action.__all__}, **tokens.chained_actions()}


def _blueprints() -> list[Blueprint]:
    return [views.pages, hook.hook]


@tk.blanket.actions(_actions)
@tk.blanket.auth_functions(auth)
@tk.blanket.blueprints(_blueprints)
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
@tk.blanket.validators(validators)
class PackagingPortalPlugin(p.SingletonPlugin, DefaultTranslation):  # type: ignore[misc]
    """Packages of CKAN's data, made by the Packaging Portal."""

    p.implements(p.IConfigurer)
    p.implements(p.IConfigurable)
    p.implements(p.ITranslation)
    p.implements(p.IApiToken, inherit=True)
    p.implements(p.ISignal)
    p.implements(p.IDomainObjectModification, inherit=True)

    def update_config(self, config: Any) -> None:
        """See ``IConfigurer``."""
        tk.add_template_directory(config, "templates")
        tk.add_resource("assets", "packaging_portal")
        sources.listen()

    def configure(self, config: Any) -> None:
        """See ``IConfigurable``."""
        for name in settings.missing():
            log.error("%s%s is required and not set: there will be no packages", settings.PREFIX, name)

    def create_api_token_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """See ``IApiToken``."""
        schema[tokens.FIELD] = [tk.get_validator("ignore_missing"), tk.get_validator("unicode_safe")]
        return schema

    def postprocess_api_token(self, data: dict[str, Any], jti: str, data_dict: dict[str, Any]) -> dict[str, Any]:
        """See ``IApiToken``."""
        return tokens.stamp(data, data_dict)

    def preprocess_api_token(self, data: Any) -> Any:
        """See ``IApiToken``."""
        return tokens.admit(data)

    def get_signal_subscriptions(self) -> dict[Any, list[Any]]:
        """See ``ISignal``."""
        return sources.subscriptions()

    def notify(self, entity: Any, operation: Any) -> None:
        """See ``IDomainObjectModification``: before the commit, and nothing may be raised."""
        sources.note_entity(entity, operation)
