"""Tests against real API servers. What starts those servers is in rig; no Django below it."""
