"""The settings of the portal, all of them read from the environment: see ``.env.example``."""

from __future__ import annotations

import math
import secrets
import sys
from importlib.util import find_spec
from pathlib import Path

from csp.constants import NONE, SELF

from packager.plugins import ask
from portal import plugins
from portal.environment import Environment
from portal.openapi import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from pusher.reading.options import NULL_MARKERS

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
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("127.0.0.1", "localhost"))
PUBLIC_URL = env.address("PUBLIC_URL", "http://127.0.0.1:8000", ("http", "https"))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
TRUSTED_PROXIES = env.proxies("TRUSTED_PROXIES", "1" if env.flag("BEHIND_PROXY", False) else "")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", False)
#: Asked for inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = env.whole("HSTS_SECONDS", 0)
#: Whether other hosts of the domain keep to TLS is not ours to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
FILE_UPLOAD_HANDLERS = ["portal.bodies.NoFiles"]
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
    "portal.apps.LoginsConfig",
    "packager.apps.PackagerConfig",
    "stats",
    "messaging.apps.MessagingConfig",
    "pusher.apps.PusherConfig",
    "ckanpackager_import",
    *(["demo"] if find_spec("demo") else []),  # not in the wheel
    *(app for apps in ask("django_apps") for app in apps),
]
MIDDLEWARE = [
    "portal.health.any_name",  # before everything that asks for the name
    "portal.client_address.middleware",  # before everything that asks who is there
    "portal.bodies.BodyLimit",  # before everything that reads a body
    "pusher.host.PusherHost",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "portal.admin_site.english_admin",
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
#: Seconds to wait for a connection, and for a lock that somebody else holds. The web server has less patience.
DATABASE_PATIENCE = env.whole("DATABASE_PATIENCE", 20, least=1)
# django-q and the gateway give connections back after each task and message; opening one takes as long as the work
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    if DATABASES["default"]["NAME"] != ":memory:":
        DATABASES["default"]["NAME"] = BASE_DIR / DATABASES["default"]["NAME"]
        Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # WAL alone is not enough: without IMMEDIATE two writers fail with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": DATABASE_PATIENCE,
        # 16 MiB of pages: statistics over a year read far more than SQLite's usual 2
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA cache_size=-16000;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": DATABASE_PATIENCE,
        "options": f"-c lock_timeout={DATABASE_PATIENCE}s",
        **DATABASES["default"].get("OPTIONS", {}),
    }

