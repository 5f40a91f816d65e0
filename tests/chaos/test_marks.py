"""What counts as a duplicate: the judge of the campaigns is judged itself."""

from __future__ import annotations

import pytest

from tests.chaos.marks import Send, duplicates

_OPEN = Send(1, b"old", 1.0)
_ANSWERED = Send(1, b"old", 1.0, 2.0, b"new")
_FAILED = Send(1, b"old", 1.0, 2.0)
_AGAIN = Send(2, b"old", 5.0)
_REFUSED = Send(1, b"new", 3.0, 4.0)


@pytest.mark.parametrize(
    ("sends", "died", "count"),
    [
        ([_OPEN, _AGAIN], {}, 1),
        ([_OPEN, _AGAIN], {1: 4.0}, 0),
        ([_OPEN, _AGAIN], {1: 6.0}, 1),
        ([_ANSWERED, _AGAIN], {}, 1),
        ([_ANSWERED, _AGAIN], {1: 2.1}, 0),
        ([_ANSWERED, _AGAIN], {1: 4.0}, 1),
        ([_FAILED, _AGAIN], {}, 0),
        ([_ANSWERED, _REFUSED, _AGAIN], {}, 0),
    ],
)
def test_a_duplicate_is_a_token_in_use_or_known_to_be_replaced(
    sends: list[Send], died: dict[int, float], count: int
) -> None:
    """Probing after the sender's death or a failure is none, nor the ladder's last resort."""
    assert duplicates(sends, died) == count
