"""Signing in and out, and one's own password.

Sessions are in the database, and Django changes their key at sign-in.
"""

from typing import Any

from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.http import urlencode

from portal.accounts.forms import ChangePasswordForm, SignInForm


class SignIn(LoginView):
    """The sign-in page. `next` leads only to addresses of this portal."""

    authentication_form = SignInForm
    template_name = "pages/sign_in.html"


class SignOut(LogoutView):
    """Ends the session, by POST only: a link elsewhere must not sign anybody out."""

    next_page = "sign_in"
    http_method_names = ["post", "options"]


class ChangePassword(PasswordChangeView):
    """One's own password. All other sessions of the user end."""

    form_class = ChangePasswordForm
    template_name = "pages/change_password.html"
    success_url = reverse_lazy("change_password_done")

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form counts tries by address."""
        return {**super().get_form_kwargs(), "address": self.request.META.get("REMOTE_ADDR")}


def sign_in_for_admin(request: HttpRequest) -> HttpResponse:
    """Django admin's own sign-in page knows no limit on guessing, so ours takes its place."""
    if request.user.is_authenticated:
        raise Http404
    target = urlencode({"next": request.GET.get("next", "/admin/")})
    return redirect(f"{reverse_lazy('sign_in')}?{target}")
