"""Darwin Core Archives."""

from packager.streaming.formats.dwca.format import DwcaFormat
from packager.streaming.formats.dwca.settings import DwcSettings, settings_from_configuration

__all__ = ["DwcSettings", "DwcaFormat", "settings_from_configuration"]
