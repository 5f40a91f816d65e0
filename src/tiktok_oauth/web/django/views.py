"""The views, and answers to errors: they translate, and decide nothing."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_POST

from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.web.django import signals
from tiktok_oauth.web.django.conf import get_settings, get_stories
from tiktok_oauth.web.django.models import TikTokAccount
from tiktok_oauth.web.django.users import link_account, link_of
from tiktok_oauth.web.flow import NO_STORE, Visit
from tiktok_oauth.web.pages import (
    POLICY,
    Form,
    error_headers,
    error_html,
    error_json,
    wants_html,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.http import HttpRequest

    from tiktok_oauth.vault.account import Account
    from tiktok_oauth.web.flow import Cookie, Reply

    View = Callable[[HttpRequest], HttpResponse]

R = TypeVar("R", bound="HttpResponse")

_TEMPLATE = "tiktok_oauth/error.html"


def current_account(request: HttpRequest) -> Account | None:
    """The account that the user connected last, if there is one.

    Raises:
        StoreError: the store cannot be read.
    """
    return run(get_stories().current(_visit(request)))


def answer_error(
    request: HttpRequest, error: TikTokAPIError, *, in_login: bool = False
) -> HttpResponse:
    """Answer an error of this library: a page for people, JSON for programs.

    A project's own ``tiktok_oauth/error.html`` is rendered with ``page`` and ``home``.
    """
    page, cookies = get_stories().problem(_visit(request), error, in_login=in_login)
    headers = error_headers(page)
    if not wants_html(request.headers.get("Accept", "")):
        body, kind = error_json(error, page), "application/json"
    else:
        home, kind = get_settings().home, "text/html"
        try:
            body = get_template(_TEMPLATE).render({"page": page, "home": home}, request)
        except TemplateDoesNotExist:
            form = Form(reverse("tiktok_oauth:login"), "csrfmiddlewaretoken", get_token(request))
            body = error_html(page, form, home)
            headers["Content-Security-Policy"] = POLICY
    response = HttpResponse(body, status=page.status, content_type=kind, headers=headers)
    return _with_cookies(response, cookies)


def _answering(view: View) -> View:
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except TikTokAPIError as error:
            return answer_error(request, error, in_login=view.__name__ in {"login", "callback"})

    return answer


@require_POST
@csrf_protect
@_answering
def login(request: HttpRequest) -> HttpResponse:
    """Leave for TikTok."""
    wanted = get_settings()
    if not (request.user.is_authenticated or wanted.sign_in):
        return redirect_to_login(request.POST.get("next") or wanted.home)
    return _answer(run(get_stories().start(_visit(request))))


@require_GET
@_answering
def callback(request: HttpRequest) -> HttpResponse:
    """Come back from TikTok."""
    reply, result = run(get_stories().callback(_visit(request)))
    if result is not None:
        link = link_account(request, result.account)
        signals.account_connected.send(TikTokAccount, request=request, link=link, result=result)
    return _answer(reply)


@require_POST
@csrf_protect
@_answering
def disconnect(request: HttpRequest) -> HttpResponse:
    """Revoke the access at TikTok."""
    link = link_of(request, request.POST.get("open_id"))
    reply = run(get_stories().disconnect(_visit(request)))
    if link is not None:
        user, open_id = link.user, link.open_id
        link.delete()
        signals.account_disconnected.send(
            TikTokAccount, request=request, user=user, open_id=open_id
        )
    return _answer(reply)


@csrf_exempt
@require_POST
@_answering
def webhook(request: HttpRequest) -> HttpResponse:
    """Be told by TikTok."""
    event = run(get_stories().webhook(Visit(headers=_headers(request), body=request.body)))
    signals.webhook_received.send(TikTokAccount, event=event)
    return HttpResponse()


def _visit(request: HttpRequest) -> Visit:
    form = request.POST.dict() if request.method == "POST" else {}
    link = link_of(request, form.get("open_id"))
    return Visit(
        query=request.META.get("QUERY_STRING", ""),
        cookies=request.COOKIES,
        headers=_headers(request),
        form=form,
        user_id=str(request.user.pk) if request.user.is_authenticated else None,
        visitor=None if link is None else link.visitor,
    )


def _headers(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _answer(reply: Reply) -> HttpResponse:
    response = HttpResponseRedirect(reply.location or get_settings().home, headers=dict(NO_STORE))
    response.status_code = reply.status
    return _with_cookies(response, reply.cookies)


def _with_cookies(response: R, cookies: Iterable[Cookie]) -> R:
    for cookie in cookies:
        response.set_cookie(
            cookie.name,
            cookie.value,
            max_age=cookie.max_age,
            path=cookie.path,
            secure=cookie.secure,
            httponly=True,
            samesite="Lax",
        )
    return response
