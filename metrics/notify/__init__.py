"""Whom we tell of alerts, and the proof that they were told."""
