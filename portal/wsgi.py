"""The WSGI entry: ``gunicorn portal.wsgi --worker-class gthread``. Short, for nobody else may import it."""

from __future__ import annotations

import os
import sys

from django.core.management.base import BaseCommand, SystemCheckError
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("DATABASE_PATIENCE", "5")  # people wait, and so do those behind them
application = get_wsgi_application()
try:
    BaseCommand().check()
except SystemCheckError as refusal:
    # a web server that starts with settings it cannot use would only fail later and in worse places
    sys.exit(str(refusal))
