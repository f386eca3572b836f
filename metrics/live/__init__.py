"""What open pages are told: frames from the workers, the fan-out in each web process, the sockets.

Nothing here decides what is true: the pictures come from clusters.state, the rows from the pipeline."""
