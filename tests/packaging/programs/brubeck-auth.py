"""A stranger is refused, a signed cookie is believed, a forged one is not."""

from brubeck.auth import UserHandlingMixin, authenticated
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.testing import Client


class LoginHandler(WebMessageHandler):
    def get(self):
        self.set_cookie("user_id", "dave", secret=self.application.cookie_secret)
        return self.render()


class HomeHandler(WebMessageHandler, UserHandlingMixin):
    def get_current_user(self):
        return self.get_cookie("user_id", secret=self.application.cookie_secret)

    @authenticated
    def get(self):
        self.set_body(self.current_user)
        return self.render()


app = Brubeck(
    handler_tuples=[("^/login$", LoginHandler), ("^/$", HomeHandler)],
    cookie_secret="a secret of at least 32 bytes, please",
)
client = Client(app)
assert client.get("/").status_code == 401
client.get("/login")
assert client.get("/").text == "dave"
assert Client(app).get("/", cookies={"user_id": "dave"}).status_code == 401
