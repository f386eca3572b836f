"""What we keep and whom we tell: pipeline, journal, usage, series, live. Never imports portal."""
