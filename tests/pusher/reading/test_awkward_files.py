"""Files as people publish them: each with the table that it is, or the sentence that says why it is none."""

import gzip
import io
import zipfile

import pytest

from pusher.errors import FileError


def zipped(**members):
    """A ZIP file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def of_method_99(archive):
    """The same ZIP file, whose directory names another method of compression."""
    at = archive.index(b"PK\x01\x02") + 10
    return archive[:at] + b"\x63\0" + archive[at + 2 :]


PLAIN = [["1", "x"], ["2", "y"]]
NUMBER_TEXT = {"a": "numeric", "b": "text"}
MANY = ",".join(f"c{n}" for n in range(1700))

GOOD = {
    "utf-8": ("a,b\n1,é\n2,ß\n".encode(), NUMBER_TEXT, [["1", "é"], ["2", "ß"]]),
    "utf-8 with a byte order mark": ("a,b\n1,é\n".encode("utf-8-sig"), NUMBER_TEXT, [["1", "é"]]),
    "utf-16 little": ("a\tb\n1\té\n".encode("utf-16"), NUMBER_TEXT, [["1", "é"]]),
    "utf-16 big": (b"\xfe\xff" + "a,b\n1,é\n".encode("utf-16-be"), NUMBER_TEXT, [["1", "é"]]),
    "cp1252": ("a,b\n1,5 €\n2,naïve\n".encode("cp1252"), NUMBER_TEXT, [["1", "5 €"], ["2", "naïve"]]),
    "a byte that cp1252 does not define": (b"a,b\n1,caf\xe9 \x81\n", NUMBER_TEXT, [["1", "café \x81"]]),
    "one stray byte in the last line": (b"a,b\n" + b"1,x\n" * 5000 + b"2,\xe9\n", NUMBER_TEXT, None),
    "Cyrillic": (
        "город;страна\nМосква;Россия\nСанкт-Петербург;Россия\nКиев;Украина\n".encode("cp1251"),
        {"город": "text", "страна": "text"},
        [["Москва", "Россия"], ["Санкт-Петербург", "Россия"], ["Киев", "Украина"]],
    ),
    "Greek": (
        "πόλη;χώρα\nΑθήνα;Ελλάδα\nΘεσσαλονίκη;Ελλάδα\nΛευκωσία;Κύπρος\n".encode("cp1253"),
        {"πόλη": "text", "χώρα": "text"},
        [["Αθήνα", "Ελλάδα"], ["Θεσσαλονίκη", "Ελλάδα"], ["Λευκωσία", "Κύπρος"]],
    ),
    "Japanese": (
        "都市,国\n東京都千代田区,日本\n大阪府大阪市,日本\n北海道札幌市,日本\n".encode("shift_jis"),
        {"都市": "text", "国": "text"},
        [["東京都千代田区", "日本"], ["大阪府大阪市", "日本"], ["北海道札幌市", "日本"]],
    ),
    "NUL characters": (b"a,b\n1,x\0y\n", NUMBER_TEXT, [["1", "xy"]]),
    "mojibake stays": ("a,b\n1,Ã©\n", NUMBER_TEXT, [["1", "Ã©"]]),
    "semicolons": ("a;b\n1;x,y\n2;z\n", NUMBER_TEXT, [["1", "x,y"], ["2", "z"]]),
    "tabs": ("a\tb\n1\tx\n2\ty\n", NUMBER_TEXT, PLAIN),
    "bars": ("a|b\n1|x\n2|y\n", NUMBER_TEXT, PLAIN),
    "one column": ("a\n1\n2\n", {"a": "numeric"}, [["1"], ["2"]]),
    "quotes and line breaks within": (
        'a,b\r\n1,"x ""y"", z\nsecond\rthird\r\nlast"\r\n',
        NUMBER_TEXT,
        [["1", 'x "y", z\nsecond\rthird\r\nlast']],
    ),
    "a quote within a cell": ('a,b\n1,5" pipe\n2,y\n', NUMBER_TEXT, [["1", '5" pipe'], ["2", "y"]]),
    "old Mac line ends": ("a,b\r1,x\r2,y\r", NUMBER_TEXT, PLAIN),
    "no line end at the end": ("a,b\n1,x\n2,y", NUMBER_TEXT, PLAIN),
    "titles above": (
        "Sightings of 2020\n\nSource: us,,\na,b,c\n1,x,\n2,y,z\n",
        None,
        [["1", "x", None], ["2", "y", "z"]],
    ),
    "header one short": ("a,b,\n1,x,u\n2,y,v\n", None, [["1", "x", "u"], ["2", "y", "v"]]),
    "empty rows": ("a,b\n\n1,x\n,\n2,y\n\n", NUMBER_TEXT, PLAIN),
    "short rows": (
        "a,b,c\n1\n2,y\n",
        {"a": "numeric", "b": "text", "c": "text"},
        [["1", None, None], ["2", "y", None]],
    ),
    "long rows": ("a,b\n1,x\n2,y,more\n", {**NUMBER_TEXT, "column_3": "text"}, [["1", "x", None], ["2", "y", "more"]]),
    "a nameless column without cells": ("a,,b\n1,,x\n2,,y\n", NUMBER_TEXT, PLAIN),
    "a nameless column with cells": (
        "a,,b\n1,q,x\n",
        {"a": "numeric", "column_2": "text", "b": "text"},
        [["1", "q", "x"]],
    ),
    "padding": ("  a , b \n 1 ,x \n", NUMBER_TEXT, [["1", "x "]]),
    "header alone": ("a,b\n", {"a": "text", "b": "text"}, []),
    "the same name twice": ("a,a,a\n1,2,3\n", {"a": "numeric", "a_2": "numeric", "a_3": "numeric"}, [["1", "2", "3"]]),
    "the same name twice, and no room for a number": (
        f"{'é' * 31},{'é' * 31}\n1,2\n",
        {"é" * 31: "numeric", "é" * 30 + "_2": "numeric"},
        [["1", "2"]],
    ),
    "a number that is taken": ("a,a_2,a\n1,2,3\n", dict.fromkeys(("a", "a_2", "a_3"), "numeric"), [["1", "2", "3"]]),
    "names that CKAN refuses": (
        '_id,x:y,"a ""b""",#n\n1,2,3,4\n',
        dict.fromkeys(("id", "x:y", "a b", "n"), "numeric"),
        None,
    ),
    "leading zeros": ("a,b\n01067,x\n12345,y\n", {"a": "text", "b": "text"}, [["01067", "x"], ["12345", "y"]]),
    "a letter after 5,000 numbers": ("a,b\n" + "1,x\n" * 5000 + "?,y\n", {"a": "text", "b": "text"}, None),
    "numbers of any size": ("a\n" + "9" * 400 + "\n0.1\n", {"a": "numeric"}, [["9" * 400], ["0.1"]]),
    "thousands with commas": ('a\n"6,200.00"\n828.00\n', {"a": "numeric"}, [["6200.00"], ["828.00"]]),
    "decimal commas": ("a;b\n1.234,56;x\n7,1;y\n", NUMBER_TEXT, [["1234.56", "x"], ["7.1", "y"]]),
    "a plus sign": ("a\n+1\n2\n", {"a": "text"}, [["+1"], ["2"]]),
    "digits of other scripts": ("a\n١٢\n３\n", {"a": "text"}, [["١٢"], ["３"]]),
    "white space for nothing": (
        "a,b\n1,x\n  ,y\n\u00a0,\u00a0\n",
        NUMBER_TEXT,
        [["1", "x"], [None, "y"], [None, "\u00a0"]],
    ),
    "commas of an unknown kind": ('a\n"1,200"\n', {"a": "text"}, [["1,200"]]),
    "codes with an E": ("a\n1E5\n2E5\n", {"a": "text"}, [["1E5"], ["2E5"]]),
    "exponents": ("a\n1.5e3\n1e-5\n", {"a": "numeric"}, [["1.5e3"], ["1e-5"]]),
    "infinity": ("a\n1\nInfinity\n", {"a": "text"}, [["1"], ["Infinity"]]),
    "signs of nothing": ("a,b\n1,NA\n-,x\nN/A,y\n", NUMBER_TEXT, [["1", "NA"], [None, "x"], [None, "y"]]),
    "nothing but signs of nothing": ("a,b\nNA,1\nNA,2\n", {"a": "text", "b": "numeric"}, [["NA", "1"], ["NA", "2"]]),
    "ISO dates": ("a\n2020-02-29\n1869/12/31\n", {"a": "timestamp"}, [["2020-02-29"], ["1869-12-31T00:00:00"]]),
    "times": ("a\n2020-01-02T03:04:05.678\n", {"a": "timestamp"}, [["2020-01-02T03:04:05.678"]]),
    "more decimals than PostgreSQL keeps": ("a\n2020-01-02T03:04:05.1234567\n", {"a": "text"}, None),
    "dates with points": ("a\n31.12.1869\n", {"a": "timestamp"}, [["1869-12-31T00:00:00"]]),
    "years of two digits": ("a\n13/02/20\n", {"a": "text"}, [["13/02/20"]]),
    "all with a time zone": (
        "a\n2020-01-02T03:04+02:00\n2020-01-02T03:04Z\n",
        {"a": "timestamp"},
        [["2020-01-02T01:04:00"], ["2020-01-02T03:04:00"]],
    ),
    "some with a time zone": ("a\n2020-01-02T03:04Z\n2020-01-02T03:04\n", {"a": "text"}, None),
    "the day first": (
        "a\n13/02/2020\n01/02/2020\n",
        {"a": "timestamp"},
        [["2020-02-13T00:00:00"], ["2020-02-01T00:00:00"]],
    ),
    "the month first": ("a\n02-13-2020\n", {"a": "timestamp"}, [["2020-02-13T00:00:00"]]),
    "either first": ("a\n01/02/2020\n03/04/2020\n", {"a": "text"}, [["01/02/2020"], ["03/04/2020"]]),
    "both orders in one column": ("a\n13/02/2020\n02/13/2020\n", {"a": "text"}, [["13/02/2020"], ["02/13/2020"]]),
    "months by name": (
        'a\n5 March 2020\n"Mar 6, 2020"\n7-Mar-2020\n',
        {"a": "timestamp"},
        [[f"2020-03-0{n}T00:00:00"] for n in (5, 6, 7)],
    ),
    "impossible dates": ("a\n2021-02-29\n", {"a": "text"}, [["2021-02-29"]]),
    "nearly dates": (
        "a,b,c,d\n2020-01,2020Q1,Monday,12:30\n",
        dict.fromkeys("abcd", "text"),
        [["2020-01", "2020Q1", "Monday", "12:30"]],
    ),
    "gzip": (gzip.compress(b"a,b\n1,x\n2,y\n"), NUMBER_TEXT, PLAIN),
    "zip": (
        zipped(**{"data/t.csv": "a,b\n1,x\n2,y\n", "__MACOSX/t.csv": "?", ".DS_Store": "?", "README.txt": "?"}),
        NUMBER_TEXT,
        PLAIN,
    ),
}

