"""Where the service lives and whom it talks to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from tiktok_oauth.credentials import is_loopback
from tiktok_oauth.errors import invalid_argument


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What the pages need to know besides the client.

    Attributes:
        redirect_uri: where TikTok sends people back to; its path is the callback's.
        authorize_url: where people are sent to.
        base_url: the API's origin.

    Raises:
        ValidationError: the redirect URI has no path of its own.
    """

    redirect_uri: str
    authorize_url: str
    base_url: str

    def __post_init__(self) -> None:
        if self.callback_path in {"", "/", "/connect", "/healthz"}:
            raise invalid_argument(
                "The redirect URI needs a path of its own.",
                "Register and set one such as http://127.0.0.1:8000/callback.",
            )

    @property
    def is_sandbox(self) -> bool:
        """Whether the API is on this machine, so a sandbox's; the pages say so."""
        return is_loopback(urlsplit(self.base_url).hostname)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the service, as browsers see it."""
        return _origin(self.redirect_uri)

    @property
    def callback_path(self) -> str:
        """The path at which people come back."""
        return urlsplit(self.redirect_uri).path

    @property
    def is_https(self) -> bool:
        """Whether cookies can be kept to encrypted connections."""
        return self.redirect_uri.startswith("https:")

    @property
    def content_security_policy(self) -> str:
        """What our pages may load and where their forms may lead.

        Chromium applies form-action to the redirects after a form too, so the authorize page's
        origin has to be in it. Avatars come from whichever host TikTok names.
        """
        pictures = f"https: {_origin(self.base_url)}" if self.is_sandbox else "https:"
        return (
            f"default-src 'none'; style-src 'self'; img-src 'self' {pictures};"
            f" form-action 'self' {_origin(self.authorize_url)};"
            " base-uri 'none'; frame-ancestors 'none'"
        )


def _origin(url: str) -> str:
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))
