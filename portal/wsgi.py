"""The WSGI entry: ``gunicorn portal.wsgi --worker-class gthread``."""

from __future__ import annotations

import os
import sys

from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()
try:
    call_command("check", stdout=sys.stderr)
except SystemCheckError as refusal:
    # a web server that starts with settings it cannot use would only fail later and in worse places
    sys.exit(str(refusal))
