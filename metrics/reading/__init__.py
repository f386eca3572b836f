"""The worker's side of reading: its loop, its database thread, its windows, what it writes each second.

Nothing here decides what a cluster looks like (clusters.mirror) or what a batch is (metrics.pipeline).
"""
