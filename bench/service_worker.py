"""One web worker as ``tiktok-oauth serve`` runs them, or a bare Starlette app to stand beside it.

    python service_worker.py service DATABASE KEYS RUNTIME
    python service_worker.py bare

Prints its port, then an API key (or a dash), and serves until standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from answer import ACCESS_TOKEN, SCOPE
from machine import put_on_core
from subjects import KEY, REDIRECT, SECRET
from tiktok_oauth import KeyRing
from tiktok_oauth.service.office import open_office
from tiktok_oauth.service.processes.worker import Server
from tiktok_oauth.service.settings import AppSettings, ServiceSettings
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from starlette.requests import Request

_HEADERS = {"cache-control": "no-store"}
_BODY = {
    "access_token": ACCESS_TOKEN,
    "token_type": "Bearer",
    "expires_at": 1_800_000_000,
    "expires_in": 86_400,
    "open_id": "-000" + "0" * 32,
    "client_key": KEY,
    "scopes": SCOPE.split(","),
}


async def _bare(_request: Request) -> Response:
    return Response(json.dumps(_BODY), 200, _HEADERS, "application/json")


def _bare_server() -> uvicorn.Server:
    app = Starlette(routes=[Route("/accounts/{open_id}/token", _bare)])
    return uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None))


def _service(database: str, keys: str, runtime: str, origin: str) -> tuple[uvicorn.Server, str]:
    settings = ServiceSettings(
        apps=(AppSettings(KEY, Secret(SECRET), REDIRECT, ("user.info.basic",)),),
        base_url="https://open.tiktokapis.com",
        authorize_url="https://www.tiktok.com/v2/auth/authorize/",
        public_url=origin,
        database_url=database,
        runtime_directory=Path(runtime),
    )
    office = open_office(settings, KeyRing.from_file(keys), Secret("0" * 64))
    made = asyncio.run(office.registry.create_key("bench", "token"))
    return Server(office), made.secret.reveal()


def main(kind: str, *arguments: str) -> None:
    """Serve until nobody holds the other end of standard input."""
    put_on_core(os.getpid(), 0)
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        port = listener.getsockname()[1]
        if kind == "bare":
            server, key = _bare_server(), "-"
        else:
            server, key = _service(*arguments, origin=f"http://127.0.0.1:{port}")
        print(port, key, flush=True)

        def wait() -> None:
            sys.stdin.read()
            server.should_exit = True

        threading.Thread(target=wait, daemon=True).start()
        server.run([listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
