"""Django's settings. What the operator may set is in portal.environment; this file turns it into settings.

Embedded is the default: SQLite and a Valkey of our own under the data directory, for one machine.
`TOPMAST_ENV=production` asks for more and gives less away; portal.checks says what is missing.
"""

import os
import sys
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from clusters.connection.credentials import Keyring
from clusters.connection.keyfile import load_keyring, make_or_load_keyring
from portal.api.settings import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 - read by Django
from portal.environment import EnvironmentFault, read_environment
from portal.private_files import read_or_make_secret, read_secret
from portal.redis_address import broker_url

BASE_DIR = Path(__file__).resolve().parent.parent

try:
    ENVIRONMENT = read_environment(os.environ, base_dir=BASE_DIR)
except EnvironmentFault as fault:
    raise ImproperlyConfigured(str(fault)) from None

DATA_DIR = ENVIRONMENT.data_dir
PUBLIC_URL = ENVIRONMENT.public_url

# In production a key is set, or was made by `manage.py up`; portal.checks refuses this default.
DEFAULT_SECRET_KEY = "no-key-set-see-TOPMAST_SECRET_KEY"  # noqa: S105
if ENVIRONMENT.secret_key:
    SECRET_KEY = ENVIRONMENT.secret_key
elif ENVIRONMENT.is_production:
    SECRET_KEY = read_secret(DATA_DIR) or DEFAULT_SECRET_KEY
else:
    SECRET_KEY = read_or_make_secret(DATA_DIR)

DEBUG = ENVIRONMENT.is_debug
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.origin]
SOCKET_ORIGINS = list(ENVIRONMENT.page_origins)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "channels",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "clusters",
    "clusters.access",
    "metrics",
    "metrics.alerts",
    "metrics.notify",
    "portal",
]

MIDDLEWARE = [
    "portal.health.HealthMiddleware",
    "portal.security.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"

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
                "portal.pages.views.page_facts",
            ],
        },
    },
]

# Deferred transactions lose writes beside a busy writer, hence IMMEDIATE; and no ATOMIC_REQUESTS, because
# a page that only reads would take the write lock. auto_vacuum holds only where it is set before the tables.
_SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA auto_vacuum=INCREMENTAL;PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
        # A page that changes every few seconds is copied back to the file once for all of them.
        "PRAGMA wal_autocheckpoint=4000;PRAGMA journal_size_limit=67108864;"
        # 10,000 pods are 5 MB of rows: in less, a batch reads pages anew and writes some twice.
        "PRAGMA cache_size=-8000;"
    ),
}
DATABASES = {
    "default": dj_database_url.parse(
        ENVIRONMENT.database_url or f"sqlite:///{DATA_DIR / 'topmast.sqlite3'}", conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = _SQLITE_OPTIONS

REDIS_URL = ENVIRONMENT.redis_url or f"unix://{DATA_DIR}/valkey/valkey.sock?db=0"
CELERY_BROKER_URL = broker_url(REDIS_URL)

# Opens the cluster credentials; see clusters/connection/keyfile.py.
KEY_FILE = ENVIRONMENT.key_file
# The private networks that clusters may be in.
CLUSTER_RANGES = ENVIRONMENT.cluster_ranges
# The private networks that destinations of messages may be in.
WEBHOOK_RANGES = ENVIRONMENT.webhook_ranges
# How long a new group waits for what else fires, how often it is told about at most, and when again.
GROUP_WAIT_MS = round(ENVIRONMENT.group_wait_seconds * 1000)
GROUP_INTERVAL_MS = round(ENVIRONMENT.group_interval_seconds * 1000)
REPEAT_MS = round(ENVIRONMENT.repeat_seconds * 1000)
# Where Kubernetes puts a pod's own account.
SERVICE_ACCOUNT_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def CLUSTER_KEYRING() -> Keyring:
    """The keys of the key file. For processes that read clusters; web has no need of it."""
    # In production a key made by accident would open nothing and hide that the real one is missing.
    return load_keyring(KEY_FILE) if ENVIRONMENT.is_production else make_or_load_keyring(KEY_FILE)


AUTH_USER_MODEL = "access.User"
PASSWORD_HASHERS = [
    "clusters.access.hashers.LeanArgon2PasswordHasher",
    # Those of before are made anew at the next sign-in.
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"

USE_TZ = True
TIME_ZONE = ENVIRONMENT.time_zone
LANGUAGE_CODE = "en-gb"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]

# What is kept for how long.
TOPMAST_JOURNAL_DAYS = ENVIRONMENT.journal_days
TOPMAST_ALERT_DAYS = ENVIRONMENT.alert_days
TOPMAST_JOURNAL_GB = ENVIRONMENT.journal_gb
TOPMAST_USAGE_MINUTES = ENVIRONMENT.usage_minutes

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Debugging serves the sources; otherwise what collectstatic hashed and compressed.
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# Cookies and headers; portal.security has the content security policy.
SESSION_COOKIE_NAME = "topmast_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_COOKIE_SECURE = ENVIRONMENT.is_https
CSRF_COOKIE_NAME = "topmast_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = ENVIRONMENT.is_https
CSRF_FAILURE_VIEW = "portal.pages.errors.form_refused"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = ENVIRONMENT.is_https and ENVIRONMENT.is_production
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Whether names under the public host are served by https is not ours to promise to browsers.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "portal.logs.TextFormatter"},
        "json": {"()": "portal.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": sys.stderr,
            "formatter": ENVIRONMENT.log_format,
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # One line per thing that happened: requests are the proxy's to count, tasks nobody's.
        "uvicorn.access": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
    },
}
