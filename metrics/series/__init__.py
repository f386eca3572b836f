"""Figures over time: declaration, packing, windows for charts, pruning."""
