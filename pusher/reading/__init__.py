"""From a URL to a typed table: plain Python, no Django.

``download`` fetches, ``unpack`` finds the table in what came, ``workbook`` and ``delimited`` read rows of cells,
``header`` and ``names`` find the columns, ``judge`` looks at every cell for their types, ``table`` puts it together.
"""
