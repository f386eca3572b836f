"""Figures: each beside its yardstick, as docs/performance.md tells."""
