"""SQL is composed of identifiers and literals only, and what is not certain is not composed at all."""

import psycopg2
import pytest
from psycopg2 import sql

from packager.streaming.sources.completeness import Window
from packager.streaming.sources.datastore_judge import columns_of
from packager.streaming.sources.datastore_sql import Dialect, Relation, Select, Unsure, check_types
from packager.streaming.types import Field, Query, Shape
from tests.engine.datastore_tables import beside, datastore, from_database, read
from tests.engine.live_ckan import LiveCkan

NEW, OLD = Dialect(milliseconds=True, operators=True), Dialect(milliseconds=False, operators=False)
TYPES = {"_id": "int4", "text": "text", "number": "numeric", "tags": "_text"}
RELATION = Relation(sql.Identifier("r"), TYPES)


def select(dialect=NEW, **query):
    return Select(RELATION, list(TYPES), Query("r", **query), dialect)


@pytest.mark.parametrize(
    "filters",
    [
        {"unknown": 1},
        {"text": {"like": "a"}},
        {"text": {}},
        {"text": [[1]]},
        {"text": {"eq": [1]}},
        {"text": {"in": "abc"}},
        {"text": "\0"},
        {"text": "\ud800"},
        {"tags": ["a"]},
        {"$not": [{"text": 1}]},
        {"$or": []},
        {"$or": [{}]},
        {"$or": [1]},
        {"$and": {"text": 1}},
    ],
    ids=str,
)
def test_a_filter_that_is_not_known_is_left_to_ckan(filters):
    with pytest.raises(Unsure):
        select(filters=filters)


@pytest.mark.parametrize("filters", [{"number": {"gte": 1}}, {"$or": [{"text": 1}]}, {"number": [{"gt": 1}]}], ids=str)
def test_older_ckans_have_no_operators(filters):
    select(filters=filters)
    with pytest.raises(Unsure):
        select(OLD, filters=filters)


@pytest.mark.parametrize("sort", ["unknown", "text sideways", "text,,number", "text desc nulls", '"te"xt"'])
def test_an_order_that_is_not_known_is_left_to_ckan(sort):
    with pytest.raises(Unsure):
        select(sort=sort)


def test_a_search_of_single_columns_is_left_to_ckan():
    with pytest.raises(Unsure, match="single columns"):
        select(q={"text": "eagle"})


@pytest.mark.parametrize("type", ["timestamptz", "interval", "money", "tsvector", "my_enum", "_json"])
def test_a_type_whose_text_depends_on_more_than_its_value_is_left_to_ckan(type):
    with pytest.raises(Unsure, match=type):
        check_types({"_id": "int4", "column": type})


@pytest.mark.parametrize(
    ("told", "query"),
    [
        ([("_id", "int"), ("text", "text")], {}),
        ([("_id", "int"), ("text", "numeric"), ("number", "numeric"), ("tags", "_text")], {}),
        ([("text", "text"), ("_id", "int"), ("number", "numeric"), ("tags", "_text")], {}),
        ([("text", "text"), ("text", "text")], {"fields": ("text", "text")}),
        ([("other", "text")], {"fields": ("other",)}),
        ([], {"q": "eagle"}),
    ],
    ids=str,
)
def test_columns_that_are_not_those_of_the_table_are_left_to_ckan(told, query):
    answer = type("Answer", (), {"columns": [Field(*each) for each in told]})
    with pytest.raises(Unsure):
        columns_of(answer, Query("r", **query), TYPES)


NAMES = ('a"; DROP TABLE t; --', "100%s", "%(name)s", "{0}", "it's \\ here", "a; b", "$1", ":x y", "Ünï—cødé 日本", "{")
VALUES = ("'; DROP TABLE t; --", "\\'", "%s %(x)s", "{0}", '"', "\\x41", "E'\\n'", "$$", "日本")


