"""Pages that start after the last row of the page before: the last is as quick as the first."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F, Field, Model, QuerySet, Value
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

Row = TypeVar("Row", bound=Model)

_LARGEST_NUMBER = 2**63 - 1


class Page(NamedTuple, Generic[Row]):
    """Some rows in order, and the cursor of the next page; None on the last."""

    rows: list[Row]
    cursor: str | None


def page_of(rows: QuerySet[Row], keys: Sequence[str], *, size: int, cursor: str) -> Page[Row]:
    """The page after `cursor` (empty: the first), ordered by `keys`, which together tell two rows apart."""
    if cursor:
        rows = rows.filter(_after(rows.model, keys, _opened(cursor)))
    found = list(rows.order_by(*keys)[: size + 1])
    if len(found) <= size:
        return Page(found, None)
    last = found[size - 1]
    return Page(found[:size], _sealed([getattr(last, key) for key in keys]))


def next_address(request: Request, cursor: str | None) -> str | None:
    """The full address of the next page, under the address that people use."""
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    return f"{origin(request)}{request.path}?{query.urlencode()}"


def origin(request: Request) -> str:
    """Scheme, host and port that people use: behind a proxy that ends TLS only the public address tells."""
    public: str = getattr(settings, "PUBLIC_URL", "")
    if urlsplit(public).netloc == request.get_host():
        return public
    return f"{request.scheme}://{request.get_host()}"


def _after(model: type[Model], keys: Sequence[str], values: list[Any]) -> TupleGreaterThan:
    fields = [cast("Field[Any, Any]", model._meta.get_field(key)) for key in keys]
    wanted = [int if field.get_internal_type() in _WHOLE else str for field in fields]
    if [type(value) for value in values] != wanted:
        raise _bad_cursor()
    # One comparison of whole tuples, which an index answers; spelled out with OR, none would.
    return TupleGreaterThan(
        Tuple(*(F(field.attname) for field in fields)),
        tuple(Value(value, output_field=field) for value, field in zip(values, fields, strict=True)),
    )


_WHOLE = ("BigAutoField", "AutoField", "BigIntegerField", "ForeignKey")


def _sealed(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def _opened(cursor: str) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise _bad_cursor() from None
    if not isinstance(values, list) or not all(_is_storable(value) for value in values):
        raise _bad_cursor()
    return values


def _is_storable(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) <= _LARGEST_NUMBER
    return isinstance(value, str) and "\x00" not in value and value.isprintable()


def _bad_cursor() -> ValidationError:
    message = _("This cursor is of no page of this list. Begin again without one.")
    return ValidationError({"cursor": [message]}, code="bad_cursor")
