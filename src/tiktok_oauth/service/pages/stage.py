"""``Stage``: what all pages share; and how a page says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse, Response

from tiktok_oauth.service.pages.rendering import render
from tiktok_oauth.service.signin import forms
from tiktok_oauth.service.words import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.pages.profiles import Profiles
    from tiktok_oauth.service.signin.desk import Desk

    View = Callable[[Request], Awaitable[Response]]

SIGNIN_PATH = "/signin"


class RefusalError(Exception):
    """A page says no.

    Attributes:
        status: the HTTP status.
        story: what the page tells.
    """

    def __init__(self, status: int, story: errors.Story) -> None:
        super().__init__(story.title)
        self.status = status
        self.story = story


@dataclass(frozen=True, slots=True)
class Stage:
    """What all pages share.

    Attributes:
        office: what the rooms of the service share.
        desk: tells who is asking.
        profiles: what is known of people beside their tokens.
    """

    office: Office
    desk: Desk
    profiles: Profiles

    def page(
        self, request: Request, name: str, *, status: int = 200, **context: object
    ) -> HTMLResponse:
        """A page; a browser without a session gets one, for the forms in it."""
        session = self.desk.session(request)
        html = render(
            name,
            settings=self.office.settings,
            now=self.office.clock(),
            visitor=getattr(request.state, "visitor", None),
            form_field=forms.FIELD,
            form_token=self.desk.sessions.form_token(session),
            **context,
        )
        response = HTMLResponse(html, status)
        if (
            self.desk.sessions.cookie not in request.cookies
            or self.desk.sessions.of(request) is None
        ):
            self.desk.sessions.keep(response, session)
        return response

    def private(self, view: View) -> View:
        """A view for those who have signed in; others are led to the door."""

        async def guarded(request: Request) -> Response:
            visitor = await self.desk.visitor(request)
            if visitor is None:
                return RedirectResponse(SIGNIN_PATH, 303)
            request.state.visitor = visitor
            return await view(request)

        return guarded

    def public(self, view: View) -> View:
        """A view for everybody, which knows who has signed in."""

        async def seen(request: Request) -> Response:
            request.state.visitor = await self.desk.visitor(request)
            return await view(request)

        return seen

    async def form(self, request: Request) -> Mapping[str, str]:
        """The fields of a form that our own page gave to this browser.

        Raises:
            RefusalError: it came from anywhere else.
        """
        own = self.office.settings.public_url
        if forms.is_from_elsewhere(request, own):
            raise RefusalError(403, errors.FORGED)
        fields = await forms.read_form(request)
        token = self.desk.sessions.form_token(self.desk.session(request))
        if fields is None or not forms.has_token(fields, token):
            raise RefusalError(403, errors.FORGED)
        return fields
