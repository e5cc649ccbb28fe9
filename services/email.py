"""The Email Dispatcher: consumes channel.email.queued and sends by the provider that the operator chose."""

import random
from typing import cast
from urllib.parse import urlsplit

import dispatchers.email
from dispatchers import discovery
from dispatchers.aftermath import Policies, Policy
from dispatchers.consumer import Consumer
from dispatchers.counts import Counts
from dispatchers.delivery import Delivery, Tools
from dispatchers.email.account import EmailAccount, EmailModule
from dispatchers.email.channel import EmailChannel
from dispatchers.lease import Lease
from dispatchers.provider import EmailMessage, Provider
from engines.bus.base import Bus
from errors import InvalidSettings
from models.clock import Clock
from models.topics import BusTopic
from models.vocabulary import Channel, WhenUnknown
from services.foundation import Foundation
from settings import SIMULATOR, Settings

POLL_LIMIT = 100
POLLS_AT_ONCE = 64
"""Many, since one hanging call keeps its poll open; what is taken ahead is bounded by free places for calls."""


class EmailService:
    """Owns the provider's connections; `consumer.run` does the work."""

    def __init__(
        self, base: Foundation, bus: Bus, lease: Lease, counts: Counts, provider: Provider[EmailMessage]
    ) -> None:
        self._provider = provider
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


def email_provider(settings: Settings, clock: Clock, simulator_port: int | None) -> Provider[EmailMessage]:
    """The provider that CARILLON_EMAIL's scheme names, connected to nothing yet; for simulator: SMTP in this process.

    Raises:
        InvalidSettings: no provider has this scheme, or the URL's parts cannot be used together.
        ConfigurationError: the provider needs a package that is not installed.
    """
    url = f"smtp://127.0.0.1:{simulator_port}?tls=none" if settings.uses_simulator else settings.email
    known, scheme = discovery.providers(dispatchers.email), urlsplit(url).scheme
    if scheme not in known:
        names = ", ".join([SIMULATOR, *[f"{name}://" for name in sorted(known)]])
        raise InvalidSettings([f"CARILLON_EMAIL: no provider for {scheme}://, expected one of {names}"])
    module = cast(EmailModule, discovery.load(known[scheme]))
    try:
        return module.provider(_account(settings, url, clock))
    except InvalidSettings as error:
        raise InvalidSettings([f"CARILLON_EMAIL, CARILLON_EMAIL_FROM: {one}" for one in error.problems]) from error


def _account(settings: Settings, url: str, clock: Clock) -> EmailAccount:
    return EmailAccount(
        url=url,
        sender=settings.email_from,
        concurrency=settings.email_concurrency,
        timeout_s=settings.email_timeout_s,
        final_timeout_s=settings.email_final_timeout_s,
        clock=clock,
    )
