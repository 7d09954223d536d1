"""What browsers may do with the pages of a site, said with every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brubeck.core.headers import check_header
from brubeck.core.hookimpl import hookimpl

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck
    from brubeck.core.requests import Request
    from brubeck.core.responses import Response

__all__ = ["SecurityHeaders"]

POLICY = "default-src 'self'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
"""Everything from here, nothing from elsewhere, no script in the page itself, and no frame around it."""


class SecurityHeaders:
    """The plugin that sends them, error pages included. What a handler set itself stays.

    Args:
        content_security_policy: See <https://www.w3.org/TR/CSP3/>.
        referrer_policy: What other sites are told of where their visitors come from.
        cache_control: For answers that say nothing of it; None adds none.
    """

    name = "security-headers"

    def __init__(
        self,
        content_security_policy: str = POLICY,
        *,
        referrer_policy: str = "same-origin",
        cache_control: str | None = None,
    ) -> None:
        headers = {
            "Content-Security-Policy": content_security_policy,
            "Referrer-Policy": referrer_policy,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": cache_control,
        }
        self.headers: dict[str, str] = {name: value for name, value in headers.items() if value is not None}
        for name, value in self.headers.items():
            check_header(name, value)

    @hookimpl
    def brubeck_response(self, application: Brubeck, message: Request, response: Response) -> None:
        """Add what is not there."""
        for name, value in self.headers.items():
            if response.get_header(name) is None:
                response.add_header(name, value)
