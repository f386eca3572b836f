"""Readings of metrics.k8s.io, and packed pod usage."""
