"""Reads JSON that callers send, in linear time and within limits. Used by every door."""

import json
import re
from array import array
from itertools import accumulate

import msgspec

from errors import MalformedRequest
from gateway.limits import BodyLimits

_NOT_SHAPE = bytes(set(range(256)) - set(b'"[]{}:,'))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""What a bracket does to the depth, as a signed byte."""
_STRING = re.compile(rb'"[^"]*"')


def read_json(body: bytes, limits: BodyLimits) -> object:
    """The value of a JSON text (RFC 8259), in linear time.

    Raises:
        MalformedRequest: not UTF-8, not JSON (NaN and Infinity are not), over the limits of nesting or values, or an
            object names one of its keys twice.
    """
    shape = _shape(body)
    if _nests_deeper(shape, limits.json_nesting):
        raise MalformedRequest(f"JSON is nested deeper than {limits.json_nesting} levels")
    if _openers(shape) + shape.count(b",") > limits.json_values:
        raise MalformedRequest(f"JSON has more than {limits.json_values} values")
    try:
        value: object = msgspec.json.decode(body)
    except UnicodeDecodeError as error:
        raise MalformedRequest("a string is not UTF-8") from error
    except msgspec.MsgspecError as error:
        raise MalformedRequest(f"expected JSON: {error}") from error
    # Written again, the value shows each key once; this is faster than to visit its members.
    if shape.count(b":") != _shape(msgspec.json.encode(value)).count(b":"):
        raise MalformedRequest(f"an object has the key {_double_key(body)!r:.80} twice")
    return value


def _shape(body: bytes) -> bytes:
    """Only the brackets, braces, colons and commas outside of strings; all passes run at memory speed."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = body.translate(None, _NOT_SHAPE).replace(b'""', b"")
    return _STRING.sub(b"", marks) if b'"' in marks else marks


def _nests_deeper(shape: bytes, levels: int) -> bool:
    """Whether more than `levels` brackets and braces are open at once."""
    if _openers(shape) <= levels:
        return False
    steps = array("b", shape.translate(_STEPS, b":,"))
    return max(accumulate(steps)) > levels


def _openers(shape: bytes) -> int:
    return shape.count(b"[") + shape.count(b"{")


def _double_key(body: bytes) -> str:
    doubles = []

    def note(pairs: list[tuple[str, object]]) -> None:
        names: set[str] = set()
        for name, _ in pairs:
            if name in names:
                doubles.append(name)
            names.add(name)

    json.loads(body, object_pairs_hook=note)
    return doubles[0]
