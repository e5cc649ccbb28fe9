"""Runs an administrator's statements on a PostgreSQL server. Called by `postgres.py`."""

import subprocess
from collections.abc import Mapping

from deploy.local.postgres_programs import ENVIRONMENT, Programs
from errors import EngineUnavailable, InvalidInput

_EXIT_NO_CONNECTION = 2


def run_script(
    programs: Programs, url: str, script: str, variables: Mapping[str, str], timeout_s: float = 60.0
) -> None:
    """Give the script to psql, which comes with every server and needs no driver; it stops at the first error.

    Args:
        variables: what psql puts in, quoted, for :'name' (a value) and :"name" (an identifier).

    Raises:
        EngineUnavailable: the server does not answer.
        InvalidInput: the server refused a statement; the message is its own.
    """
    ran = subprocess.run(
        [programs.path("psql"), "--no-psqlrc", "--quiet", f"--dbname={url}", "--set=ON_ERROR_STOP=1", "--file=-"]
        + [f"--set={name}={value}" for name, value in variables.items()],
        input=script,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if ran.returncode == _EXIT_NO_CONNECTION:
        raise EngineUnavailable(ran.stderr.strip())
    if ran.returncode != 0:
        raise InvalidInput(ran.stderr.strip())
