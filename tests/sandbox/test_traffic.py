"""Five thousand steps of traffic, right and wrong, through the whole sandbox: its word holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
)

from tests.sandbox.visitor import REDIRECT_URI, VERIFIER, authorize_path
from tiktok_oauth.sandbox.authorize import AuthorizeError
from tiktok_oauth.sandbox.faults import FAULTS
from tiktok_oauth.sandbox.http import Call
from tiktok_oauth.sandbox.mint import open_id
from tiktok_oauth.sandbox.notices import Reason
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.http import Answer

PEOPLE = st.sampled_from(["mina", "ha", "jonas"])
SCOPES = ["user.info.basic", "user.info.profile", "video.list", "video.publish"]
SOME_SCOPES = st.lists(st.sampled_from(SCOPES), min_size=1, unique=True)
NOISE = st.text(max_size=12)
FORM = (b"content-type", b"application/x-www-form-urlencoded")
JSON = (b"content-type", b"application/json")
DATA_PATHS = (
    "/v2/video/list/?fields=id",
    "/v2/video/query/?fields=id",
    "/v2/post/publish/creator_info/query/",
    "/v2/post/publish/video/init/",
    "/v2/post/publish/inbox/video/init/",
    "/v2/post/publish/content/init/",
    "/v2/post/publish/status/fetch/",
    "/v2/post/publish/cancel/",
)
PARAMETERS = ("scope", "client_key", "client_secret", "redirect_uri", "code", "grant_type")
SECONDS = st.sampled_from([0, 1, 60, 300, 7_200, 86_400, 15_551_999])
TARGETS = st.sampled_from(["", "refresh", "exchange", "user_info"])
# Sixty-four megabytes take their time.
QUICK_FAULTS = st.sampled_from([name for name in FAULTS if name != "gzip_bomb"])


class Code(NamedTuple):
    """A code, and what was allowed for it."""

    code: str
    person: str
    scopes: frozenset[str]


class Tokens(NamedTuple):
    """An answer with tokens, and whose they are."""

    access_token: str
    refresh_token: str
    person: str
    scopes: frozenset[str]


class Traffic(RuleBasedStateMachine):
    """Clients, people and time, against one sandbox."""

    codes = Bundle("codes")
    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = Sandbox(seed=1, clock=lambda: 1_795_000_000.0)
        self.spent: set[str] = set()
        self.dead: set[str] = set()
        self.issued: list[Tokens] = []
        self.time = 0

    def send(
        self, method: str, url: str, body: bytes = b"", *headers: tuple[bytes, bytes]
    ) -> Answer:
        """Send something, and check what holds for every answer."""
        path, _, query = url.partition("?")
        answer = self.sandbox.respond(
            Call(method, path, query.encode("utf-8", "replace"), headers, body, len(body))
        )
        entries = self.sandbox.requests()
        faulty = bool(entries and entries[-1].fault)
        time = int(dict(answer.headers)[b"x-sandbox-time"])
        assert answer.status < 500 or faulty
        assert time >= self.time
        self.time = time
        return answer

    def form(self, path: str, **fields: str) -> dict[str, Any]:
        """Post a form with the app's credentials; return the answer, {} if it was broken."""
        keys = {"client_key": self.sandbox.client_key, "client_secret": self.sandbox.client_secret}
        body = urlencode({**keys, **fields}, errors="replace").encode()
        answer = self.send("POST", path, body, FORM)
        entry = self.sandbox.requests()[-1]
        if entry.fault in ("garbage", "html", "wrong_types", "missing_field"):
            # Handled or not, the client has learnt nothing.
            return {}
        decoded: dict[str, Any] = json.loads(answer.body or b"{}")
        return decoded

    @initialize(target=tokens, person=PEOPLE, times=st.integers(1, 3))
    def begin(self, person: str, times: int) -> MultipleResults[Tokens]:
        """Somebody is connected already, perhaps more than once."""
        codes = [self.consent(person, SCOPES, SCOPES) for _ in range(times)]
        return multiple(*[cast("Tokens", self.exchange(code, VERIFIER)) for code in codes])

    @rule(target=codes, person=PEOPLE, asked=SOME_SCOPES, allowed=SOME_SCOPES)
    def consent(self, person: str, asked: list[str], allowed: list[str]) -> Code:
        """A person allows some of what is asked for."""
        url = authorize_path(scope=",".join(asked))
        callback = self.sandbox.authorize(url, person=person, scopes=allowed)
        query = parse_qs(urlsplit(callback).query)
        granted = frozenset(query["scopes"][0].split(","))
        assert granted <= (set(asked) & set(allowed)) | {"user.info.basic"}
        return Code(query["code"][0], person, granted)

    @rule(target=tokens, code=codes, verifier=st.sampled_from([VERIFIER, VERIFIER, "wrong"]))
    def exchange(self, code: Code, verifier: str) -> Tokens:
        """A code is exchanged, perhaps again, perhaps with a wrong verifier."""
        answer = self.form(
            "/v2/oauth/token/",
            grant_type="authorization_code",
            code=code.code,
            redirect_uri=REDIRECT_URI,
            code_verifier=verifier,
        )
        if "access_token" not in answer:
            return Tokens("", "", code.person, frozenset())
        assert code.code not in self.spent
        assert verifier == VERIFIER
        assert frozenset(answer["scope"].split(",")) == code.scopes
        self.spent.add(code.code)
        return self._keep(answer, code.person)

    @rule(target=tokens, before=tokens)
    def refresh(self, before: Tokens) -> Tokens:
        """Any refresh token there ever was is used."""
        answer = self.form(
            "/v2/oauth/token/", grant_type="refresh_token", refresh_token=before.refresh_token
        )
        # A lost answer may have rotated the token just as well.
        if "access_token" not in answer:
            return before
        assert before.refresh_token not in self.dead
        assert frozenset(answer["scope"].split(",")) == before.scopes
        self.dead.add(before.refresh_token)
        return self._keep(answer, before.person)

    @rule(tokens=tokens)
    def revoke(self, tokens: Tokens) -> None:
        """An app lets go of a person."""
        answer = self.form("/v2/oauth/revoke/", token=tokens.access_token)
        if answer == {} and not self.sandbox.requests()[-1].fault:
            self._bury(tokens.person)

    @rule(person=PEOPLE, reason=st.sampled_from([Reason.AGE_CHANGED, None]))
    def leave(self, person: str, reason: Reason | None) -> None:
        """A person lets go of the app."""
        if reason is None:
            self.sandbox.disconnect(person)
        else:
            self.sandbox.leave(person, reason)
        self._bury(person)

    @rule(tokens=tokens)
    def look(self, tokens: Tokens) -> None:
        """A profile is read: it is that of the token's owner, or none."""
        bearer = (b"authorization", b"Bearer " + tokens.access_token.encode())
        answer = self.send("GET", "/v2/user/info/?fields=open_id", b"", bearer)
        if answer.status == 200 and not self.sandbox.requests()[-1].fault:
            user = json.loads(answer.body)["data"]["user"]
            assert tokens.access_token not in self.dead
            assert user == {"open_id": open_id(self.sandbox.client_key, tokens.person)}

    @rule(tokens=tokens, path=st.sampled_from(DATA_PATHS), body=NOISE | st.just("{}"))
    def call(self, tokens: Tokens, path: str, body: str) -> None:
        """A data endpoint gets sense or nonsense."""
        bearer = (b"authorization", b"Bearer " + tokens.access_token.encode())
        self.send("POST", path, body.encode("utf-8", "replace"), bearer, JSON)

    @rule(noise=st.dictionaries(st.sampled_from(PARAMETERS), NOISE, min_size=1))
    def talk_nonsense(self, noise: dict[str, str]) -> None:
        """What is wrong buys nothing, and stays with TikTok."""
        answer = self.form("/v2/oauth/token/", **{"grant_type": "refresh_token", **noise})
        assert "access_token" not in answer
        url = authorize_path(**noise)
        if self.send("GET", url).status == 302:
            with pytest.raises(AuthorizeError):
                self.sandbox.authorize(url)

    @rule(event=st.one_of(SECONDS, st.tuples(QUICK_FAULTS, TARGETS), st.none()))
    def something_happens(self, event: int | tuple[str, str] | None) -> None:
        """Time passes, a fault is switched on for one call, or the sandbox starts again."""
        if isinstance(event, int):
            self.sandbox.advance(event)
        elif event is not None:
            self.sandbox.fault(event[0], endpoint=event[1], count=1)
        else:
            faults = self.sandbox.faults()
            self.sandbox.import_state(self.sandbox.export_state())
            assert self.sandbox.faults() == faults

    def teardown(self) -> None:
        """In the end a grant has one refresh token that lives, at most."""
        self.sandbox.clear_faults()
        grants = len(self.sandbox.world.grants)
        issued = list(self.issued)
        alive = sum(self.refresh(tokens) is not tokens for tokens in issued)
        assert alive <= grants

    def _keep(self, answer: dict[str, Any], person: str) -> Tokens:
        scopes = frozenset(answer["scope"].split(","))
        kept = Tokens(answer["access_token"], answer["refresh_token"], person, scopes)
        assert kept.refresh_token not in self.dead
        self.issued.append(kept)
        return kept

    def _bury(self, person: str) -> None:
        for tokens in self.issued:
            if tokens.person == person:
                self.dead |= {tokens.access_token, tokens.refresh_token}


Traffic.TestCase.settings = settings(stateful_step_count=55)
Traffic.TestCase.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]  # made by hypothesis
TestTraffic = Traffic.TestCase