BAD = {
    "nothing": (b"", "The file is empty."),
    "white space": (b" \n\n ", "The file is empty."),
    "a web page": (b"\n<!DOCTYPE html><html><body>Log in</body></html>", "The file is an HTML page, not a table."),
    "a PDF": (b"%PDF-1.7 ...", "The file is a PDF document, not a table."),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "The file is a picture, not a table."),
    "binary": (bytes(range(256)) * 20, "The file is a binary file, not a table."),
    "too many columns": (f"{MANY}\n{MANY}\n".encode(), "1,700 columns; a DataStore table holds at most 1,598."),
    "a quotation mark": (b'a,b\n1,"x\n2,y\n', "In row 2 a quotation mark is opened and never closed."),
    "several tables": (
        zipped(**{"a.csv": "a\n1\n", "b.csv": "b\n2\n"}),
        'The ZIP file has 2 tables in it, publish each on its own: "a.csv", "b.csv".',
    ),
    "no table": (zipped(**{"a.pdf": "a", "b.docx": "b"}), 'The ZIP file has no table in it: "a.pdf", "b.docx".'),
    "a zip of a method that is not known": (
        of_method_99(zipped(**{"a.csv": "a\n1\n"})),
        '"a.csv" in the ZIP file is compressed in a way we cannot read.',
    ),
    "a damaged zip": (zipped(**{"a.csv": "a\n1\n"})[:30], "The ZIP file is damaged."),
    "a damaged gzip": (gzip.compress(b"a,b\n1,2\n" * 1000)[:40], "The gzip file is damaged."),
    "a row too big": (
        ("\n".join([",".join(f"c{n}" for n in range(1500)), ",".join(["123456"] * 1500)])).encode(),
        "Row 2 has 9,211 bytes of short cells; a DataStore row holds at most 8,160.",
    ),
    "a bomb": (gzip.compress(b"0" * 5000), "Resource too large to process: 5000 > max (4000)."),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_awkward_file_is_the_table_that_a_person_sees(read, name):
    content, columns, rows = GOOD[name]
    found = read(content)
    assert columns is None or found.columns == columns
    assert rows is None or found.rows == rows
    assert found.count == len(found.rows)


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_table_is_refused_with_what_to_mend(read, name):
    content, sentence = BAD[name]
    with pytest.raises(FileError) as refused:
        read(content, max_bytes=4000 if name == "a bomb" else 10**9)
    assert refused.value.message == sentence
