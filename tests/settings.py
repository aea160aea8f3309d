"""Settings of the tests: the portal's own, in an environment of the tests' making."""

import os
import tempfile

ROOT = tempfile.mkdtemp(prefix="packaging-portal-tests-")
os.environ.update(
    {
        "SECRET_KEY": "a key for the tests only",
        "DEBUG": "false",
        "PACKAGER_SECRET": "open sesame",
        "PACKAGER_STORE_DIRECTORY": f"{ROOT}/packages",
        "PACKAGER_TEMP_DIRECTORY": f"{ROOT}/tmp",
        "PACKAGER_CKAN_HOSTS": "127.0.0.1,localhost",
        "PUSHER_ENABLED": "true",
        "PUBLIC_URL": "http://portal.test",
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost,portal.test",
        "EMAIL_URL": "memorymail://",
        "PLUGINS": "",
        "DJANGO_LIVE_TEST_SERVER_ADDRESS": "127.0.0.1",
    }
)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{ROOT}/portal.sqlite3")

from portal.settings import *  # noqa: E402, F403

# a file, not memory: threads and processes of the tests share it
DATABASES["default"]["TEST"] = {"NAME": f"{ROOT}/test.sqlite3"} if SQLITE else {}  # noqa: F405
AXES_ENABLED = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
