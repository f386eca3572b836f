"""The trimmed copy of one cluster and its totals: list + watch in, changes out."""
