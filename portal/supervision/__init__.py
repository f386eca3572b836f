"""Runs the portal's processes as children on one machine: what `manage.py up` does.

Here is how they are started, watched, restarted and stopped. What they do is none of its business.
"""
