"""Finding the rows that tell of one object, inside the database."""

from typing import Any

from django.db.models import BinaryField, BooleanField, F, Func, Value


class KeysHold(Func):
    """True for rows whose `keys` hold one object's hash, or by rare chance only seem to.

    The database looks, so that the keys of a week need not travel. Both functions look for bytes inside
    bytes; they differ in name and in the order of what they are given.
    """

    output_field = BooleanField()

    def __init__(self, key: bytes) -> None:
        super().__init__(F("keys"), Value(key, output_field=BinaryField()))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """`INSTR(keys, key)`."""
        return self.as_sql(compiler, connection, template="(INSTR(%(expressions)s) > 0)", **context)  # type: ignore[return-value]

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """`POSITION(key IN keys)`."""
        turned = self.copy()
        turned.set_source_expressions(self.get_source_expressions()[::-1])
        template = "(POSITION(%(expressions)s) > 0)"
        return turned.as_sql(compiler, connection, template=template, arg_joiner=" IN ", **context)  # type: ignore[return-value]
