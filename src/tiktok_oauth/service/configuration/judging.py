"""Reads what was written, and judges it: each value by itself, then all of them together."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tiktok_oauth.credentials import credential_problem, is_loopback, redirect_problem
from tiktok_oauth.service.configuration.catalog import APP_SETTINGS, SETTINGS, Setting
from tiktok_oauth.service.configuration.findings import Finding, WrongError
from tiktok_oauth.service.configuration.sources import Answers, Written, read_secret_file
from tiktok_oauth.service.configuration.values import is_key_list
from tiktok_oauth.service.settings import origin_of, taken
from tiktok_oauth.service.webhooks.address import relay_problem
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tiktok_oauth.service.configuration.findings import Verdict
    from tiktok_oauth.service.configuration.sources import Sources

Values = dict[str, Any]
"""By setting; only what was written and could be read."""

_KEYS = "TIKTOK_OAUTH_KEYS"
_SHORTEST_SECRET = 24
_COMMON = frozenset({"secret", "password", "changeme", "change-me", "example", "test"})


@dataclass(frozen=True, slots=True)
class Judged:
    """All values that could be read, and what there is to say about them."""

    service: Values
    apps: tuple[Values, ...]
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        """Whether the service must not start like this."""
        return any(finding.verdict == "fail" for finding in self.findings)


def judge(sources: Sources) -> Judged:
    """Read and judge everything."""
    findings = list(sources.findings)
    service = _read_all(SETTINGS, sources.service, "", findings)
    apps = []
    for place, answers in enumerate(sources.apps, 1):
        before = f"apps[{place}]." if len(sources.apps) > 1 else ""
        app = _read_all(APP_SETTINGS, answers, before, findings)
        findings += _judge_app(app, answers, before)
        apps.append(app)
    findings += _judge_secrets(service, sources.service)
    findings += _judge_keys(sources.service)
    findings += _judge_addresses(service, apps, sources)
    seen = service | _public_url(service, apps)
    findings += _judge_exposure(seen, sources.service)
    findings += _judge_proxy(seen, sources.service)
    findings += _judge_relay(service, sources.service)
    if service.get("trace_calls") and find_spec("opentelemetry") is None:
        says, mend = "OpenTelemetry is not installed.", 'Run: pip install "tiktok-oauth[otel]"'
        findings.append(
            Finding("trace_calls", sources.service["trace_calls"].source, "fail", says, mend)
        )
    return Judged(service, tuple(apps), tuple(findings))


def _read_all(
    settings: Iterable[Setting], answers: Answers, before: str, findings: list[Finding]
) -> Values:
    found: Values = {}
    for setting in settings:
        written = answers.get(setting.key)
        if written is None:
            continue
        name = before + setting.key
        try:
            value = _content(written, name, findings) if written.is_file else written.value
            found[setting.key] = setting.read(value)
        except WrongError as wrong:
            findings.append(Finding(name, written.source, "fail", wrong.says, wrong.mend))
    return found


def _content(written: Written, name: str, findings: list[Finding]) -> object:
    """What the file holds that was named in a secret's place."""
    file = Path(str(written.value)).expanduser()
    try:
        secret, is_open = read_secret_file(file)
    except (OSError, UnicodeDecodeError) as error:
        says = f"{file} cannot be read ({type(error).__name__})."
        raise WrongError(says, "Name a file this user may read.") from None
    if is_open:
        says, mend = f"Everybody here can read {file}.", f"Run: chmod o-r {file}"
        findings.append(Finding(name, written.source, "warn", says, mend))
    return secret.reveal()


def _judge_app(app: Values, answers: Answers, before: str) -> Iterator[Finding]:
    for setting in APP_SETTINGS[:3]:
        value, written = app.get(setting.key), answers.get(setting.key)
        if written is not None and value is None:
            continue  # It could not be read, and that was said.
        if value is None and setting.key == "client_secret_previous":
            continue
        plain = value.reveal() if isinstance(value, Secret) else value
        problem = credential_problem(setting.key, setting.variable, plain)
        del plain
        if problem is not None:
            source = "nowhere" if written is None else written.source
            says, _, mend = problem.partition(". ")
            yield Finding(before + setting.key, source, "fail", f"{says}.", mend)
    if "redirect_uri" in app:
        source = answers["redirect_uri"].source
        problem = redirect_problem(app["redirect_uri"]) or _hides(app["redirect_uri"])
        if problem is not None:
            mend = "Register one such as https://login.example.com/callback, and set it here."
            yield Finding(before + "redirect_uri", source, "fail", problem, mend)


def _hides(redirect_uri: str) -> str | None:
    path = urlsplit(redirect_uri).path or "/"
    page = taken(path)
    return None if page is None else f"It leads to {path}, and {page} is a page of the service."


def _judge_secrets(service: Values, answers: Answers) -> Iterator[Finding]:
    phc = service.get("password_hash")
    if phc is not None and not phc.reveal().startswith("$argon2id$"):
        yield Finding(
            "password_hash",
            answers["password_hash"].source,
            "fail",
            "It is no argon2id hash: it may be the password itself.",
            "Run: tiktok-oauth serve --hash-password",
        )
    for key in ("webhook_relay_secret", "metrics_token"):
        if key in service and _is_weak(service[key].reveal()):
            yield Finding(
                key,
                answers[key].source,
                "fail",
                f"It is a placeholder, or shorter than {_SHORTEST_SECRET} characters.",
                "Make one: openssl rand -base64 32",
            )


