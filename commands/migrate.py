"""`carillon migrate`: bring the database to the schema that this version wants."""

import argparse
import os
import sys
from collections.abc import Sequence

from migrations import runner
from services.foundation import make_folder
from settings import load, masked_url


def main(words: Sequence[str]) -> int:
    """Upgrade; a database that is there stays as it is."""
    argparse.ArgumentParser(prog="carillon migrate").parse_args(words)
    settings = load(os.environ)
    url = settings.store_owner or settings.store
    make_folder(settings)
    runner.upgrade(url)
    sys.stdout.write(f"{masked_url(url)} is at migration {runner.current(url)}\n")
    return 0
