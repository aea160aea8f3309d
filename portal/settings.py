"""The settings of the portal, all of them read from the environment: see ``.env.example``."""

from __future__ import annotations

import math
import secrets
import sys
from importlib.util import find_spec
from pathlib import Path

from csp.constants import NONE, SELF

from packager import VERSION
from portal import plugins
from portal.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"
env = Environment(BASE_DIR / ".env")

# ------------------------------------------------------------------ the site

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG:
        env.complain(
            "SECRET_KEY",
            "SECRET_KEY is not set.",
            "Set SECRET_KEY to a long random text and keep it: links, encrypted keys and logins depend on it.",
        )
    SECRET_KEY = secrets.token_urlsafe(50)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("127.0.0.1", "localhost"))
PUBLIC_URL = env.address("PUBLIC_URL", "http://127.0.0.1:8000", ("http", "https"))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY", False) else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PLUGINS = env.words("PLUGINS")
plugins.load(PLUGINS, env)

INSTALLED_APPS = [
    "portal.apps.StaffConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "portal.apps.PortalConfig",  # before django_q: it has a command of the same name
    "django_q",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "axes",
    "packager.apps.PackagerConfig",
    "stats",
    "ckanpackager_import",
    *(["demo"] if find_spec("demo") else []),  # not in the wheel
    *plugins.django_apps(),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 1  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# ------------------------------------------------------- language, time, files

LANGUAGE_CODE = env.text("LANGUAGE_CODE", "en")
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["portal.formats"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True  # nothing to collect: the files are served from where they were installed

# ----------------------------------------------------------- database and cache

DATABASES = {"default": env.database("DATABASE_URL", "sqlite:///var/portal.sqlite3")}
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    if DATABASES["default"]["NAME"] != ":memory:":
        DATABASES["default"]["NAME"] = BASE_DIR / DATABASES["default"]["NAME"]
        Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # WAL alone is not enough: without IMMEDIATE two writers fail with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # 16 MiB of pages: statistics over a year read far more than SQLite's usual 2
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA cache_size=-16000;",
    }
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

BROKER_URL = env.address("PACKAGER_BROKER_URL", "", ("redis", "rediss", "unix"))
# The throttles live in the cache, so it must be one that all processes share.
if SQLITE:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(Path(DATABASES["default"]["NAME"]).parent / "cache"),
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}}

# ------------------------------------------------------------------------ mail

