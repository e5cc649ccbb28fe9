"""How the simulated server presents itself. Chosen by whoever starts it."""

import msgspec


class Login(msgspec.Struct, frozen=True):
    """The one user that AUTH accepts."""

    user: str
    password: str


class SmtpOptions(msgspec.Struct, frozen=True):
    """The defaults are a plain server that anybody may use."""

    hostname: str = "mx.simulator.test"
    """What the greeting says and the certificate names."""
    size_limit_bytes: int = 10 * 1024 * 1024
    """The largest mail taken; announced as SIZE (RFC 1870)."""
    idle_timeout_s: float = 300.0
    """A connection without a command for so long is closed (RFC 5321 section 4.5.3.2.7), a hanging one too."""
    starttls: bool = False
    require_starttls: bool = False
    """Refuse mail before STARTTLS with 530. Implies `starttls`."""
    login: Login | None = None
    """Offer AUTH PLAIN and LOGIN to this user."""
    require_auth: bool = False
    """Refuse mail before AUTH with 530. Useless without a `login`: then nobody can send."""
    auth_requires_tls: bool = False
    """Offer AUTH only after STARTTLS."""
