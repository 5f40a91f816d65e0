"""Plays a recorded sample again: makes the sandbox give the answer that the sample has."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.sandbox.visitor import authorize_path
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.knobs import PROFILES
from tiktok_oauth.sandbox.outbox import Dispatch, seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.visitor import Answer, Visitor

SCOPES = "user.info.basic,user.info.profile,user.info.stats,video.publish,video.upload,video.list"
TOKEN, REVOKE = "/v2/oauth/token/", "/v2/oauth/revoke/"
QR_GET, QR_CHECK = "/v2/oauth/get_qrcode/", "/v2/oauth/check_qrcode/"
POSTING = "/v2/post/publish/"
PULLED: dict[str, object] = {"source": "PULL_FROM_URL", "video_url": "https://app.example/a.mp4"}
YEAR = PROFILES["2025"].refresh_ttl


@dataclass(frozen=True)
class Reply:
    """What the sandbox gave, in a sample's terms."""

    status: int | None
    body: Any = None
    query: dict[str, str] | None = None
    signature: str = ""


class Stage:
    """A sandbox, set up for one sample."""

    def __init__(self, guest: Visitor, sample: dict[str, Any]) -> None:
        self.guest = guest
        self.sandbox = guest.sandbox
        self.sample = sample
        self.body: dict[str, Any] = sample.get("body") or {}

    def play(self) -> Reply:
        """Return the sandbox's answer to what the sample was an answer to."""
        method, _, address = self.sample["endpoint"].partition(" ")
        path = urlsplit(address).path
        if "callback URL" in address:
            return self._webhook()
        if path.endswith("/v2/auth/authorize/"):
            return self._authorize()
        if self.sample.get("http_status") == 404:
            return Reply(self.guest.send(method, path, b"").status)
        plays: dict[str, Callable[[], Answer]] = {
            TOKEN: self._token,
            REVOKE: self._revoke,
            QR_GET: self._qr_get,
            QR_CHECK: self._qr_check,
            "/v2/user/info/": self._user_info,
            "/v2/video/list/": self._video_list,
            POSTING + "creator_info/query/": self._creator_info,
            POSTING + "video/init/": self._video_init,
            POSTING + "inbox/video/init/": self._inbox_init,
            POSTING + "status/fetch/": self._status,
        }
        answer = plays[path]()
        return Reply(answer.status, answer.json)

    def _token(self) -> Answer:
        kind = self.sample.get("request", {}).get("grant_type", "authorization_code")
        if "error" in self.body:
            return self.guest.exchange(**{"grant_type": kind, **self._mistake()})
        if self.body["expires_in"] == PROFILES["2025"].access_ttl:
            knobs = PROFILES["2025"]
            self.sandbox.turn(access_ttl=knobs.access_ttl, refresh_ttl=knobs.refresh_ttl)
        if kind == "client_credentials":
            return self.guest.call(TOKEN, grant_type=kind)
        answer = self.guest.exchange(code=self.guest.code(scope=self.body["scope"]))
        if kind == "refresh_token":
            self.sandbox.advance(YEAR - self.body["refresh_expires_in"])
            return self.guest.refresh(answer.json["refresh_token"])
        return answer

    def _mistake(self) -> dict[str, str]:
        """Return what to do wrong, to be told what the sample tells."""
        mistakes = {
            "Redirect_uri is not matched with the uri when requesting code.": {
                "redirect_uri": "https://app.example/other"
            },
            "The request parameters are malformed.": {"client_key": ""},
            "Client secret is missed in request.": {"client_secret": ""},
            "Authorization code is expired.": {"code": "spent"},
            "Refresh token is invalid or expired.": {"refresh_token": ""},
        }
        return mistakes[self.body["error_description"]]

    def _revoke(self) -> Answer:
        token = "" if "error" in self.body else self.guest.token(SCOPES)
        return self.guest.call(REVOKE, token=token)

    def _qr_get(self) -> Answer:
        scope = "" if "error" in self.body else "user.info.basic"
        return self.guest.post(QR_GET, client_key=DEFAULT_APP.client_key, scope=scope)

    def _qr_check(self) -> Answer:
        shown = self.guest.post(QR_GET, client_key=DEFAULT_APP.client_key, scope=SCOPES).json
        url = shown["scan_qrcode_url"].replace("tobefilled", "your_ticket_string")
        status = self.body["status"]
        if status == "scanned":
            self.sandbox.scan_qr(url)
        if status in ("confirmed", "utilised"):
            self.sandbox.confirm_qr(url)
        if status == "utilised":
            self.guest.call(QR_CHECK, token=shown["token"])
        if status == "expired":
            self.sandbox.advance(300)
        return self.guest.call(QR_CHECK, token=shown["token"])

    def _user_info(self) -> Answer:
        user = self.body["data"].get("user", {})
        self._become(
            bio=user.get("bio_description"),
            display_name=user.get("display_name"),
            followers=user.get("follower_count"),
            following=user.get("following_count"),
            is_verified=user.get("is_verified"),
            likes=user.get("likes_count"),
            username=user.get("username"),
            videos=user.get("video_count"),
        )
        return self.guest.get(
            "/v2/user/info/?fields=" + ",".join(reversed(user)), self.guest.token(SCOPES)
        )

    def _video_list(self) -> Answer:
        self._become(videos=len(self.body["data"]["videos"]))
        return self.guest.data("/v2/video/list/?fields=id", self.guest.token(SCOPES))

    def _creator_info(self) -> Answer:
        data = self.body["data"]
        self._become(
            display_name=data["creator_nickname"],
            is_private="FOLLOWER_OF_CREATOR" in data["privacy_level_options"],
            longest_video=data["max_video_post_duration_sec"],
            username=data["creator_username"],
        )
        return self.guest.data(POSTING + "creator_info/query/", self.guest.token(SCOPES))

    def _video_init(self) -> Answer:
        source = PULLED
        if "unaudited" in self.body["error"]["code"]:
            self.sandbox.add_app(replace(DEFAULT_APP, audited=False))
        if "chunk" in self.body["error"]["message"]:
            source = {"source": "FILE_UPLOAD", "video_size": 9, "chunk_size": 8}
        fields = {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": source}
        return self.guest.data(POSTING + "video/init/", self.guest.token(SCOPES), fields)

    def _inbox_init(self) -> Answer:
        fields = {"source_info": PULLED}
        return self.guest.data(POSTING + "inbox/video/init/", self.guest.token(SCOPES), fields)

    def _status(self) -> Answer:
        fields = {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": PULLED}
        token = self.guest.token(SCOPES)
        post = self.guest.data(POSTING + "video/init/", token, fields).json["data"]
        if self.body["data"]["status"] == "PUBLISH_COMPLETE":
            self.sandbox.advance(10)
        return self.guest.data(POSTING + "status/fetch/", token, post)

    def _authorize(self) -> Reply:
        raw = self.sample["raw"]
        wrong: dict[str, dict[str, str | None]] = {
            "unauthorized_client": {"client_key": "awunknown"},
            "param_error": {"client_key": None},
            "invalid_request": {"redirect_uri": "https://app.example/callback?no=1"},
            "invalid_scope": {"scope": "user.info.basic video.list"},
        }
        if raw["delivered_to"] == "callback":
            url = authorize_path(scope=raw["query"].get("scopes", "user.info.basic"))
            location = self.sandbox.authorize(url, decision="code" in raw["query"])
        else:
            location = self.guest.get(authorize_path(**wrong[raw["query"]["error"]])).headers[
                "location"
            ]
        return Reply(None, query=dict(parse_qsl(urlsplit(location).query)))

    def _webhook(self) -> Reply:
        app = replace(DEFAULT_APP, webhook_url="http://127.0.0.1:1/")
        content = json.loads(self.body.get("content", "{}"))
        with self.sandbox.live as (world, now):
            world.apps[app.client_key] = app
            event = self.body.get("event", "authorization.removed")
            world.notify(now, app.client_key, event, "mina", content)
            notice = world.notices.pop()
        parcel = seal(Dispatch(1, notice, now), app, now, renewed=True)
        return Reply(None, json.loads(parcel.body), signature=parcel.signature)

    def _become(self, **changes: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Make the first person who they are in the sample, but for what it leaves out."""
        told = {
            name: value
            for name, value in changes.items()
            if value is not None and "<" not in str(value)
        }
        self.sandbox.add_person(replace(self.sandbox.world.people["mina"], **told))
