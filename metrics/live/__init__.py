"""Frames, fan-out and websocket consumers."""
