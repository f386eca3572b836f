#!/usr/bin/env python
"""Runs the portal's commands."""

import os
import sys


def main() -> None:
    """Hand the command line to Django. A fault in the settings is told in its own words, no traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as fault:
        sys.exit(f"{fault}")


if __name__ == "__main__":
    main()
