"""The feed in its short form: real payloads through the public API until the outside journals balance."""

import pytest

from bench.feed import main


def test_what_is_accepted_and_what_arrives_balance(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--n", "150", "--people", "80"])

    said = capsys.readouterr().out
    assert status == 0, said
    assert "PASS" in said


def test_a_running_product_is_not_fed_where_nothing_could_be_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "http://127.0.0.1:1", "--n", "1"]) == 2
    assert "--smtp-journal" in capsys.readouterr().err
