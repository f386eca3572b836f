"""The forms in which a password is typed; guessing is slow in each."""

import time
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.utils.translation import gettext_lazy as _

from clusters.access import sign_in
from clusters.access.models import User

_WAIT = _("Too many tries from here. Wait 30 seconds, then try again.")


class SignInForm(AuthenticationForm):
    """Name and password, with a limit on guessing. Its answers are the same for names that exist and not."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("That name and password do not match. Both are case-sensitive."),
        "wait": _WAIT,
    }

    def clean(self) -> dict[str, Any]:
        """Look at the password, if this try may be looked at."""
        account = self.cleaned_data.get("username")
        password = self.cleaned_data.get("password")
        if not account or not password:
            return self.cleaned_data
        address = self.request.META.get("REMOTE_ADDR") if self.request else None
        if not sign_in.may_try(account, address, time.time_ns() // 1_000_000):
            raise forms.ValidationError(self.error_messages["wait"], code="wait")
        cleaned: dict[str, Any] = super().clean()
        sign_in.succeeded(account, address)
        return cleaned


class ChangePasswordForm(PasswordChangeForm):
    """The old password and the new one, twice. In an open browser one guesses as slowly as elsewhere."""

    def __init__(self, user: User, *args: Any, address: str | None, **options: Any) -> None:
        super().__init__(user, *args, **options)
        self._address = address

    def clean_old_password(self) -> str:
        """Look at the old password, if this try may be looked at."""
        account = self.user.get_username()
        if not sign_in.may_try(account, self._address, time.time_ns() // 1_000_000):
            raise forms.ValidationError(_WAIT, code="wait")
        old_password: str = super().clean_old_password()
        sign_in.succeeded(account, self._address)
        return old_password
