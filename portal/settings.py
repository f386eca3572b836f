"""Django's settings, from the environment."""

import os
from pathlib import Path

import dj_database_url

from clusters.connection.credentials import Keyring
from clusters.connection.guard import parse_ranges
from clusters.connection.keyfile import make_or_load_keyring

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("TOPMAST_DATA_DIR", BASE_DIR / "data"))

SECRET_KEY = os.environ.get("TOPMAST_SECRET_KEY", "embedded-only")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

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
    "clusters",
    "clusters.access",
    "metrics",
    "portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
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
            ],
        },
    },
]

_SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "topmast.sqlite3",
    "OPTIONS": {
        # Deferred transactions lose writes beside a busy writer; see docs/architecture.md.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA auto_vacuum=INCREMENTAL;PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA journal_size_limit=67108864;"
        ),
    },
}
DATABASES = {
    "default": dj_database_url.parse(os.environ["DATABASE_URL"])
    if os.environ.get("DATABASE_URL")
    else _SQLITE
}
REDIS_URL = os.environ.get("REDIS_URL", f"unix://{DATA_DIR}/valkey/valkey.sock?db=0")

# Opens the cluster credentials; see clusters/connection/keyfile.py.
KEY_FILE = Path(os.environ.get("TOPMAST_KEY_FILE") or DATA_DIR / "cluster.key")
# The private networks that clusters may be in.
CLUSTER_RANGES = parse_ranges(os.environ.get("TOPMAST_CLUSTER_RANGES", "loopback, private"))


def CLUSTER_KEYRING() -> Keyring:
    """The keys of the key file. For processes that read clusters; web has no need of it."""
    return make_or_load_keyring(KEY_FILE)


AUTH_USER_MODEL = "access.User"
PASSWORD_HASHERS = [
    # 50 ms where PBKDF2 takes 400: a sign-in stays quick beside a busy worker.
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = os.environ.get("TOPMAST_TIME_ZONE", "UTC")
LANGUAGE_CODE = "en-gb"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]

# What is kept for how long.
TOPMAST_JOURNAL_DAYS = float(os.environ.get("TOPMAST_JOURNAL_DAYS", "7"))
TOPMAST_JOURNAL_GB = float(os.environ.get("TOPMAST_JOURNAL_GB", "5"))
TOPMAST_USAGE_MINUTES = float(os.environ.get("TOPMAST_USAGE_MINUTES", "60"))
