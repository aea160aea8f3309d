"""What the docs promise of themselves: their links lead somewhere, and their settings are those that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
SETTING = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
#: Differs from process to process; the former name of another.
NOT_IN_THE_EXAMPLE = {"Q_CLUSTER_NAME", "BEHIND_PROXY"}


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page):
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_setting_is_in_the_example_and_in_the_docs():
    settings = set(SETTING.findall((ROOT / "portal/settings.py").read_text()))
    assert {"PACKAGER_SECRET", "EMAIL_TIMEOUT"} <= settings
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    docs = "\n".join(page.read_text() for page in PAGES)
    unexplained = {name for name in settings if not re.search(rf"`{name}`|`{name}=", docs)}
    explained_together = {name for name in unexplained if name.startswith(("PACKAGER_EMAIL_", "PACKAGER_DOI_"))}
    assert unexplained == explained_together
    assert settings - example == NOT_IN_THE_EXAMPLE
