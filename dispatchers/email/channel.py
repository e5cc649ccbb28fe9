"""The e-mail channel: composes messages from content. Called by delivery, once per attempt."""

from collections.abc import Sequence

from dispatchers.email.addresses import domain_of, mailbox, refuse_controls
from dispatchers.email.layout import html_page, web_link
from dispatchers.email.mime import one_line
from dispatchers.provider import EmailMessage, Recipient
from errors import ConfigurationError, CorruptData
from models import ids
from models.content import Content

_LONGEST_SUBJECT = 78
"""Characters of a subject that is made from the body; one that the caller wrote is never cut."""
_NO_SUBJECT = "Notification"


class EmailChannel:
    """Composes for any provider of e-mail.

    Args:
        sender: `carillon@example.org` or `Carillon <carillon@example.org>`; its domain ends the message ids.

    Raises:
        ConfigurationError: the sender is no such thing.
    """

    def __init__(self, sender: str) -> None:
        try:
            self._domain = domain_of(mailbox(sender).address)
        except CorruptData as error:
            raise ConfigurationError(f"the e-mail sender cannot be used: {error.message}") from error

    def compose(self, recipients: Sequence[tuple[Recipient, Content]]) -> Sequence[EmailMessage]:
        """One message per recipient, in order, each with a text and an HTML part.

        Raises:
            CorruptData: an address with control characters, which acceptance lets nobody store.
        """
        return [self._message(recipient, content) for recipient, content in recipients]

    def _message(self, recipient: Recipient, content: Content) -> EmailMessage:
        refuse_controls(recipient.address)
        delivery = ids.encode(ids.DELIVERY, ids.delivery_bytes(recipient.attempt[:3]))
        link = web_link(content.url)
        text = content.email_text or content.body
        return EmailMessage(
            attempt=recipient.attempt,
            to=recipient.address,
            subject=_subject(content),
            text=_with_link(text, link),
            html=content.email_html or html_page(_title(content), text, link, recipient.locale),
            message_id=f"{delivery}@{self._domain}",
            headers=(
                ("X-Carillon-Delivery", delivery),
                ("X-Carillon-Attempt", ids.encode(ids.ATTEMPT, ids.attempt_bytes(recipient.attempt))),
                ("Auto-Submitted", "auto-generated"),
            ),
        )


def _subject(content: Content) -> str:
    given = one_line(content.email_subject or "") or one_line(content.title or "")
    return given or _cut(_first_line(content.body)) or _NO_SUBJECT


def _title(content: Content) -> str | None:
    return one_line(content.title or "") or None


def _first_line(body: str) -> str:
    return next((one_line(line) for line in body.splitlines() if line.strip()), "")


def _cut(line: str) -> str:
    """At most 78 characters, ended at a word if there is one."""
    if len(line) <= _LONGEST_SUBJECT:
        return line
    head, space, _ = line[:_LONGEST_SUBJECT].rpartition(" ")
    return (head.rstrip() if space and head.strip() else line[: _LONGEST_SUBJECT - 1]) + "…"


def _with_link(text: str, link: str | None) -> str:
    """The text with the link on a line of its own, unless the writer has put it there already."""
    if link is None or link in text:
        return text
    return f"{text.rstrip()}\n\n{link}\n"
