"""How passwords are kept."""

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.test import override_settings

from clusters.access.models import User
from portal import settings


@pytest.fixture(autouse=True)
def _the_portals_own_hashers():
    with override_settings(PASSWORD_HASHERS=settings.PASSWORD_HASHERS):
        yield


def test_a_password_is_kept_as_argon2id_of_19_mib() -> None:
    assert make_password("correct horse").startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ["scrypt", "pbkdf2_sha256"])
def test_one_kept_in_an_older_way_still_opens_and_is_made_anew(algorithm: str) -> None:
    user = User(username="alice", password=make_password("correct horse", hasher=algorithm))
    user.save()

    assert not user.check_password("wrong horse")
    assert user.check_password("correct horse")
    user.refresh_from_db()
    assert identify_hasher(user.password).algorithm == "argon2"
    assert user.check_password("correct horse")
