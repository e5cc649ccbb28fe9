"""Reads a JSON body by its model, strictly; what is wrong is named by its place. Used by the door."""

import re
from typing import TypeVar

import msgspec

from errors import InvalidInput
from gateway.json_text import read_json
from gateway.limits import BodyLimits

T = TypeVar("T")

_FAULT = re.compile(r"(?P<said>.*?)(?: - at `\$(?P<place>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?P<kind>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
_TYPES = re.compile(r"`([a-z]+)`")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def read_struct(body: bytes, model: type[T], limits: BodyLimits) -> T:
    """The body as a struct.

    Raises:
        MalformedRequest: no JSON within the limits.
        InvalidInput: JSON that does not fit the model; the path leads to the first misfit.
    """
    value = read_json(body, limits)
    try:
        return msgspec.convert(value, type=model)
    except msgspec.ValidationError as error:
        raise _fault(str(error)) from error


def _fault(text: str) -> InvalidInput:
    found = _FAULT.fullmatch(text)
    said, place = (found["said"], found["place"] or "") if found else (text, "")
    path = tuple([name or number for name, number in _STEP.findall(place)])
    field = _FIELD.fullmatch(said)
    if field is not None:
        words = "unknown field" if field["kind"].startswith("contains") else "expected a value, got nothing"
        return InvalidInput(words, path=(*path, f"{field['name']:.80}"))
    words = _TYPES.sub(lambda one: _WORDS.get(one[1], one[1]), said)
    return InvalidInput(words[:1].lower() + words[1:], path=path)
