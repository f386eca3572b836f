"""Dark or light: what was chosen in this browser."""

from django.http import HttpRequest

THEMES = ("dark", "light")
THEME_COOKIE = "theme"
THEME_COOKIE_SECONDS = 400 * 86_400


def theme_of_browser(request: HttpRequest) -> str:
    """What was chosen in this browser; dark until something was."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "dark"
