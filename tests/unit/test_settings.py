"""Settings: what is wrong is reported together, in words that help; what is secret is never shown."""

import pytest

from errors import InvalidSettings
from settings import SETTINGS, effective, load, masked_url


def test_the_defaults_serve_an_empty_environment() -> None:
    settings = load({})

    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 8080)
    assert settings.store == "sqlite:///var/carillon.db"
    assert settings.uses_simulator


def test_all_mistakes_are_reported_together_with_variable_problem_and_example() -> None:
    wrong = {"CARILLON_LISTEN": "somewhere", "CARILLON_EMAIL": "mail:25", "CARILLON_LISTNE": "127.0.0.1:1"}

    with pytest.raises(InvalidSettings) as raised:
        load(wrong)

    assert len(raised.value.problems) == 3
    for variable in wrong:
        assert any(problem.startswith(variable) for problem in raised.value.problems)
    [listen] = [problem for problem in raised.value.problems if problem.startswith("CARILLON_LISTEN=")]
    assert "'somewhere'" in listen and "for example [::1]:8080" in listen


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("CARILLON_LISTEN", "127.0.0.1"),
        ("CARILLON_LISTEN", "127.0.0.1:65536"),
        ("CARILLON_LISTEN", ":8080"),
        ("CARILLON_FOLDER", ""),
        ("CARILLON_STORE", "mysql://root@localhost/x"),
        ("CARILLON_STORE_OWNER", "sqlite:///x.db"),
        ("CARILLON_EMAIL", "smtp://"),
        ("CARILLON_EMAIL", "smtp://host:notaport"),
        ("CARILLON_EMAIL", "smtp://host:25?tsl=starttls"),
        ("CARILLON_EMAIL", "smtp://host:25?tls=maybe"),
        ("CARILLON_EMAIL_FROM", "nobody"),
        ("CARILLON_EMAIL_FROM", "a@b.example\nBcc: c@d.example"),
        ("CARILLON_EMAIL_CONCURRENCY", "0"),
        ("CARILLON_EMAIL_CONCURRENCY", "many"),
        ("CARILLON_EMAIL_TIMEOUT_S", "-1"),
        ("CARILLON_EMAIL_FINAL_TIMEOUT_S", "601"),
        ("CARILLON_WHEN_UNKNOWN", "maybe"),
        ("CARILLON_UNKNOWN_RESENDS", "2.5"),
        ("CARILLON_LOG_LEVEL", "loud"),
    ],
)
def test_each_bound_holds(variable: str, text: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        load({variable: text})

    [problem] = raised.value.problems
    assert problem.startswith(variable)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_example_and_default_can_be_used(setting: object) -> None:
    one = next(one for one in SETTINGS if one is setting)

    assert one.read(one.example)
    assert one.read(one.default)


def test_passwords_are_masked_wherever_they_stand() -> None:
    urls = {
        "CARILLON_STORE": "postgresql://carillon:hush@db/carillon",
        "CARILLON_STORE_OWNER": "postgresql://owner:hush@db/carillon",
        "CARILLON_EMAIL": "smtp://user:hush@mail.example:587?tls=starttls",
    }

    shown = {setting.variable: text for setting, text in effective(urls)}

    assert not any("hush" in text for text in shown.values())
    assert shown["CARILLON_STORE"] == "postgresql://carillon:***@db/carillon"
    assert masked_url("smtp://mail.example:587") == "smtp://mail.example:587"


def test_a_problem_does_not_show_a_password() -> None:
    with pytest.raises(InvalidSettings) as raised:
        load({"CARILLON_STORE": "mysql://root:hush@db/x"})

    assert "hush" not in str(raised.value)