@pytest.mark.postgres
def test_names_and_values_are_only_that_whatever_they_look_like():
    with datastore() as made:
        columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in NAMES)
        made.do(sql.SQL("CREATE TABLE t (_id serial PRIMARY KEY, _full_text tsvector, {})").format(columns))
        made.do(sql.SQL("CREATE TABLE {} (_id serial PRIMARY KEY)").format(sql.Identifier(NAMES[0])))
        connection = psycopg2.connect(made.own_url)
        relation = Relation(sql.Identifier("t"), {"_id": "int4", **dict.fromkeys(NAMES, "text")})
        with connection, connection.cursor() as cursor:
            for name in NAMES:
                insert = sql.SQL("INSERT INTO t ({}) VALUES ({})").format(sql.Identifier(name), sql.Literal(name))
                cursor.execute(insert)
            for name in NAMES:
                for value in (*VALUES, name):
                    escaped = f"${name}" if name.startswith("$") else name
                    filters = {escaped: [value, {"gte": value, "lte": value}]}
                    asked = Query("t", filters=filters, sort=f'"{name}" desc')
                    found = Select(relation, NAMES, asked, NEW)
                    cursor.execute(found.extent(Window(0, None)))
                    assert cursor.fetchone()[0] == (value == name)
            for value in VALUES:
                cursor.execute(
                    Select(relation, NAMES, Query("t", q=value, language="simple"), NEW).extent(Window(0, 9))
                )
            cursor.execute("SELECT count(*) FROM t")
            assert cursor.fetchone() == (len(NAMES),)
        connection.close()


TABLE = """
    "a ""quoted"" name" text, percent_ text, small int2, big int8, exact numeric(20, 4), single float4, double float8,
    yes bool, day date, hour time, moment timestamp, key uuid, short varchar(9), padded char(5), made nested, raw json,
    binary_json jsonb, tags text[], numbers int4[]
"""
ROWS = """
    INSERT INTO "t" ("a ""quoted"" name", percent_, small, big, exact, single, double, yes, day, hour, moment, key,
                     short, padded, made, raw, binary_json, tags, numbers)
    SELECT text, '%s' || n, n, 9223372036854775807 - n, n / 7.0, n / 7.0, n / 7.0, n % 2 = 0,
           date '2024-02-29' + n::int, time '23:59:59.999999',
           timestamp '1999-12-31 23:59:59.9999' + n * interval '1 hour',
           'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'é', 'ab', ROW(raw, NULL)::nested, raw, raw::jsonb,
           ARRAY[text, NULL, 'x'], ARRAY[n::int, NULL]
    FROM unnest(ARRAY['', NULL, '\\.', '"', ',', E'\\n', E'\\r\\n', E'\\t', 'null', '\\N', E'\\x01', E'\\x02', ' ',
                      '日本'])
             WITH ORDINALITY AS a(text, n),
         LATERAL (SELECT CASE n WHEN 1 THEN NULL WHEN 2 THEN E'{"a":\\n\\r [1,  2]}' WHEN 3 THEN '1.10'
                         ELSE to_json(text)::text END::json AS raw) AS j;
    INSERT INTO "t" (exact, single, double, day, moment, tags, numbers) VALUES
        (NULL, 'NaN', 'Infinity', 'infinity', '0044-03-15 BC', '{}', NULL),
        (-1e-4, -0.0, 1e-300, NULL, NULL, NULL, '{}');
    INSERT INTO "t" DEFAULT VALUES
"""


@pytest.mark.postgres
@pytest.mark.parametrize("shape", list(Shape))
def test_every_type_comes_as_ckan_gives_it(shape):
    with datastore() as made, LiveCkan(made.own_url) as ckan:
        made.do(f'CREATE TABLE "t" (_id serial PRIMARY KEY, _full_text tsvector, {TABLE})')
        made.do(ROWS)
        found = read(from_database(beside(ckan, made.url).open(Query("t"), [shape])))
        assert found == ckan.whole("t", shape)