vars().update(
    env.mail("EMAIL_URL")
    or {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": str(VAR / "mail")}
)
EMAIL_TIMEOUT = env.whole("EMAIL_TIMEOUT", 30, least=1)

# ---------------------------------------------------------------- the packager

PACKAGER_SECRET = env.text("PACKAGER_SECRET")
PACKAGER_STORE_DIRECTORY = env.path("PACKAGER_STORE_DIRECTORY", VAR / "packages", base=BASE_DIR)
PACKAGER_TEMP_DIRECTORY = env.path("PACKAGER_TEMP_DIRECTORY", VAR / "tmp", base=BASE_DIR)
PACKAGER_ACCEL_PREFIX = env.text("PACKAGER_ACCEL_PREFIX")
PACKAGER_CACHE_TIME = env.whole("PACKAGER_CACHE_TIME", 86_400)
PACKAGER_EXPIRY_DAYS = env.whole("PACKAGER_EXPIRY_DAYS", 7, least=1)
PACKAGER_PAGE_SIZE = env.whole("PACKAGER_PAGE_SIZE", 32_000, least=1)
PACKAGER_CONNECTIONS = env.whole("PACKAGER_CONNECTIONS", 2, least=1)
PACKAGER_READ_TIMEOUT = env.whole("PACKAGER_READ_TIMEOUT", 300, least=1)
PACKAGER_CONNECT_TIMEOUT = env.whole("PACKAGER_CONNECT_TIMEOUT", 10, least=1)
PACKAGER_PAGE_ATTEMPTS = env.whole("PACKAGER_PAGE_ATTEMPTS", 5, least=1)
PACKAGER_SLOW_REQUEST = env.whole("PACKAGER_SLOW_REQUEST", 50_000)
PACKAGER_METADATA = env.flag("PACKAGER_METADATA", True)
PACKAGER_CKAN_HOSTS = env.words("PACKAGER_CKAN_HOSTS")
PACKAGER_WEBHOOK_HOSTS = env.words("PACKAGER_WEBHOOK_HOSTS")
PACKAGER_THROTTLE_KEY = env.rate("PACKAGER_THROTTLE_KEY", "600/min")
PACKAGER_THROTTLE_ADDRESS = env.rate("PACKAGER_THROTTLE_ADDRESS", "1200/min")
PACKAGER_ANONYMIZE_EMAILS = env.flag("PACKAGER_ANONYMIZE_EMAILS", False)
PACKAGER_SUCCESS_MESSAGE = env.text(
    "PACKAGER_SUCCESS_MESSAGE",
    "The resource will be extracted, and a link to the package will be e-mailed to the address that was given.",
)
PACKAGER_EMAIL_SUBJECT = env.text("PACKAGER_EMAIL_SUBJECT")
PACKAGER_EMAIL_FROM = env.text("PACKAGER_EMAIL_FROM", "Packaging Portal <noreply@localhost>")
PACKAGER_EMAIL_BODY = env.lines("PACKAGER_EMAIL_BODY")
PACKAGER_EMAIL_BODY_HTML = env.lines("PACKAGER_EMAIL_BODY_HTML")
PACKAGER_DOI_BODY = env.lines("PACKAGER_DOI_BODY")
PACKAGER_DOI_BODY_HTML = env.lines("PACKAGER_DOI_BODY_HTML")
PACKAGER_DELIVERY_HOURS = env.whole("PACKAGER_DELIVERY_HOURS", 72, least=1)
PACKAGER_DWC_ID_FIELD = env.text("PACKAGER_DWC_ID_FIELD", "_id")
PACKAGER_DWC_CORE_EXTENSION = env.text("PACKAGER_DWC_CORE_EXTENSION")
PACKAGER_DWC_ADDITIONAL_EXTENSIONS = env.words("PACKAGER_DWC_ADDITIONAL_EXTENSIONS")
PACKAGER_DWC_DYNAMIC_TERM = env.text("PACKAGER_DWC_DYNAMIC_TERM", "dynamicProperties")
PACKAGER_DWC_EXTENSION_FIELDS = env.json_object("PACKAGER_DWC_EXTENSION_FIELDS")
DEFAULT_FROM_EMAIL = PACKAGER_EMAIL_FROM

PACKAGER_HEARTBEAT = env.whole("PACKAGER_HEARTBEAT", 2, least=1)
PACKAGER_STALE_AFTER = env.whole("PACKAGER_STALE_AFTER", 60, least=3)
PACKAGER_MAX_LOSSES = env.whole("PACKAGER_MAX_LOSSES", 3, least=1)
PACKAGER_RETRY_MAX_AGE = env.whole("PACKAGER_RETRY_MAX_AGE", 30, least=1)
PACKAGER_BUILD_TIMEOUT = env.whole("PACKAGER_BUILD_TIMEOUT", 6 * 3600, least=60)
PACKAGER_FAST_WORKERS = env.whole("PACKAGER_FAST_WORKERS", 2, least=1)
PACKAGER_SLOW_WORKERS = env.whole("PACKAGER_SLOW_WORKERS", 1, least=1)

# ------------------------------------------------------------------- the queue

Q_CLUSTER_NAME = env.text("Q_CLUSTER_NAME", "fast")
QUEUES = ("fast", "slow")
#: A worker whose peak came above this is replaced after its task: Python seldom gives back what a large build took.
#: As getrusage counts: KiB, but bytes on macOS.
WORKER_MEMORY = 150 * (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _cluster(workers: int) -> dict[str, object]:
    # A task is locked from the moment it is prefetched, so `retry` must outlast everything queued before it.
    rounds = 1 + math.ceil(2 / workers)
    return {
        "workers": workers,
        "timeout": PACKAGER_BUILD_TIMEOUT,
        "retry": PACKAGER_BUILD_TIMEOUT * rounds + 60,
        "queue_limit": 1,
        "recycle": 500,
        "max_rss": WORKER_MEMORY,
        "ack_failures": True,
        "max_attempts": 1,
        "save_limit": 1000,
        "catch_up": False,
        "label": "Task queue",
    }


Q_CLUSTER: dict[str, object] = {
    "name": "fast",
    **_cluster(PACKAGER_FAST_WORKERS),
    "ALT_CLUSTERS": {"slow": _cluster(PACKAGER_SLOW_WORKERS)},
    **({"redis": BROKER_URL} if BROKER_URL else {"orm": "default", "poll": 0.2}),
}

# --------------------------------------------------------------------- the API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    # X-Forwarded-For is believed only where a proxy of ours writes it
    "NUM_PROXIES": 1 if SECURE_PROXY_SSL_HEADER else 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Packaging Portal",
    "DESCRIPTION": "Gets data out of a CKAN data portal, whole, correct and fast, to the person who asked for it.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "packager.api.v1.schema.complete",
    ],
    "TAGS": [
        {"name": "requests", "description": "Packages that you ask for."},
        {"name": "errors", "description": "What went wrong."},
        {"name": "statistics", "description": "Sums without personal data."},
        {"name": "portal", "description": "What this portal is and can do."},
    ],
}

# ------------------------------------------------------------- logs and faults

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "packager.security.redaction.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django-q": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "axes": {"level": "WARNING"},
    },
}
SENTRY_DSN = env.text("SENTRY_DSN")

for _name, _value in plugins.default_settings().items():
    globals().setdefault(_name, _value)
SETTING_PROBLEMS = env.problems
