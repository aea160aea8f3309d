"""A file in, a table out."""

from types import SimpleNamespace

import pytest

from pusher.reading.options import ReadingOptions
from pusher.reading.table import open_table


@pytest.fixture
def read(tmp_path):
    """Reads bytes or text: ``columns`` (name to type), ``rows``, ``log`` (level and sentence), ``table``."""

    def reading(content, dictionary=None, cut_off=False, **options):
        path = tmp_path / "file"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        log = []
        told = {"tell": lambda level, text: log.append((level, text)), "cut_off": cut_off}
        table = open_table(path, tmp_path, ReadingOptions(**options), dictionary, **told)
        rows = [list(row) for batch in table.batches(7) for row in batch.rows]
        columns = {column.name: column.type for column in table.columns}
        return SimpleNamespace(columns=columns, rows=rows, log=log, table=table, count=table.count)

    return reading
