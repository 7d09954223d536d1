from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.connections import WSGIConnection


class DemoHandler(WebMessageHandler):
    def get(self):
        self.set_body("Take five")
        return self.render()


app = Brubeck(msg_conn=WSGIConnection(port=6767), handler_tuples=[(r"^/", DemoHandler)])

if __name__ == "__main__":
    app.run()
