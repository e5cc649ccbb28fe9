"""The Email Dispatcher: consumes channel.email.queued and sends by SMTP."""

import random
from urllib.parse import parse_qs, unquote, urlsplit

from dispatchers.aftermath import Policies, Policy
from dispatchers.consumer import Consumer
from dispatchers.counts import Counts
from dispatchers.delivery import Delivery, Tools
from dispatchers.email.channel import EmailChannel
from dispatchers.email.options import SmtpSettings, Tls
from dispatchers.email.smtp import SmtpProvider
from dispatchers.lease import Lease
from engines.bus.base import Bus
from errors import InvalidSettings
from models.topics import BusTopic
from models.vocabulary import Channel, WhenUnknown
from services.foundation import Foundation
from settings import Settings

POLL_LIMIT = 100
POLLS_AT_ONCE = 64
"""Many, since one hanging call keeps its poll open; what is taken ahead is bounded by free places for calls."""
TLS: dict[str, Tls] = {
    "none": "none",
    "starttls": "starttls",
    "implicit": "implicit",
    "opportunistic": "opportunistic",
}


class EmailService:
    """Owns the provider's connections; `consumer.run` does the work."""

    def __init__(self, base: Foundation, bus: Bus, lease: Lease, counts: Counts, smtp: SmtpSettings) -> None:
        self._provider = SmtpProvider(smtp, base.clock)
        channel = EmailChannel(base.settings.email_from)
        delivery = Delivery(Channel.EMAIL, channel, self._provider, tools(base, bus, lease, counts), policies(base))
        self.consumer = Consumer(
            bus, BusTopic.EMAIL_QUEUED, delivery, counts, limit=POLL_LIMIT, at_once=POLLS_AT_ONCE, ready=delivery.ready
        )

    async def close(self) -> None:
        """Let go of the connections; call when the consumer has returned."""
        await self._provider.aclose()


def tools(base: Foundation, bus: Bus, lease: Lease, counts: Counts) -> Tools:
    """What deliveries work with."""
    return Tools(base.store, bus, base.sealer, base.templates, lease, base.clock, base.ids.new, counts)


def policies(base: Foundation) -> Policies:
    """How long to go on, from the settings and the tenants' rules."""
    settings = base.settings
    spread = random.Random().random  # noqa: S311 (jitter hides nothing)
    installation = Policy(WhenUnknown[settings.when_unknown.upper()], settings.unknown_resends, spread)
    return Policies(base.rules, installation)


def smtp_settings(settings: Settings, simulator_port: int | None) -> SmtpSettings:
    """The server to talk to: the simulator in this process, or the one that the URL names.

    Raises:
        InvalidSettings: the URL's parts cannot be used together.
    """
    url = f"smtp://127.0.0.1:{simulator_port}?tls=none" if settings.uses_simulator else settings.email
    parts = urlsplit(url)
    default = "implicit" if parts.scheme == "smtps" else "starttls"
    tls = parse_qs(parts.query).get("tls", [default])[0]
    if tls not in TLS:
        raise InvalidSettings([f"CARILLON_EMAIL: tls={tls}: expected one of {', '.join(TLS)}"])
    found = SmtpSettings(
        host=parts.hostname or "",
        port=parts.port or {"implicit": 465}.get(tls, 587),
        sender=settings.email_from,
        tls=TLS[tls],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        connect_timeout_s=settings.email_timeout_s,
        command_timeout_s=settings.email_timeout_s,
        final_timeout_s=settings.email_final_timeout_s,
        max_connections=settings.email_concurrency,
    )
    try:
        found.check()
    except InvalidSettings as error:
        raise InvalidSettings([f"CARILLON_EMAIL, CARILLON_EMAIL_FROM: {one}" for one in error.problems]) from error
    return found
