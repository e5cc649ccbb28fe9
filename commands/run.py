"""`carillon run`: everything in one process, until Ctrl-C."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence

import uvloop

from services import logs
from services.all import Started, run
from settings import Settings, load

log = logging.getLogger(__name__)

GC_THRESHOLDS = (50_000, 50, 50)


def main(words: Sequence[str]) -> int:
    """Serve; say what to open and how to send."""
    parser = argparse.ArgumentParser(prog="carillon run")
    parser.add_argument("--demo", action="store_true", help="seed made-up users and serve the demo page's session")
    demo = bool(parser.parse_args(words).demo)
    settings = load(os.environ)
    logs.set_up(settings)
    uvloop.run(run(settings, demo=demo, started=lambda found: _announce(found, settings, demo=demo)))
    log.info("stopped")
    sys.stdout.write("Stopped; nothing accepted is lost.\n")
    return 0


def _announce(found: Started, settings: Settings, *, demo: bool) -> None:
    # what lives from here on is kept out of the collector's rounds
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    log.info("started", extra={"url": found.url})
    sys.stdout.write(_words(found, settings, demo=demo))
    sys.stdout.flush()


def _words(found: Started, settings: Settings, *, demo: bool) -> str:
    key_file = settings.keys_folder / "admin.key"
    lines = ["", f"Carillon runs at {found.url}", ""]
    if settings.uses_simulator:
        lines.append(f"  mailbox   {found.url}/simulator/mailbox")
    lines.append(f"  GraphiQL  {found.url}/graphql")
    lines.append(f"  metrics   {found.url}/metrics")
    if found.admin_key is not None:
        lines += ["", f"Your admin key, shown this once and kept in {key_file}:", "", f"  {found.admin_key}"]
    if found.took_over:
        lines += ["", f"{found.took_over} calls of the last run have an unknown outcome; see their deliveries."]
    lines += ["", "Send something:", "", *_example(found.url, str(key_file), demo=demo), "", "Ctrl-C stops.", ""]
    return "\n".join(lines)


def _example(url: str, key_file: str, *, demo: bool) -> list[str]:
    to = 'externalId: \\"ada\\"' if demo else 'email: \\"ada@example.test\\"'
    query = (
        f"mutation {{ sendNotification(input: {{to: {{{to}}}, "
        'message: {content: {title: \\"Hello\\", body: \\"It rings.\\"}}}) '
        "{ __typename ... on NotificationAccepted { notification { id } } ... on Failure { message } } }"
    )
    return [
        f"  curl {url}/graphql -H 'content-type: application/json' \\",
        f'    -H "authorization: Bearer $(cat {key_file})" \\',
        f'    -d \'{{"query": "{query}"}}\'',
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
