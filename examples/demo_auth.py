"""`@authenticated`: whoever sends the right name and password with a form is answered, anybody else is not.

$ curl -d 'username=jd&password=foo' localhost:6767/brubeck
jd logged in successfully!
"""

from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.auth import User, UserHandlingMixin, authenticated, check_login

demo_user = User.create_user("jd", "foo")


class CustomAuthMixin(UserHandlingMixin):
    """Knows the one user there is."""

    def get_current_user(self):
        fields = self.message.form.fields
        username, password = (fields.get(name, [""])[-1] for name in ("username", "password"))
        user = demo_user if username == demo_user.username else None
        return user if check_login(user, password) else None


class DemoHandler(WebMessageHandler, CustomAuthMixin):
    @authenticated
    def post(self):
        self.headers["Content-Type"] = "text/plain; charset=utf-8"
        self.set_body(f"{self.current_user.username} logged in successfully!")
        return self.render()


app = Brubeck(handler_tuples=[(r"^/brubeck", DemoHandler)])

if __name__ == "__main__":
    app.run()