BROKER_URL = env.address("PACKAGER_BROKER_URL", "", ("redis", "rediss", "unix"))
# django-q tells in the cache how its clusters are, so it must be one that all processes share.
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
PACKAGER_STORE_URL = env.text("PACKAGER_STORE_URL")
PACKAGER_STORE_DIRECTORY = env.path("PACKAGER_STORE_DIRECTORY", VAR / "packages", base=BASE_DIR)
PACKAGER_TEMP_DIRECTORY = env.path("PACKAGER_TEMP_DIRECTORY", VAR / "tmp", base=BASE_DIR)
PACKAGER_DOWNLOADS_AT_ONCE = env.whole("PACKAGER_DOWNLOADS_AT_ONCE", 4)
PACKAGER_STORE_REDIRECT = env.flag("PACKAGER_STORE_REDIRECT", False)
PACKAGER_STORE_QUOTA = env.whole("PACKAGER_STORE_QUOTA", 0)
PACKAGER_STORE_EXPIRE_OLDEST = env.flag("PACKAGER_STORE_EXPIRE_OLDEST", True)
PACKAGER_ACCEL_PREFIX = env.text("PACKAGER_ACCEL_PREFIX")
PACKAGER_CACHE_TIME = env.whole("PACKAGER_CACHE_TIME", 86_400)
PACKAGER_EXPIRY_DAYS = env.whole("PACKAGER_EXPIRY_DAYS", 7, least=1)
PACKAGER_PAGE_SIZE = env.whole("PACKAGER_PAGE_SIZE", 32_000, least=1)
PACKAGER_CONNECTIONS = env.whole("PACKAGER_CONNECTIONS", 2, least=1)
PACKAGER_MAX_PAGE_BYTES = env.whole("PACKAGER_MAX_PAGE_BYTES", 256 * 1024**2, least=1024)
PACKAGER_MAX_FILE_BYTES = env.whole("PACKAGER_MAX_FILE_BYTES", 0)
PACKAGER_READ_TIMEOUT = env.whole("PACKAGER_READ_TIMEOUT", 300, least=1)
PACKAGER_CONNECT_TIMEOUT = env.whole("PACKAGER_CONNECT_TIMEOUT", 10, least=1)
PACKAGER_PAGE_ATTEMPTS = env.whole("PACKAGER_PAGE_ATTEMPTS", 5, least=1)
PACKAGER_SLOW_REQUEST = env.whole("PACKAGER_SLOW_REQUEST", 50_000)
PACKAGER_METADATA = env.flag("PACKAGER_METADATA", True)
PACKAGER_CKAN_HOSTS = env.words("PACKAGER_CKAN_HOSTS")
PACKAGER_DATASTORE_URLS = env.json_object("PACKAGER_DATASTORE_URLS")
PACKAGER_DATASTORE_PLUGINS = env.words("PACKAGER_DATASTORE_PLUGINS")
PACKAGER_WEBHOOK_HOSTS = env.words("PACKAGER_WEBHOOK_HOSTS")
PACKAGER_THROTTLE_KEY = env.rate("PACKAGER_THROTTLE_KEY", "600/min")
PACKAGER_THROTTLE_SECRET = env.rate("PACKAGER_THROTTLE_SECRET", "10/min")
PACKAGER_THROTTLE_ADDRESS = env.rate("PACKAGER_THROTTLE_ADDRESS", "1200/min")
PACKAGER_KEEP_ADDRESSES_DAYS = env.whole("PACKAGER_KEEP_ADDRESSES_DAYS", 0)
PACKAGER_KEEP_REQUESTS_DAYS = env.whole("PACKAGER_KEEP_REQUESTS_DAYS", 0)
PACKAGER_ANONYMIZE_EMAILS = env.flag("PACKAGER_ANONYMIZE_EMAILS", False)
PACKAGER_SUCCESS_MESSAGE = env.text(
    "PACKAGER_SUCCESS_MESSAGE",
    "Your package is being created. A link to it will be emailed to you.",
)
PACKAGER_EMAIL_SUBJECT = env.text("PACKAGER_EMAIL_SUBJECT")
PACKAGER_EMAIL_FROM = env.text("PACKAGER_EMAIL_FROM", "Packaging Portal <noreply@localhost>")
PACKAGER_EMAIL_BODY = env.lines("PACKAGER_EMAIL_BODY")
PACKAGER_EMAIL_BODY_HTML = env.lines("PACKAGER_EMAIL_BODY_HTML")
PACKAGER_DOI_BODY = env.lines("PACKAGER_DOI_BODY")
PACKAGER_DOI_BODY_HTML = env.lines("PACKAGER_DOI_BODY_HTML")
PACKAGER_MAILS_PER_ADDRESS = env.rate("PACKAGER_MAILS_PER_ADDRESS", "20/hour")
PACKAGER_DELIVERY_HOURS = env.whole("PACKAGER_DELIVERY_HOURS", 72, least=1)
PACKAGER_DWC_ID_FIELD = env.text("PACKAGER_DWC_ID_FIELD", "_id")
PACKAGER_DWC_CORE_EXTENSION = env.text("PACKAGER_DWC_CORE_EXTENSION")
PACKAGER_DWC_ADDITIONAL_EXTENSIONS = env.words("PACKAGER_DWC_ADDITIONAL_EXTENSIONS")
PACKAGER_DWC_DYNAMIC_TERM = env.text("PACKAGER_DWC_DYNAMIC_TERM", "dynamicProperties")
PACKAGER_DWC_EXTENSION_FIELDS = env.json_object("PACKAGER_DWC_EXTENSION_FIELDS")
DEFAULT_FROM_EMAIL = PACKAGER_EMAIL_FROM

