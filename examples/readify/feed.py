"""The API: a member's links as a stream. It runs beside the pages, or in a process of its own."""

from brubeck.request_handling import HTTPError, JSONMessageHandler
from brubeck import api, auth

from readify.documents import Link, clean_tags
from readify.pages import Visitor
from readify.store import BY_CHANGE


class Nothing(JSONMessageHandler, api.ProblemMixin):
    def prepare(self):
        raise HTTPError(404)


@auth.authenticated
class Links(
    *(Visitor, JSONMessageHandler, api.ProblemMixin, api.StreamedHandlerMixin, api.ConditionalMixin),
    *(auth.BearerAuthMixin, auth.SessionUserMixin),
    users=auth.BearerAuthMixin,
):
    """Links by the time of their last change, the latest first; also those that are archived or deleted."""

    max_count = 100
    stream_id_type = int

    def get_current_user(self):
        return self.get_bearer_user() or self.get_session_user()

    def get(self):
        page, skip, own = self.get_stream_page(), self.get_paging_arguments()[2], self.owner_fields
        tags = clean_tags(",".join(self.get_arguments("tag", [])))
        rows = self.db_conn.links(own["owner_id"], page, tags=tags, order=BY_CHANGE, skip=skip)
        found = self.finish_page(page, rows, BY_CHANGE.key)
        items = [Link.make_ownersafe(row | own) | {"id": row["id"]} for row in found.items]
        self.add_to_payload("data", {"items": items, "next": found.next_cursor})
        return self.with_etag(self.render(hide_status=True))
