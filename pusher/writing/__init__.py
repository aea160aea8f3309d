"""A table into CKAN's DataStore: by CKAN's API (``api``), or straight into its database (``copy``). No Django.

Both load a whole table in place of the one that is there, and know what CKAN makes of a table besides its rows.
"""