PACKAGER_HEARTBEAT = env.whole("PACKAGER_HEARTBEAT", 2, least=1)
PACKAGER_STALE_AFTER = env.whole("PACKAGER_STALE_AFTER", 60, least=3)
PACKAGER_MAX_PER_REQUESTER = env.whole("PACKAGER_MAX_PER_REQUESTER", 20)
PACKAGER_MAX_LOSSES = env.whole("PACKAGER_MAX_LOSSES", 3, least=1)
PACKAGER_RETRY_MAX_AGE = env.whole("PACKAGER_RETRY_MAX_AGE", 30, least=1)
PACKAGER_BUILD_TIMEOUT = env.whole("PACKAGER_BUILD_TIMEOUT", 6 * 3600, least=60)
PACKAGER_FAST_WORKERS = env.whole("PACKAGER_FAST_WORKERS", 2, least=1)
PACKAGER_SLOW_WORKERS = env.whole("PACKAGER_SLOW_WORKERS", 1, least=1)
PACKAGER_MAIL_WORKERS = env.whole("PACKAGER_MAIL_WORKERS", 2, least=1)
PACKAGER_MIN_RATE = env.whole("PACKAGER_MIN_RATE", 10_000)

# --------------------------------------------------------- messages over AMQP

MESSAGING_URL = ",".join(env.words("MESSAGING_URL"))
if any(url.partition("://")[0] not in ("amqp", "amqps") for url in MESSAGING_URL.split(",") if url):
    must = "MESSAGING_URL must be one address or several with commas, each starting with amqp:// or amqps://."
    env.complain("MESSAGING_URL", must, "Correct MESSAGING_URL in the environment or in .env.")
    MESSAGING_URL = ""
MESSAGING_CA_FILE = env.text("MESSAGING_CA_FILE")
MESSAGING_CERT_FILE = env.text("MESSAGING_CERT_FILE")
MESSAGING_KEY_FILE = env.text("MESSAGING_KEY_FILE")
MESSAGING_EXCHANGE = env.text("MESSAGING_EXCHANGE", "packager")
MESSAGING_INPUT_QUEUE = env.text("MESSAGING_INPUT_QUEUE", "packager.requests")
MESSAGING_INPUT_KEY = env.text("MESSAGING_INPUT_KEY", "request")
MESSAGING_OUTPUT_QUEUE = env.text("MESSAGING_OUTPUT_QUEUE", "packager.responses")
MESSAGING_OUTPUT_KEY = env.text("MESSAGING_OUTPUT_KEY", "result")
MESSAGING_DEAD = env.text("MESSAGING_DEAD", "packager.dead")
MESSAGING_PREFETCH = env.whole("MESSAGING_PREFETCH", 20, least=1)
MESSAGING_HEARTBEAT = env.whole("MESSAGING_HEARTBEAT", 30, least=1)
MESSAGING_PROGRESS_SECONDS = env.whole("MESSAGING_PROGRESS_SECONDS", 5)
MESSAGING_MAX_BYTES = env.whole("MESSAGING_MAX_BYTES", 1 << 20, least=1)
MESSAGING_SITE_ID = env.text("MESSAGING_SITE_ID", "packaging-portal")
MESSAGING_CKAN_SITE_ID = env.text("MESSAGING_CKAN_SITE_ID")
MESSAGING_CKAN_URL = env.text("MESSAGING_CKAN_URL")
MESSAGING_STOP_SECONDS = env.whole("MESSAGING_STOP_SECONDS", 20)
MESSAGING_PID_FILE = env.path("MESSAGING_PID_FILE", VAR / "amqp_gateway.pid", base=BASE_DIR)

# ------------------------------------------------------------------ the pusher

PUSHER_ENABLED = env.flag("PUSHER_ENABLED", False)
PUSHER_HOST = env.text("PUSHER_HOST")
if PUSHER_HOST:
    ALLOWED_HOSTS.append(PUSHER_HOST.partition(":")[0])
