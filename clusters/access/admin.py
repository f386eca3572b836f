"""Django admin of users, teams, grants and tokens."""

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from clusters.access.models import ApiToken, Grant, SignInTries, Team, User
from clusters.access.selectors import SelectorError, parse_selector

# Rights are by team; Django's groups would be a second way that nothing asks.
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Who signs in."""

    list_display = ("username", "email", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    filter_horizontal = ()
    readonly_fields = ("access_epoch", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "time_zone", "theme")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "access_epoch")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )


class GrantForm(forms.ModelForm):  # type: ignore[type-arg]
    """A grant of a cluster, or of a selector that can be understood."""

    class Meta:
        model = Grant
        fields = ("team", "cluster", "selector")

    def clean_selector(self) -> str:
        """A selector that nobody understands would show nothing."""
        text: str = self.cleaned_data["selector"]
        try:
            if text:
                parse_selector(text)
        except SelectorError as error:
            raise ValidationError(str(error)) from None
        return text


class GrantInline(admin.TabularInline):  # type: ignore[type-arg]
    """What a team may see."""

    model = Grant
    form = GrantForm
    fields = ("cluster", "selector")
    extra = 0


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """People who look after the same clusters."""

    list_display = ("name", "slug")
    search_fields = ("name",)
    filter_horizontal = ("members",)
    prepopulated_fields = {"slug": ("name",)}
    inlines = (GrantInline,)


@admin.register(Grant)
class GrantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What is granted to whom."""

    form = GrantForm
    list_display = ("team", "cluster", "selector", "namespaces")
    list_select_related = ("team", "cluster")
    fields = ("team", "cluster", "selector")


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The keys of programs. Made and revoked by commands; neither text nor hash is shown."""

    list_display = ("prefix", "user", "name", "scopes", "expires_at_ms", "revoked_at_ms", "last_used_at_ms")
    list_select_related = ("user",)
    exclude = ("hashed",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """create_token prints the text, which a page could not."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """A token that could be given to somebody else would be another one."""
        return False


@admin.register(SignInTries)
class SignInTriesAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who guesses. Deleting a row lets its address try again at once."""

    list_display = ("address", "tries", "last_try_at_ms", "blocked_until_ms")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only tries make one."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SignInTries | None = None) -> bool:
        """Only tries change one."""
        return False
