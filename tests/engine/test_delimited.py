import pytest

from packager.errors import FormatError, RequestError
from packager.streaming.formats.delimited import CSV, TSV
from packager.streaming.types import Field, Shape, TextPage
from tests.engine.fakes import FakeTable

FIELDS = (Field("_id", "int4"), Field("a,b", "text"), Field("ok", "bool"), Field("media", "json"))
ROWS = [[-1, "x;y", True, None], [2, None, None, [{"k": "é"}]], [3, "", False, 1]]
CSV_TEXT = b'_id,"a,b",ok,media\n-1,x;y,t,null\n2,,,"[{""k"": ""\\u00e9""}]"\n3,"",f,1\n'


def written(table, format=CSV, notes=None, **options):
    (member,) = format.members(table, format.check(options), [] if notes is None else notes)
    assert member.name == f"resource.{format.name}"
    return b"".join(member.chunks)


def table(shape=Shape.ROWS, rows=ROWS, fields=FIELDS, **more):
    return FakeTable(fields=fields, rows=rows, shape=shape, **more)


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.CSV])
def test_text_and_values_give_the_same_csv(shape):
    assert written(table(shape)) == CSV_TEXT


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.TSV])
def test_text_and_values_give_the_same_tsv(shape):
    tsv = b'_id\ta,b\tok\tmedia\n-1\tx;y\tt\tnull\n2\t\t\t"[{""k"": ""\\u00e9""}]"\n3\t""\tf\t1\n'
    assert written(table(shape), TSV) == tsv


def test_text_is_passed_through_unread():
    class Foreign(FakeTable):
        def pages(self):
            yield TextPage(1, [b"\xff not", b' even "CSV\n'])

    assert written(Foreign(fields=FIELDS, shape=Shape.CSV)).endswith(b'\n\xff not even "CSV\n')


@pytest.mark.parametrize("shape", list(Shape))
def test_no_rows_give_the_header_alone(shape):
    assert written(table(shape, rows=[])) == b'_id,"a,b",ok,media\n'


def test_many_rows_are_all_there():
    rows = [[number, "x"] for number in range(2500)]
    assert written(FakeTable(rows=rows, page_size=2500)).count(b"\n") == 2501


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.CSV])
def test_another_delimiter_changes_the_quotes_too(shape):
    expected = b'_id;a,b;ok;media\n-1;"x;y";t;null\n2;;;"[{""k"": ""\\u00e9""}]"\n3;"";f;1\n'
    assert written(table(shape), delimiter=";") == expected


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.CSV])
def test_a_byte_order_mark_comes_first_and_once(shape):
    assert written(table(shape), bom=True) == b"\xef\xbb\xbf" + CSV_TEXT


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.CSV])
def test_text_that_looks_like_a_formula_is_neutralised_and_numbers_are_not(shape):
    fields = (Field("=n", "int4"), Field("d", "numeric"), Field("t", "text"))
    rows = [[-1, -2, "=1+1"], [2, 3, "-x"], [3, 4, "a=b"], [4, 5, "+1"], [5, 6, "@A"], [6, 7, "\tx"], [7, 8, "\rx"]]
    notes = []
    text = written(table(shape, rows, fields), notes=notes, excel_safe=True)
    assert text == b"'=n,d,t\n-1,-2,'=1+1\n2,3,'-x\n3,4,a=b\n4,5,'+1\n5,6,'@A\n6,7,'\tx\n7,8,\"'\rx\"\n"
    assert [str(note) for note in notes] == [
        "7 cells that a spreadsheet might read as formulas were given a leading apostrophe (')."
    ]


def test_excel_safe_is_silent_where_it_changes_nothing():
    notes = []
    assert written(table(Shape.CSV), notes=notes, excel_safe=True) == CSV_TEXT
    assert notes == []


@pytest.mark.parametrize("text", [b'1,"open\n', b"1,no line end", b'1,"a"b\n', b'a"b,1\n', b"a\rb,1\n", b"\xff,1\n"])
def test_text_that_copy_never_writes_is_refused_where_it_has_to_be_read(text):
    class Foreign(FakeTable):
        def pages(self):
            yield TextPage(1, [text])

    with pytest.raises(FormatError, match="not well-formed"):
        written(Foreign(shape=Shape.CSV), delimiter=";")


@pytest.mark.parametrize("row", [[1], [1, "a", "b"], [1, "\ud800"]])
def test_a_row_that_cannot_be_written_fails_the_package(row):
    with pytest.raises(FormatError):
        written(FakeTable(rows=[row]))


def test_objects_are_refused():
    with pytest.raises(FormatError):
        written(table(Shape.OBJECTS))


@pytest.mark.parametrize(
    ("format", "options", "field"),
    [
        (CSV, {"delimiter": ""}, "delimiter"),
        (CSV, {"delimiter": ";;"}, "delimiter"),
        (CSV, {"delimiter": '"'}, "delimiter"),
        (CSV, {"delimiter": "\n"}, "delimiter"),
        (CSV, {"delimiter": "a"}, "delimiter"),
        (CSV, {"delimiter": None}, "delimiter"),
        (TSV, {"delimiter": ","}, "delimiter"),
        (CSV, {"bom": "yes"}, "bom"),
        (TSV, {"excel_safe": 1}, "excel_safe"),
        (CSV, {"colour": "red"}, "colour"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(format, options, field):
    with pytest.raises(RequestError) as caught:
        format.check(options)
    assert caught.value.field == field


def test_options_left_out_have_their_defaults():
    assert CSV.check({"bom": True}) == {"bom": True, "excel_safe": False, "delimiter": ","}
    assert TSV.check({}) == {"bom": False, "excel_safe": False}
