"""The command line of Carillon: finds the verb and runs it. Imported by nothing."""

import sys
from collections.abc import Sequence
from importlib import import_module

from errors import CarillonError

VERBS = {
    "run": "start everything in this process",
    "migrate": "bring the database to this version",
    "config": "print the effective settings",
    "keys": "create, list, rotate and revoke API keys",
    "audit": "check that the audit log is as it was written",
    "token": "make a browser token that speaks for one user",
}


ASKING = {"help", "-h", "--help"}


def main(words: Sequence[str] | None = None) -> int:
    """Run `carillon VERB …`; gives the exit status: 0 done, 1 refused with a reason, 2 not understood."""
    verb, *rest = words if words is not None else sys.argv[1:] or ["help"]
    if verb not in VERBS:
        sys.stderr.write(usage() if verb in ASKING else f"carillon: no verb {verb!r}\n\n{usage()}")
        return 0 if verb in ASKING else 2
    try:
        return int(import_module(f"commands.{verb}").main(rest))
    except CarillonError as error:
        sys.stderr.write(f"carillon {verb}: {error.message}\n")
        return 1


def usage() -> str:
    """The verbs and what they do."""
    return "carillon VERB [options]\n\n" + "".join(f"  {verb:<10}{purpose}\n" for verb, purpose in VERBS.items())


if __name__ == "__main__":
    sys.exit(main())
