"""Calls to TikTok's data endpoints with an account's token, which the caller never sees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tiktok_oauth.service.api import finding, problems
from tiktok_oauth.service.api.accounts import json
from tiktok_oauth.service.api.problems import RefusalError
from tiktok_oauth.service.api.reading import read_object
from tiktok_oauth.service.api.values import Data

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tiktok_oauth.service.office import Office

# No dot, no percent sign, no second slash: no way out.
_PATH = re.compile(r"/v2(?:/[A-Za-z0-9_-]+)+/?")
_OUR_OWN = "client_key"


async def call_tiktok(office: Office, request: Request) -> Response:
    """Call one of TikTok's data endpoints."""
    path = _path_of(request)
    pairs = request.query_params.multi_items()
    params = dict(pairs)
    if len(params) < len(pairs):
        raise RefusalError(problems.BAD_REQUEST, "A query parameter is there twice.")
    client_key = params.pop(_OUR_OWN, None)
    body = await read_object(request, office.settings)
    account = await finding.find(office, request.path_params["open_id"], client_key)
    answer = await office.hastened(account.request(request.method, path, params=params, json=body))
    return json(Data(answer))


def _path_of(request: Request) -> str:
    """Where the call goes: below the origin that the settings name, and not to its OAuth part.

    Raises:
        RefusalError: it leads elsewhere.
    """
    path = f"/{request.path_params['path']}"
    # As it came: what somebody has decoded on the way may mean something else to somebody else.
    is_plain = request.scope["raw_path"].endswith(f"/proxy{path}".encode())
    if not is_plain or not _PATH.fullmatch(path) or path.lower().startswith("/v2/oauth"):
        raise RefusalError(
            problems.BAD_REQUEST,
            "Only TikTok's data endpoints are called, such as /v2/video/list/.",
            "Tokens are this service's business: see the token endpoint.",
        )
    return path
