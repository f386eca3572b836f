"""Pure values: health, quantities, pod status, requests, roll-out verdicts. No I/O, no Django, no clock."""
