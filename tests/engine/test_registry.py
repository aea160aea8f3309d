import pytest

from packager.errors import RequestError
from packager.streaming.formats.registry import Formats, builtin


def test_the_built_in_formats_are_found_by_name():
    formats = Formats(builtin())
    assert formats.names()[:2] == ("csv", "tsv")
    assert all(formats.get(name).name == name for name in formats.names())


def test_an_unknown_format_is_refused_with_what_there_is():
    with pytest.raises(RequestError, match="csv, tsv") as caught:
        Formats(builtin()).get("docx")
    assert caught.value.field == "format"
