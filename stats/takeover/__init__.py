"""Taking over an installation of ckanpackager: its statistics database and its settings file."""
