"""The same page from a function, without a handler class.

$ curl -d name=bob localhost:6767/
"""

from pathlib import Path

from brubeck.request_handling import Brubeck, http_response
from brubeck.templating import load_jinja2_env

app = Brubeck(template_loader=load_jinja2_env(Path(__file__).parent / "templates" / "jinja2"))


@app.add_route(r"^/$", method=["GET", "POST"])
def index(application, message):
    page = application.render_template("success.html", name=message.get_argument("name", "dude"))
    return http_response(page, 200, "OK", {"Content-Type": "text/html; charset=utf-8"})


if __name__ == "__main__":
    app.run()
