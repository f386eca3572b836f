"""Server-rendered pages. They show what was stored and never read a cluster."""