PUSHER_SECRET = env.text("PUSHER_SECRET")
PUSHER_CKAN_HOSTS = env.words("PUSHER_CKAN_HOSTS")
PUSHER_DOWNLOAD_HOSTS = env.words("PUSHER_DOWNLOAD_HOSTS")
PUSHER_MAX_BYTES = env.whole("PUSHER_MAX_BYTES", 1_000_000_000, least=1)
PUSHER_EXCERPT_ROWS = env.whole("PUSHER_EXCERPT_ROWS", 0)
PUSHER_DOWNLOAD_TIMEOUT = env.whole("PUSHER_DOWNLOAD_TIMEOUT", 30, least=1)
PUSHER_DOWNLOAD_TRIES = env.whole("PUSHER_DOWNLOAD_TRIES", 5, least=1)
PUSHER_CHUNK_ROWS = env.whole("PUSHER_CHUNK_ROWS", 5000, least=1)
PUSHER_CHUNK_BYTES = env.whole("PUSHER_CHUNK_BYTES", 4_000_000, least=1000)
PUSHER_SLOW_BYTES = env.whole("PUSHER_SLOW_BYTES", 5_000_000)
PUSHER_HEARTBEAT = env.whole("PUSHER_HEARTBEAT", 600, least=1)
PUSHER_KEEP_DAYS = env.whole("PUSHER_KEEP_DAYS", 14)
PUSHER_DATE_ORDER = env.choice("PUSHER_DATE_ORDER", ("dmy", "mdy"))
PUSHER_NULL_MARKERS = env.words("PUSHER_NULL_MARKERS", NULL_MARKERS)
PUSHER_FALLBACK_ENCODING = env.encoding("PUSHER_FALLBACK_ENCODING", "cp1252")
PUSHER_DATASTORE_WRITE_URL = env.text("PUSHER_DATASTORE_WRITE_URL")

# ------------------------------------------------------------------- the queue

Q_CLUSTER_NAME = env.text("Q_CLUSTER_NAME", "fast")
#: What builds wait in; ``mail`` is the cluster of deliveries and schedules, which no build holds up.
QUEUES = ("fast", "slow")
CLUSTERS = (*QUEUES, "mail")
#: A worker whose peak came above this is replaced after its task: Python seldom gives back what a large build took.
#: As getrusage counts: KiB, but bytes on macOS.
WORKER_MEMORY = 150 * (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _cluster(workers: int, timeout: int = PACKAGER_BUILD_TIMEOUT) -> dict[str, object]:
    # A task is locked from the moment it is prefetched, so `retry` must outlast everything queued before it.
    rounds = 1 + math.ceil(2 / workers)
    return {
        "workers": workers,
        "timeout": timeout,
        "retry": timeout * rounds + 60,
        "queue_limit": 1,
        "recycle": 500,
        "max_rss": WORKER_MEMORY,
        "ack_failures": True,
        "max_attempts": 1,
        # for each success that it keeps, django-q reads all that it kept before
        "save_limit": -1,
        "catch_up": False,
        "label": "Task queue",
    }


Q_CLUSTER: dict[str, object] = {
    "name": "fast",
    **_cluster(PACKAGER_FAST_WORKERS),
    "ALT_CLUSTERS": {
        "slow": _cluster(PACKAGER_SLOW_WORKERS),
        "mail": _cluster(PACKAGER_MAIL_WORKERS, timeout=3600),
    },
    **({"redis": BROKER_URL} if BROKER_URL else {"orm": "default", "poll": 0.2}),
}

# --------------------------------------------------------------------- the API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["packager.api.bodies.JsonBody"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "NUM_PROXIES": 0,  # portal.client_address has found the client
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
        **{name: {"level": "WARNING"} for name in ("boto3", "botocore")},  # below it they tell of keys and signatures
    },
}
SENTRY_DSN = env.text("SENTRY_DSN")

for _name, _value in {name: value for part in ask("default_settings") for name, value in part.items()}.items():
    globals().setdefault(_name, _value)
SETTING_PROBLEMS = env.problems
