"""Real input: the example payloads of GitHub's webhooks, from an npm package, each as a title, a text and a link."""

import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from errors import ConfigurationError

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE / "node_modules" / "@octokit" / "webhooks-examples" / "api.github.com" / "index.json"
NPM = HERE.parent / "deploy" / "setup" / "npm"

MOST_TITLE = 400
MOST_BODY = 4_000
SUBJECTS = (
    "pull_request", "issue", "discussion", "release", "check_run", "workflow_job", "workflow_run", "deployment",
    "milestone", "package", "alert", "label", "member", "team", "forkee", "organization", "installation",
)  # fmt: skip
"""Which part of a payload it is about, the most telling first."""
NAMES = ("title", "name", "login", "full_name", "tag_name")
TEXTS = ("comment", "review", "issue", "pull_request", "discussion", "release", "head_commit", "milestone")

Payload = Mapping[str, object]


class Event(msgspec.Struct, frozen=True):
    """What happened, in words."""

    title: str
    body: str
    url: str | None
    category: str


class _Kind(msgspec.Struct):
    name: str
    examples: list[dict[str, object]]


def events() -> list[Event]:
    """All 329, in the package's order; the package is installed by npm where it is missing.

    Raises:
        ConfigurationError: it cannot be installed.
    """
    if not EXAMPLES.exists():
        _install()
    kinds = msgspec.json.decode(EXAMPLES.read_bytes(), type=list[_Kind])
    return [event(kind.name, payload) for kind in kinds for payload in kind.examples]


def categories(events: Iterable[Event]) -> list[str]:
    """The categories of events, each once."""
    return sorted({one.category for one in events})


def event(kind: str, payload: Payload) -> Event:
    """One payload in words: "octocat/Hello-World: pull request opened: Update the README"."""
    words = [kind.replace("_", " "), str(payload.get("action") or "").replace("_", " ")]
    what = " ".join([word for word in words if word])
    title = ": ".join([part for part in (_repository(payload), what, _subject(payload)) if part])
    url = _link(payload)
    return Event(_line(title)[:MOST_TITLE], _text(payload) or _line(title), url, f"github.{kind}")


def _install() -> None:
    environment = Path(sys.prefix)
    sys.stderr.write("fetching the webhook examples with npm\n")
    command = [str(NPM), str(environment), "--prefix", str(HERE), "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not EXAMPLES.exists():
        raise ConfigurationError(f"npm could not install the webhook examples: {done.stderr.strip()}")


def _repository(payload: Payload) -> str:
    return _first(payload, ("repository", "organization"), ("full_name", "login"))


def _subject(payload: Payload) -> str:
    return _first(payload, SUBJECTS, NAMES) or str(payload.get("ref") or payload.get("zen") or "")


def _text(payload: Payload) -> str:
    text = _first(payload, TEXTS, ("body", "message", "description"))
    return "".join([letter for letter in text if letter in "\n\t" or letter.isprintable()])[:MOST_BODY].strip()


def _link(payload: Payload) -> str | None:
    link = _first(payload, ("comment", "review", *SUBJECTS, "repository", "sender"), ("html_url",))
    return link or str(payload.get("compare") or "") or next(_references(payload), None)


def _references(payload: Payload) -> Iterator[str]:
    """What a security advisory, which belongs to no repository, refers to."""
    for part in _parts(payload, ("security_advisory",)):
        references = part.get("references")
        for one in references if isinstance(references, list) else ():
            yield str(one["url"])


def _first(payload: Payload, parts: tuple[str, ...], names: tuple[str, ...]) -> str:
    """The first text that any of the named fields of any of the named parts holds."""
    return next((value for part in _parts(payload, parts) for value in _values(part, names)), "")


def _parts(payload: Payload, names: tuple[str, ...]) -> Iterator[dict[object, object]]:
    for name in names:
        part = payload.get(name)
        if isinstance(part, dict):
            yield part


def _values(part: Mapping[object, object], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = part.get(name)
        if isinstance(value, str) and value.strip():
            yield value


def _line(text: str) -> str:
    """On one line, without control characters."""
    return " ".join("".join([letter if letter.isprintable() else " " for letter in text]).split())
