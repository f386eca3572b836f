"""REST over alerts, their rules, silences and destinations."""
