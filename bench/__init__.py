"""The figures of docs/performance.md: a real portal, a simulated fleet over HTTPS, and yardsticks beside it.

Run with `make bench` or `python -m bench [FIGURE …]`. What is measured is all of the portal's processes;
the fleet, the pages and the yardsticks are others. Nothing of the portal imports this package.
"""
