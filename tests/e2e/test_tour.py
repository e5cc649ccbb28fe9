"""The README's tour: its lines are run as they stand there, and say what the text promises."""

import re
import subprocess
from pathlib import Path

from bench.children import ROOT
from tests.e2e.process import CarillonProcess, running

TOUR_WITHIN_S = 60
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "=== end of a block ==="


def blocks() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return BLOCK.findall(text.partition("## A tour")[2].partition("\n## ")[0])


def run(process: CarillonProcess, commands: list[str]) -> list[str]:
    """What each block printed, all of them run by one shell in the product's folder."""
    script = f"\necho '{END}'\n".join(commands).replace("http://127.0.0.1:8080", process.url)
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=process.folder,
        capture_output=True,
        text=True,
        timeout=TOUR_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split(f"{END}\n")


def test_each_command_of_the_tour_does_what_the_text_says(tmp_path: Path) -> None:
    with running(tmp_path, {}) as process:
        setting, rest, template, opt_out, viewer, live = run(process, blocks())

    assert setting == ""
    first, second = rest.split("HTTP/1.1 201 Created")[1:]
    assert "idempotency-replayed: true" not in first and "idempotency-replayed: true" in second
    assert '"items":[{"id":"ntf_' in second and '"state":"COMPLETED"' in second
    assert [word in template for word in ("TemplateDrafted", '"number":1', "NotificationAccepted")] == [True] * 3
    assert "Bestellung 17 ist unterwegs" in template and "Sie kommt am Freitag." in template
    assert '"state":"SKIPPED","reason":"OPTED_OUT"' in opt_out and '"rule":"DECLINED"' in opt_out
    assert '"code":"FORBIDDEN"' in viewer and '"content":null' in viewer and '"body"' not in viewer
    assert "event: ready" in live
    assert re.search(rf"^{re.escape(process.url)}/api/v1/inbox/stream\?ticket=eyJ[\w.-]+$", live, re.MULTILINE)
    assert all("Failure" not in said and '"errors"' not in said for said in (template, opt_out))
