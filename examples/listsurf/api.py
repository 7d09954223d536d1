"""The same links for programs: a stream by the time of the last change."""

from brubeck.request_handling import JSONMessageHandler
from brubeck.api import ProblemMixin, StreamedHandlerMixin
from brubeck.auth import CookieUserMixin, authenticated

from listsurf.pages import Member
from listsurf.stores import ORDER


@authenticated
class Feed(Member, JSONMessageHandler, StreamedHandlerMixin, CookieUserMixin, ProblemMixin):
    """`since` and `until` in milliseconds, `count`, and cursors; errors are problem details."""

    stream_id_type = int
    max_count = 100

    def get(self):
        page = self.get_stream_page()
        found = self.finish_page(page, self.db_conn.links(self.current_user.username, page), ORDER.key)
        self.headers["Cache-Control"] = "private, no-cache"
        for name, value in (
            ("items", found.items),
            ("num_items", len(found.items)),
            ("next", found.next_cursor),
            ("prev", found.prev_cursor),
            ("end", found.end_cursor),
        ):
            self.add_to_payload(name, value)
        return self.render()
