"""Sign-in by OAuth 2: Authlib speaks the protocol (RFC 6749, with PKCE, RFC 7636); here is who comes out of it."""

import json
import logging
import secrets

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from requests import RequestException

from brubeck.request_handling import ConfigurationError, HTTPError
from brubeck import auth

from spotichat.pages import Page

log = logging.getLogger("spotichat")

NEEDED = ("title", "client_id", "client_secret", "authorize_url", "token_url", "user_url", "scope")


def read_providers(path):
    """Return the providers in the JSON file *path*, by the names they have in our URLs.

    Raises:
        ConfigurationError: The file cannot be read, or lacks something.
    """
    if not path:
        return {}
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            providers = json.load(file)
        missing = [f"{name}.{key}" for name, item in providers.items() for key in NEEDED if key not in item]
    except (OSError, ValueError, AttributeError, TypeError) as exc:
        raise ConfigurationError(f"SPOTICHAT_OAUTH={path!r} cannot be read: {exc}") from None
    if missing:
        raise ConfigurationError(f"SPOTICHAT_OAUTH={path!r} lacks {', '.join(missing)}.")
    return providers


class OAuthPage(Page):
    def client(self, name, **options):
        """Return the provider called *name*, and a client for it; 404 where there is none."""
        provider = self.application.settings["oauth"].get(name)
        if provider is None:
            raise HTTPError(404, "Nobody of that name signs people in here.")
        site = self.application.settings["url"] or f"{self.message.scheme}://{self.message.host}"
        return provider, OAuth2Session(
            provider["client_id"],
            provider["client_secret"],
            scope=provider["scope"],
            redirect_uri=f"{site}/oauth/{name}/callback",
            code_challenge_method="S256",
            default_timeout=10,
            leeway=0,
            **options,
        )


class Begin(OAuthPage):
    """Sends the browser to the provider; the session keeps what has to come back."""

    def get(self, provider):
        found, client = self.client(provider)
        verifier = secrets.token_urlsafe(48)
        url, state = client.create_authorization_url(
            found["authorize_url"], state=secrets.token_urlsafe(32), code_verifier=verifier
        )
        then = auth.safe_next(self.get_argument("next")) or "/"
        self.session["oauth"] = {"provider": provider, "state": state, "verifier": verifier, "next": then}
        return self.redirect(url)


class Callback(OAuthPage):
    """Takes the browser back, and asks the provider who it is."""

    def get(self, provider):
        begun = self.session.pop("oauth", None)  # good for one answer, whatever that is
        if not begun or begun["provider"] != provider:
            return self.fail("This sign-in was not begun here, or is over. Begin again.")
        if self.get_argument("error"):
            return self.fail("You were not signed in. Nothing has changed.")
        found, client = self.client(provider, state=begun["state"])
        try:
            subject, wanted = self.ask(found, client, begun)
        except (AuthlibBaseError, RequestException, ValueError) as exc:
            log.warning("Sign-in by %s failed: %s", provider, type(exc).__name__)  # its text may hold a code
            return self.fail(f"{found['title']} did not say who you are. Try again.")
        username = self.db_conn.linked(provider, subject) or self.new_account(provider, subject, wanted)
        user = self.load_user(username)
        if user is None:
            return self.fail("This account is closed.")
        self.login_user(username, user)
        return self.redirect(begun["next"], same_site=True)

    def ask(self, provider, client, begun):
        """Return who it is: an id that stays the same, and a name."""
        answer, verifier = f"{client.redirect_uri}?{self.message.query}", begun["verifier"]
        # The state was given to the client, which compares it.
        client.fetch_token(provider["token_url"], authorization_response=answer, code_verifier=verifier)
        response = client.get(provider["user_url"])
        response.raise_for_status()
        who = response.json()
        subject = who.get(provider.get("id_field", "id")) if isinstance(who, dict) else None
        if not isinstance(subject, str | int) or subject == "" or isinstance(subject, bool):
            raise ValueError("no id")
        return str(subject), str(who.get(provider.get("name_field", "display_name")) or "")

    def new_account(self, provider, subject, wanted):
        """Return the name of an account made for *subject*: the wanted one where nobody has it, else with a number."""
        try:
            base = auth.check_username("-".join(wanted.split())[:24])
        except ValueError:
            base = "listener"
        for attempt in range(20):
            name = base if attempt == 0 else f"{base}-{secrets.randbelow(9000) + 1000}"
            now = self.current_time
            user = auth.User(username=name, is_active=True, date_joined=now, last_login=now)
            if self.db_conn.add_user(name, json.dumps(user.to_python())):
                self.db_conn.link(provider, subject, name)
                return self.db_conn.linked(provider, subject)  # of two that came at once, the first
        raise HTTPError(503, "No name was free. Try again.")

    def fail(self, error):
        return self.render_template("login.html", 400, error=error, username="", next="")
