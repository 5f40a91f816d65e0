"""Delivers webhooks from a thread of its own, by the sandbox's clock."""

from __future__ import annotations

import http.client
import threading
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tiktok_oauth.sandbox.outbox import Outbox, seal

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.live import LiveWorld
    from tiktok_oauth.sandbox.outbox import Dispatch, Parcel
    from tiktok_oauth.sandbox.rules import Faults

_TIMEOUT = 5.0


class Courier:
    """Sends what the world has to tell to the apps that want to hear it.

    Its thread starts with the first event and waits, without polling, for the next one to be due:
    moving the sandbox's clock wakes it.
    """

    def __init__(self, live: LiveWorld, faults: Faults) -> None:
        self.outbox: Outbox = Outbox()
        self._live = live
        self._faults = faults
        self._thread: threading.Thread | None = None
        live.listener = self._wake

    def stop(self) -> None:
        """End the thread; an attempt under way is waited for."""
        with self._live.changed:
            thread, self._thread = self._thread, None
            self._live.changed.notify_all()
        if thread is not None:
            thread.join()

    def _wake(self) -> None:
        """Take in what has happened; the world is locked meanwhile."""
        world = self._live.world
        for content in world.withdrawn:
            self.outbox.withdraw(content)
        world.withdrawn.clear()
        for notice in world.notices:
            self.outbox.accept(notice, self._faults.for_notice(world, notice))
        world.notices.clear()
        if self._thread is None and self.outbox.next():
            self._thread = threading.Thread(target=self._run, name="tiktok-courier", daemon=True)
            self._thread.start()
        self._live.changed.notify_all()

    def _run(self) -> None:
        while (work := self._take()) is not None:
            outbox, dispatch, parcel = work
            answer = _post(parcel, self._live.now())
            with self._live as (_, now):
                outbox.settle(dispatch, now, answer)
                self._live.changed.notify_all()

    def _patience(self, dispatch: Dispatch | None, now: float) -> float | None:
        """Return the machine's seconds until an attempt is due, None until something happens."""
        return None if dispatch is None else (dispatch.due - now) / self._live.world.pace.rate

    def _take(self) -> tuple[Outbox, Dispatch, Parcel] | None:
        """Wait for the next attempt that is due, None when there will be no more."""
        with self._live.changed:
            while self._thread is threading.current_thread():
                now, dispatch = self._live.now(), self.outbox.next()
                if dispatch is None or dispatch.due > now:
                    self._live.changed.wait(self._patience(dispatch, now))
                    continue
                app = self._live.world.apps.get(dispatch.notice.client_key)
                if app is None or app.webhook_url is None:
                    self.outbox.drop(dispatch)
                    self._live.changed.notify_all()
                    continue
                tried = replace(dispatch, first_try=dispatch.first_try or now)
                renewed = self._live.world.knobs.webhook_time_renewed
                return self.outbox, tried, seal(tried, app, now, renewed=renewed)
        return None


def _post(parcel: Parcel, now: float) -> int:
    """Send a webhook and return the HTTP status, 0 when there was none."""
    url = urlsplit(parcel.url)
    # The address was checked when the app was registered: it is one of this machine.
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=_TIMEOUT)
    headers = {
        "Content-Type": "application/json",
        "TikTok-Signature": parcel.signature,
        "X-Sandbox-Time": str(int(now)),
    }
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connection.request("POST", path, parcel.body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
