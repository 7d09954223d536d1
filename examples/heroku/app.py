"""The application that `Procfile` starts: `foreman start`, `honcho start`, or a push to a host that reads Procfiles."""

from brubeck.request_handling import Brubeck, WebMessageHandler


class DemoHandler(WebMessageHandler):
    def get(self):
        return f"Take five, {self.get_argument('name', 'dude')}!"


app = Brubeck(handler_tuples=[(r"^/$", DemoHandler)])