def _judge_keys(answers: Answers) -> Iterator[Finding]:
    """A command line can be seen, and a file of settings is shown around: keys do not go there."""
    written = answers.get("keys")
    if written is not None and is_key_list(written.value) and written.source != _KEYS:
        says = f"It is a list of keys, which is read from {_KEYS} only."
        mend = f"Set {_KEYS}, or name a key file; `tiktok-oauth keys new` makes one."
        yield Finding("keys", written.source, "fail", says, mend)


def _is_weak(secret: str) -> bool:
    return (
        len(secret) < _SHORTEST_SECRET
        or secret.lower() in _COMMON
        or len(set(secret)) <= len(_COMMON)
        or credential_problem("it", "it", secret) is not None
    )


def _judge_addresses(service: Values, apps: list[Values], sources: Sources) -> Iterator[Finding]:
    """All redirect URIs have to lead to the public URL: that is where a login's cookie is."""
    public = service.get("public_url")
    keys = [app.get("client_key") for app in apps]
    if len(set(keys)) < len(keys):
        yield Finding("apps", "apps", "fail", "Two apps have the same key.", "Remove one of them.")
    for app, answers in zip(apps, sources.apps, strict=True):
        uri = app.get("redirect_uri")
        if uri is None or redirect_problem(uri) is not None:
            continue
        public = public or origin_of(uri).lower()
        if origin_of(uri).lower() != public:
            yield Finding(
                "redirect_uri",
                answers["redirect_uri"].source,
                "fail",
                f"It leads to {origin_of(uri)}, and browsers know the service as {public}.",
                "Make both the same: a login's cookie is only sent to where it began.",
            )


def _public_url(service: Values, apps: list[Values]) -> Values:
    """The address that browsers know, where the redirect URIs tell it."""
    told = [app["redirect_uri"] for app in apps if "redirect_uri" in app]
    if "public_url" in service or not told or redirect_problem(told[0]) is not None:
        return {}
    return {"public_url": origin_of(told[0]).lower()}


def _judge_exposure(service: Values, answers: Answers) -> Iterator[Finding]:
    """Whether other machines reach the service, and what protects them."""
    host = service.get("host", "127.0.0.1")
    public = service.get("public_url", "")
    behind_tls = public.startswith("https:") and service.get("trusted_proxies")
    if is_near(host):
        return
    if not (behind_tls or service.get("expose")):
        yield Finding(
            "host",
            answers["host"].source,
            "fail",
            f"{host} can be reached from other machines, and nothing encrypts what is sent.",
            "Put a proxy with TLS before it, and set public_url to its https address and"
            " trusted_proxies to its own; or add --expose if that is what you want.",
        )
    if not public:
        yield Finding(
            "public_url",
            "nowhere",
            "warn",
            "Other machines reach the service, and it does not know by which name.",
            "Set it to the address that they use.",
        )


def _judge_proxy(service: Values, answers: Answers) -> Iterator[Finding]:
    """Whether the public address and the proxies before it go together."""
    public = service.get("public_url", "")
    proxies = service.get("trusted_proxies", ())
    if public.startswith("http:") and not is_loopback(urlsplit(public).hostname):
        verdict: Verdict = "warn" if service.get("expose") else "fail"
        yield Finding(
            "public_url",
            answers["public_url"].source if "public_url" in answers else "redirect_uri",
            verdict,
            "Browsers come to it without encryption: everybody on the way can read along.",
            "Set it to an https address, and let a proxy end TLS there.",
        )
    if public.startswith("https:") and not proxies:
        yield Finding(
            "trusted_proxies",
            "default",
            "warn",
            "All visitors seem to come from the proxy, so that limits count them as one.",
            "Set it to the proxy's address, e.g. 127.0.0.1",
        )
    if any(ipaddress.ip_network(one, strict=False).prefixlen == 0 for one in proxies):
        yield Finding(
            "trusted_proxies",
            answers["trusted_proxies"].source,
            "fail",
            "It names every address: anybody could claim to be anybody.",
            "Name the proxy's own address.",
        )


def is_near(host: str) -> bool:
    """Whether only this machine reaches an interface."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _judge_relay(service: Values, answers: Answers) -> Iterator[Finding]:
    url, secret = service.get("webhook_relay_url"), service.get("webhook_relay_secret")
    if url is not None:
        at_sandbox = is_loopback(urlsplit(service.get("base_url", "")).hostname)
        problem = relay_problem(url, is_sandbox=at_sandbox)
        if problem is not None:
            mend = "Name a public https address."
            source = answers["webhook_relay_url"].source
            yield Finding("webhook_relay_url", source, "fail", problem, mend)
    if (url is None) != (secret is None):
        missing, given = (
            ("webhook_relay_url", "webhook_relay_secret")
            if url is None
            else ("webhook_relay_secret", "webhook_relay_url")
        )
        if missing not in answers:
            yield Finding(
                missing, "nowhere", "fail", f"It is missing, and {given} is set.", "Set both."
            )
