"""API keys and their scopes, the CKAN sites that are served, encryption, and what must not reach a log."""
