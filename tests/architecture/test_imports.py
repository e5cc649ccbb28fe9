"""Who may import whom: the contracts of pyproject.toml hold, each of them can break, and single files keep theirs."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, Source, from_text, imports, product, sources

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# By contract, the files that break it: each gets its line, at its end where the file exists.
PLANTS = {
    "layers": {"usecases/planted.py": "import gateway"},
    "acyclic": {"usecases/planted.py": "import usecases.sown", "usecases/sown.py": "import usecases.planted"},
    "settings": {"usecases/planted.py": "import settings"},
    "entry": {"commands/planted.py": "import app"},
    "simulator-apart": {"simulator/planted.py": "import models"},
    "simulator-users": {"gateway/planted.py": "import simulator"},
    "local-apart": {"deploy/local/planted.py": "import models"},
    "local-users": {"services/planted.py": "import deploy.local"},
    "drivers": {"engines/store/planted.py": "import asyncpg"},
    "sqlalchemy": {"usecases/planted.py": "from sqlalchemy import select"},
    "pure": {"models/planted.py": "import asyncio"},
    "ports": {"usecases/planted.py": "import engines.store.sqlite"},
    "adapters": {"engines/store/sqlite.py": "import engines.store.postgres"},
    "channels": {"dispatchers/sms/__init__.py": "", "dispatchers/email/planted.py": "import dispatchers.sms"},
    "api-doors": {"gateway/rest/planted.py": "import gateway.graphql.limits"},
    "smtp": {"dispatchers/email/planted.py": "import aiosmtplib"},
    "http-client": {"usecases/planted.py": "import httpx"},
    "doors": {"usecases/planted.py": "import starlette"},
}

MAY_IMPORT = {
    "app.py": {"commands", "errors"},
    "errors.py": set(),
    "settings.py": {"engines", "models", "errors", "msgspec"},
}
SHARED_BY_ADAPTERS = {"base", "options", "operations", "queries", "committer", "sealer"}
MODELS_MAY_IMPORT = {"models", "errors", "msgspec", "google", "sqlalchemy"}


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a tree; `-S` keeps the editable install of another tree off the path."""
    return subprocess.run(
        [sys.executable, "-S", "-c", LINT, "--no-logo", "--no-cache", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": sysconfig.get_path("purelib"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def contracts() -> dict[str, dict[str, list[str]]]:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract for contract in configuration["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def copied_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    for source in sources():
        target = folder / source.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.text, encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_import_rule_holds() -> None:
    result = lint(ROOT)

    assert result.returncode == 0, result.stdout + result.stderr


def test_every_import_rule_is_shown_to_break() -> None:
    assert sorted(PLANTS) == sorted(contracts())
    assert len(PLANTS) >= 8


@pytest.mark.parametrize("contract", PLANTS)
def test_a_planted_import_breaks_its_rule(contract: str, copied_tree: Path) -> None:
    before = {path: _read(copied_tree / path) for path in PLANTS[contract]}
    for path, line in PLANTS[contract].items():
        (copied_tree / path).parent.mkdir(exist_ok=True)
        (copied_tree / path).write_text(f"{before[path] or ''}\n{line}\n", encoding="utf-8")
    try:
        result = lint(copied_tree, "--contract", contract)
    finally:
        for path, text in before.items():
            _restore(copied_tree / path, text)

    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout
    assert any(Path(path).stem in result.stdout for path in PLANTS[contract])


@pytest.mark.parametrize("path", MAY_IMPORT)
def test_a_single_file_imports_only_what_it_may(path: str) -> None:
    (source,) = [source for source in sources() if source.path == path]

    assert strangers(source, MAY_IMPORT[path]) == []


def test_settings_know_options_and_no_adapter() -> None:
    (settings,) = [source for source in sources() if source.path == "settings.py"]
    engines = [name for _, name in imports(settings) if name.startswith("engines.")]

    assert [name for name in engines if not name.endswith(".options")] == []


def test_models_import_nothing_but_the_few_they_are_made_of() -> None:
    models = [source for source in product() if source.folder == "models"]
    found = [stranger for source in models for stranger in strangers(source, MODELS_MAY_IMPORT)]

    assert found == []


def test_a_stranger_among_the_imports_is_found() -> None:
    planted = from_text("models/planted.py", "import json\nimport errors\nfrom yaml import load\n")

    assert strangers(planted, MODELS_MAY_IMPORT) == ["models/planted.py:3 yaml"]


def test_every_channel_stands_in_its_contract() -> None:
    channels = {source.module.removesuffix(".channel") for source in product() if source.module.endswith(".channel")}

    assert channels - neighbours("channels") == set()


def test_every_adapter_stands_in_its_contract() -> None:
    modules = {source.module for source in product() if re.fullmatch(r"engines/\w+/(?!__init__)\w+\.py", source.path)}
    adapters = {name for name in modules if name.rpartition(".")[2] not in SHARED_BY_ADAPTERS}

    assert adapters - neighbours("adapters") == set()


def neighbours(contract: str) -> set[str]:
    """The modules that a contract of one layer keeps apart."""
    (layer,) = contracts()[contract]["layers"]
    return set(re.findall(r"\((.+?)\)", layer))


def strangers(source: Source, allowed: set[str]) -> list[str]:
    """Imports of neither the standard library nor an allowed root, as "file:line name"."""
    welcome = allowed | sys.stdlib_module_names
    return [f"{source.path}:{line} {name}" for line, name in imports(source) if name.partition(".")[0] not in welcome]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _restore(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")
