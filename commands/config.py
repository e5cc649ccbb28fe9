"""`carillon config`: the settings in force, where each comes from, and what it is for."""

import argparse
import os
import sys
from collections.abc import Sequence

from settings import effective, load


def main(words: Sequence[str]) -> int:
    """Print them, secrets masked; fail with all problems if there are any."""
    argparse.ArgumentParser(prog="carillon config").parse_args(words)
    for setting, text in effective(os.environ):
        origin = "environment" if setting.variable in os.environ else "default"
        sys.stdout.write(f"{setting.variable}={text}\n    {setting.purpose} ({origin})\n")
    load(os.environ)
    return 0
