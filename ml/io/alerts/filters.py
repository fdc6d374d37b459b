"""Filters of alerts in words: ``snr > 5 and band in (g, r) and abs(b) > 10``.

The words are parsed as Python's grammar has them, and each allowed element is interpreted here: nothing is evaluated by
Python, and no name leads out of the alert.
"""

import ast
import hashlib
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from ml.io.message import Message
from ml.io.records import BadInput

Facts = Mapping[str, Any]
"""The values of an alert by name; None for no value."""

LONGEST = 1000  # characters

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_POLE = math.radians(192.85948), math.radians(27.12825)  # of the Galaxy, ICRS


class Filter:
    """A condition on alerts.

    Parameters
    ----------
    text
        Comparisons (``<``, ``<=``, ``>``, ``>=``, ``==``, ``!=``, ``in``) of names, numbers and quoted texts, joined by
        ``and``, ``or`` and ``not``; ``+ - * /``; ``abs(x)``; ``within(ra, dec, radius)`` in degrees; ``sample(0.1)``
        for a fixed tenth of all alerts. Names in a list may be texts without quotes: ``band in (g, r)``. Empty accepts
        everything.

    Raises
    ------
    BadInput
        Not such a condition; the message names what is wrong.

    Notes
    -----
    A comparison with a missing value is false, and so is its opposite: ``not ssdistnr < 5`` accepts alerts without
    `ssdistnr`, ``ssdistnr >= 5`` does not.

    Examples
    --------
    >>> Filter("snr > 5 and not ssdistnr < 5")({"snr": 7.0, "ssdistnr": None})
    True
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        if len(self.text) > LONGEST:
            raise BadInput("has more than %(most)s characters.", most=LONGEST)
        try:
            tree = ast.parse(self.text or "1 == 1", mode="eval").body
            _check(tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if isinstance(error, BadInput):
                raise
            why = getattr(error, "msg", error)  # of a SyntaxError: without Python's name of the file
            raise BadInput("is not a condition (%(error)s). Write it as in: snr > 5 and rb > 0.3", error=why) from error
        self._tree = tree

    def __call__(self, facts: Facts) -> bool:
        """Return whether the alert is accepted."""
        try:
            return _truth(self._tree, facts)
        except (TypeError, ZeroDivisionError, OverflowError):  # such as a text compared with a number
            return False


def galactic_latitude(ra: float, dec: float) -> float:
    """Return the galactic latitude in degrees of an ICRS position in degrees.

    Source: ESA 1997, The Hipparcos Catalogue, section 1.5.3.
    """
    alpha, delta = math.radians(ra), math.radians(dec)
    sine = math.sin(delta) * math.sin(_POLE[1]) + math.cos(delta) * math.cos(_POLE[1]) * math.cos(alpha - _POLE[0])
    return math.degrees(math.asin(min(max(sine, -1.0), 1.0)))


def _check(node: ast.AST) -> None:
    allowed = isinstance(
        node, ast.BoolOp | ast.Compare | ast.Name | ast.Tuple | ast.List | ast.boolop | ast.cmpop | ast.expr_context
    )
    allowed = allowed or (isinstance(node, ast.Constant) and type(node.value) in (int, float, str, bool))
    allowed = allowed or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub))
    allowed = allowed or (isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC)
    allowed = allowed or isinstance(node, ast.operator | ast.unaryop)
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if len(node.args) != _ARGUMENTS.get(name, -1) or node.keywords:
            raise BadInput("may only call abs(x), within(ra, dec, radius) and sample(fraction).")
    elif not allowed:
        what = ast.unparse(node)[:40] if isinstance(node, ast.expr) else Message("something")
        raise BadInput("holds “%(what)s”, which filters do not know.", what=what)
    for child in ast.iter_child_nodes(node):
        _check(child)


_ARGUMENTS = {"abs": 1, "within": 3, "sample": 1}


def _truth(node: ast.expr, facts: Facts) -> bool:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_truth(value, facts) for value in values)
        case ast.BoolOp(values=values):
            return any(_truth(value, facts) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _truth(operand, facts)
        case ast.Compare():
            return _compared(node, facts)
    return bool(_value(node, facts))


def _compared(node: ast.Compare, facts: Facts) -> bool:
    left = _value(node.left, facts)
    for comparison, other in zip(node.ops, node.comparators, strict=True):
        if isinstance(comparison, ast.In | ast.NotIn):
            found = left is not None and left in _members(other, facts)
            is_true = found if isinstance(comparison, ast.In) else left is not None and not found
            right = None
        else:
            right = _value(other, facts)
            is_true = None not in (left, right) and _COMPARISONS[type(comparison)](left, right)
        if not is_true:
            return False
        left = right
    return True


def _members(node: ast.expr, facts: Facts) -> list[Any]:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    return [part.id if isinstance(part, ast.Name) else _value(part, facts) for part in parts]


def _value(node: ast.expr, facts: Facts) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return facts.get(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _value(operand, facts)
            return None if value is None else -value
        case ast.BinOp(left=left, op=op, right=right):
            pair = _value(left, facts), _value(right, facts)
            return None if None in pair else _ARITHMETIC[type(op)](*pair)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            values = [_value(argument, facts) for argument in arguments]
            return None if None in values else _called(name, values, facts)
    return _truth(node, facts)


def _called(name: str, values: list[Any], facts: Facts) -> Any:
    if name == "abs":
        return abs(values[0])
    if name == "sample":
        digest = hashlib.blake2b(str(facts.get("external_id")).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < values[0] * 2**64
    return _is_within(facts, *values)


def _is_within(facts: Facts, ra: float, dec: float, radius: float) -> bool:
    if facts.get("ra") is None or facts.get("dec") is None:
        return False
    alpha, delta, ra, dec = (math.radians(one) for one in (facts["ra"], facts["dec"], ra, dec))
    haversine = math.sin((delta - dec) / 2) ** 2 + math.cos(delta) * math.cos(dec) * math.sin((alpha - ra) / 2) ** 2
    return 2 * math.asin(min(math.sqrt(haversine), 1.0)) <= math.radians(radius)
