"""One file per Kubernetes kind: where to read it, which fields we keep, how an object becomes a Resource.

Adding a kind adds a file and edits no list. No I/O in here."""
