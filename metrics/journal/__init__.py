"""Changes in order, keyframes, replay, compaction, pruning."""
