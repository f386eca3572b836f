"""The addresses of signing in and out. Included before Django admin's own."""

from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.generic import TemplateView

from portal.accounts import views

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
    path("password/", views.ChangePassword.as_view(), name="change_password"),
    path(
        "password/done/",
        login_required(TemplateView.as_view(template_name="pages/change_password_done.html")),
        name="change_password_done",
    ),
    path("admin/login/", views.sign_in_for_admin),
]
