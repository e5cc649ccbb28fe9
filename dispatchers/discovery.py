"""Finds stages and providers by what their modules declare. Called by services when they are put together."""

import ast
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from importlib.abc import InspectLoader
from importlib.util import find_spec
from types import ModuleType
from typing import Protocol, cast

import msgspec

from dispatchers.stages.plan import Stage
from dispatchers.stages.tools import StageTools
from errors import ConfigurationError

StageMaker = Callable[[StageTools], Stage]


class StageModule(Protocol):
    """What makes a module a stage: one without `PLACE` is none."""

    PLACE: int
    """Where it stands in the pipeline: stages run by ascending places, which leave room between them."""

    def stage(self, tools: StageTools) -> Stage:
        """The stage, made from what it needs of the tools; nothing is read or written yet."""


class ProviderModule(msgspec.Struct, frozen=True):
    """What a provider's module says of itself, which is known before its vendor's package is loaded."""

    name: str
    """Dotted."""
    schemes: tuple[str, ...]
    """`SCHEMES`: the URL schemes that choose it."""
    extra: str | None
    """`EXTRA`: the optional dependency of pyproject.toml that brings its package; None where it needs none."""


def stage_makers(package: ModuleType) -> tuple[StageMaker, ...]:
    """The factories of the stages in a package, in the order of their places.

    Raises:
        ConfigurationError: two stages claim one place.
    """
    found: dict[int, ModuleType] = {}
    for name in _module_names(package):
        module = importlib.import_module(name)
        if hasattr(module, "PLACE"):
            place = cast(StageModule, module).PLACE
            if place in found:
                raise ConfigurationError(f"{found[place].__name__} and {name} are both stage {place}; move one of them")
            found[place] = module
    return tuple([cast(StageModule, found[place]).stage for place in sorted(found)])


def providers(package: ModuleType) -> Mapping[str, ProviderModule]:
    """The providers of a channel's package by scheme, none of them loaded.

    Raises:
        ConfigurationError: two providers claim one scheme.
    """
    found: dict[str, ProviderModule] = {}
    for name in _module_names(package):
        one = _declared(name)
        for scheme in one.schemes:
            if scheme in found:
                raise ConfigurationError(f"{found[scheme].name} and {name} both claim {scheme}://; rename one scheme")
            found[scheme] = one
    return found


def load(provider: ProviderModule) -> ModuleType:
    """The module itself.

    Raises:
        ConfigurationError: a package that it needs is not installed.
    """
    try:
        return importlib.import_module(provider.name)
    except ModuleNotFoundError as error:
        if provider.extra is None:
            raise
        raise ConfigurationError(
            f"{provider.schemes[0]}:// needs the package {error.name}, which is not installed; "
            f"install the extra {provider.extra}: pip install -e '.[{provider.extra}]'"
        ) from error


def _module_names(package: ModuleType) -> Iterator[str]:
    return (one.name for one in pkgutil.iter_modules(package.__path__, f"{package.__name__}."))


def _declared(name: str) -> ProviderModule:
    # Read, not imported: a process needs the package of the one vendor that it sends by, and waits for no other.
    spec = find_spec(name)
    source = spec.loader.get_source(name) if spec and isinstance(spec.loader, InspectLoader) else None
    constants = {}
    for line in ast.parse(source or "").body:
        match line:
            case ast.Assign(targets=[ast.Name("SCHEMES" | "EXTRA" as constant)], value=value):
                constants[constant] = ast.literal_eval(value)
    return ProviderModule(name, tuple(constants.get("SCHEMES", ())), constants.get("EXTRA"))
