"""Takes over an installation of ckanpackager: its statistics into the tables, its settings as an ``.env``."""
