"""The directive ``generated``: a part of a page that is made from the code while it is built.

    ```{generated} faults
    ```

Each name stands for a function without arguments that returns MyST text. What is in the code can
so not differ from what is on the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.util.docutils import SphinxDirective

from docs._ext import commands, errors, http_api, observed, sandboxed, surface, wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from docutils.nodes import Node  # type: ignore[import-untyped]  # it ships no types
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

PARTS: dict[str, Callable[[], str]] = {
    "codes": errors.codes,
    "commands": commands.commands,
    "data-errors": errors.data_errors,
    "endpoints": wire.endpoints,
    "events": observed.events,
    "faults": sandboxed.faults,
    "http-operations": http_api.operations,
    "http-problems": http_api.problem_kinds,
    "knobs": sandboxed.knobs,
    "log-lines": observed.log_lines,
    "login-reasons": errors.login_reasons,
    "metrics-fields": observed.metrics_fields,
    "names": surface.names,
    "oauth-errors": errors.oauth_errors,
    "people": sandboxed.people,
    "portal-errors": errors.portal_errors,
    "profile-fields": wire.profile_fields,
    "sandbox-api": sandboxed.controls,
    "sandbox-scopes": wire.scopes,
    "targets": sandboxed.targets,
    "vault-events": observed.vault_events,
}
"""Name on a page -> what stands there."""


class Generated(SphinxDirective):
    """Put a part of ``PARTS`` into the page, headings included."""

    required_arguments = 1

    def run(self) -> list[Node]:
        """Make the part's nodes."""
        self.env.note_reread()  # The code may have changed though the page has not.
        text = PARTS[self.arguments[0]]()
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Make the directive known to Sphinx."""
    app.add_directive("generated", Generated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
