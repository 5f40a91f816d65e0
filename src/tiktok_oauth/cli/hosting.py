"""Listening on a port, and what to say when that is not possible."""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_host(host: str, *, expose: bool) -> None:
    """Refuse an interface that other machines reach, unless that was asked for.

    Raises:
        UsageError: ``--expose`` is missing.
    """
    if expose or _is_loopback(host):
        return
    raise click.UsageError(
        f"{host} can be reached from other machines, and everybody there could use this"
        " without signing in. Add --expose if that is what you want."
    )


@contextmanager
def explained(command: str, host: str, port: int) -> Iterator[None]:
    """Turn a port that cannot be had into a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        number = error.errno
    else:
        return
    if number == errno.EADDRINUSE:
        message = (
            f"Port {port} is busy: another program listens there already."
            f" Stop it, or choose another port: tiktok-oauth {command} --port {port + 1}"
        )
    elif number == errno.EACCES:
        message = f"Port {port} needs more rights than you have. Choose one above 1023."
    else:
        message = f"{host} is no address of this machine. Leave --host out to use 127.0.0.1."
    raise click.ClickException(message)


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Raises:
        OSError: the port or the interface cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1_024)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
