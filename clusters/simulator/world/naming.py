"""Names and identities as Kubernetes makes them, repeatable with a seed."""

import random

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_HEX = "0123456789abcdef"


def uid(chance: random.Random) -> str:
    """A version 4 UUID."""
    text = f"{chance.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"


def suffix(chance: random.Random) -> str:
    """The five letters at the end of a generated name."""
    return "".join(chance.choices(ALPHABET, k=5))


def template_hash(chance: random.Random) -> str:
    """A pod template's hash."""
    return "".join(chance.choices(ALPHABET, k=chance.choice((9, 10))))


def event_suffix(chance: random.Random) -> str:
    """The sixteen digits at the end of an event's name."""
    return "18" + "".join(chance.choices(_HEX, k=14))
