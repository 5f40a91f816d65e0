"""The recorded samples of ``tests/wire`` as values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "wire"
_API = "https://open.tiktokapis.com"


@dataclass(frozen=True, slots=True)
class Sample:
    """One file."""

    name: str
    endpoint: str
    status: int | None
    grant_type: str | None
    headers: dict[str, str]
    body: Any
    query: dict[str, str] | None
    delivered_to: str | None

    @property
    def route(self) -> str:
        """The endpoint without our API's origin: ``POST /v2/oauth/token/``."""
        return self.endpoint.replace(_API, "")

    @property
    def raw(self) -> bytes:
        """The body as TikTok's encoder writes it: no spaces, and ``&`` escaped."""
        if self.body is None:
            return b""
        return json.dumps(self.body, separators=(",", ":")).replace("&", r"\u0026").encode()

    @property
    def said(self) -> tuple[str, str, str] | None:
        """Error string, sentence and log ID of a refusal; None for a success."""
        if not isinstance(self.body, dict):
            return None
        error = self.body.get("error", self.body if "code" in self.body else None)
        if isinstance(error, str):
            return error, self.body["error_description"], self.body["log_id"]
        if isinstance(error, dict) and error["code"] != "ok":
            return error["code"], error["message"], error["log_id"]
        return None


def _read(path: Path) -> Sample:
    given = json.loads(path.read_text("utf-8"))
    raw = given.get("raw")
    raw = raw if isinstance(raw, dict) else {}
    return Sample(
        name=path.stem,
        endpoint=given["endpoint"],
        status=given.get("http_status"),
        grant_type=given.get("request", {}).get("grant_type"),
        headers=given.get("headers", {}),
        body=given.get("body"),
        query=raw.get("query"),
        delivered_to=raw.get("delivered_to"),
    )


SAMPLES = tuple(_read(path) for path in sorted(_FOLDER.glob("*.json")))
