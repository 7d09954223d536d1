"""Sign-in by OAuth 2: Authlib speaks the protocol (RFC 6749, with PKCE, RFC 7636); here is who comes out of it."""

import json
import logging
import secrets
from pathlib import Path

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from requests import RequestException

from brubeck.request_handling import ConfigurationError, HTTPError
from brubeck import auth

from spotichat.pages import Page

log = logging.getLogger("spotichat")

NEEDED = {"title", "client_id", "client_secret", "authorize_url", "token_url", "user_url", "scope"}


def read_providers(path):
    """Return the providers in the JSON file *path*, by the names they have in our URLs."""
    if not path:
        return {}
    try:
        providers = json.loads(Path(path).read_text(encoding="utf-8"))
        missing = [
            f"{name}.{key}" for name, given in providers.items() for key in sorted(NEEDED - given.keys())
        ]
    except (OSError, ValueError, AttributeError) as exc:
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
        options |= {"scope": provider["scope"], "redirect_uri": f"{site}/oauth/{name}/callback"}
        options |= {"code_challenge_method": "S256", "default_timeout": 10, "leeway": 0}
        return provider, OAuth2Session(provider["client_id"], provider["client_secret"], **options)


class Begin(OAuthPage):
    """Sends the browser to the provider; the session keeps what has to come back."""

    def get(self, provider):
        found, client = self.client(provider)
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        url, _ = client.create_authorization_url(found["authorize_url"], state, code_verifier=verifier)
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
            subject, wanted = self.ask(found, client, begun["verifier"])
        except (AuthlibBaseError, RequestException, ValueError) as exc:
            log.warning("Sign-in by %s failed: %s", provider, type(exc).__name__)  # its text may hold a code
            return self.fail(f"{found['title']} did not say who you are. Try again.")
        link = f"oauth:{provider}:{subject}"
        username = self.db_conn.get(link) or self.new_account(link, wanted)
        user = self.load_user(username)
        if user is None:
            return self.fail("This account is closed.")
        self.login_user(username, user)
        return self.redirect(begun["next"], same_site=True)

    def ask(self, provider, client, verifier):
        """Return who it is: an id that stays the same, and a name."""
        answer = f"{client.redirect_uri}?{self.message.query}"  # the client compares its state
        client.fetch_token(provider["token_url"], authorization_response=answer, code_verifier=verifier)
        response = client.get(provider["user_url"])
        response.raise_for_status()
        who = response.json()
        subject = who.get(provider.get("id_field", "id")) if isinstance(who, dict) else None
        if not isinstance(subject, str | int) or subject == "" or isinstance(subject, bool):
            raise ValueError("no id")
        return str(subject), str(who.get(provider.get("name_field", "display_name")) or "")

    def new_account(self, link, wanted):
        """Return the name of an account that *link* leads to: the wanted one where it is free, else with a number."""
        try:
            base = auth.check_username("-".join(wanted.split())[:24])
        except ValueError:
            base = "listener"
        for name in (base, *(f"{base}-{secrets.randbelow(9000) + 1000}" for _ in range(20))):
            user = auth.User(username=name, is_active=True, date_joined=self.current_time)
            if self.db_conn.add_user(user):
                self.db_conn.put_new(link, name)
                return self.db_conn.get(link)  # of two that came at once, the first
        raise HTTPError(503, "No name was free. Try again.")

    def fail(self, error):
        return self.render_template("login.html", 400, error=error, username="", next="")
