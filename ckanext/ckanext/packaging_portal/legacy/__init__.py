"""The names that themes and other extensions use of ckanext-ckanpackager."""
