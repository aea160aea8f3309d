"""The schemas that TDWG, GBIF and KNB publish.

They are not part of this repository. They are looked for in the folder that ``DWC_SCHEMAS`` names: ``dwc`` with
``tdwg_dwc_text.xsd`` and GBIF's definitions, ``eml-2.2.0`` with ``eml.xsd`` and what it includes.
"""

import os
from functools import cache
from pathlib import Path

from lxml import etree

from tests.services import absent

SCHEMAS = Path(os.environ.get("DWC_SCHEMAS") or Path(__file__).parents[3] / "shared" / "data")
TERMS = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://rs.tdwg.org/dwc/terms/"/>'


def schemas_are_there() -> None:
    """Skip the test if they are not; in CI let it fail."""
    if not SCHEMAS.is_dir():
        absent(f"no schemas in {SCHEMAS} (set DWC_SCHEMAS)")


class LocalSchemas(etree.Resolver):
    """What the schemas import by URL, from the folder; the text schema uses nothing of the terms it imports."""

    def resolve(self, system_url, public_id, context):
        if system_url.endswith("tdwg_dwcterms.xsd"):
            return self.resolve_string(TERMS, context)
        if system_url.startswith("http"):
            return self.resolve_filename(str(SCHEMAS / "eml-2.2.0" / "xml.xsd"), context)
        return None


@cache
def schema(path: str) -> etree.XMLSchema:
    """One of them, ready to check with."""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(LocalSchemas())
    return etree.XMLSchema(etree.parse(str(SCHEMAS / path), parser))
