"""The JSON body of a data call, into a typed value."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from tiktok_oauth.sandbox.visit import ApiRefusal

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.visit import Visit

T = TypeVar("T")


def read_json(visit: Visit, shape: type[T]) -> T:
    """Return the body; an empty one counts as ``{}``.

    Raises:
        ApiRefusal: it is no JSON of this shape.
    """
    try:
        return msgspec.json.decode(visit.call.body or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        words = str(wrong)
    raise ApiRefusal(400, "invalid_params", words, with_data=False)
