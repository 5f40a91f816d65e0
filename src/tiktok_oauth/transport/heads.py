"""The head of a request, as it goes over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiktok_oauth.protocol.http import HttpRequest

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def head_of(
    request: HttpRequest, target: str, host: str, further: Iterable[tuple[str, str]] = ()
) -> bytes:
    """Write a request's first line and its headers.

    Args:
        request: the request.
        target: what goes into the first line.
        host: the name it asks for, with its port where that is not the scheme's own.
        further: headers for the proxy that passes it on.

    Raises:
        ValueError: a header holds a line break. Nothing was sent.
    """
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    lines += [f"{name}: {value}" for name, value in further]
    if request.body is not None or request.method in _WITH_BODY:
        lines.append(f"Content-Length: {len(request.body or b'')}")
    lines += ("", "")
    head = "\r\n".join(lines)
    if not head.count("\r") == head.count("\n") == len(lines) - 1:
        raise ValueError("a header holds a line break")
    return head.encode("latin-1")
