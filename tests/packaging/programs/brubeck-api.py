"""A stream is walked page by page, and a bad argument is a problem with a name."""

from brubeck.api import OwnedModelMixin, ProblemMixin, StreamedHandlerMixin, StreamedModelMixin
from brubeck.dictshield import Document, StringField
from brubeck.request_handling import Brubeck, JSONMessageHandler
from brubeck.testing import Client


class Take(Document, StreamedModelMixin, OwnedModelMixin):
    title = StringField(max_length=20, required=True)


class TakesHandler(JSONMessageHandler, StreamedHandlerMixin, ProblemMixin):
    stream_id_type = int

    def get(self):
        page = self.get_stream_page()
        numbers = [n for n in range(9, 0, -1) if page.cursor is None or n < page.cursor.id]
        found = self.finish_page(page, numbers[: page.limit], lambda number: (number, number))
        self.add_to_payload("data", {"items": found.items, "next": found.next_cursor})
        return self.render(hide_status=True)


client = Client(Brubeck(handler_tuples=[("^/takes$", TakesHandler)]))
first = client.get("/takes?count=5").json()
assert first["items"] == [9, 8, 7, 6, 5]
assert client.get(f"/takes?cursor={first['next']}").json() == {"items": [4, 3, 2, 1], "next": None}
problem = client.get("/takes?cursor=forged")
assert (problem.status_code, problem.headers["Content-Type"]) == (400, "application/problem+json")

take = Take(title="Take Five", owner_id="6c84fb90-12c4-11e1-840d-7b25c5ee775a", owner_username="dave")
take.touch(1)
assert take.validate()
assert "owner_id" not in Take.make_ownersafe(take)
