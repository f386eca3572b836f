"""The portal's settings with a data directory that goes away, and static files as they lie in the tree."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_directory = Path(tempfile.mkdtemp(prefix="topmast-tests-"))
atexit.register(shutil.rmtree, _directory, ignore_errors=True)
os.environ["TOPMAST_DATA_DIR"] = str(_directory)

from portal.settings import *  # noqa: E402,F403
from portal.settings import BASE_DIR, STORAGES  # noqa: E402

STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = BASE_DIR / "static"  # WhiteNoise warns of a missing folder.
# A slow hash protects people; tests have none, and make hundreds of them.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
