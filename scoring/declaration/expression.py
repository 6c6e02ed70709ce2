"""The score as an expression of the measures: sums, products, means, the greater and the lesser. Standard library only.

``score = "srcc + plcc"``, ``score = "0.5 * acc_easy + 0.5 * mean(f1, 100 * (1 - mae / 10))"``. Only what is listed in
:data:`CALLS` and the four operations can stand in one, so a declaration runs no code of its author's.
"""

from __future__ import annotations

import ast
import math
import operator
from functools import cache, reduce
from typing import TYPE_CHECKING

from scoring.declaration.form import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LONGEST, DEEPEST = 2_000, 40


def _mean(*values: float) -> float:
    return reduce(operator.add, values) / len(values)


def _gmean(*values: float) -> float:
    return math.prod(values) ** (1 / len(values)) if min(values) > 0 else 0.0


def _hmean(*values: float) -> float:
    return len(values) / reduce(operator.add, (1 / value for value in values)) if min(values) > 0 else 0.0


#: What can be called: the arithmetic, geometric and harmonic mean (0 where a value is not positive), and the rest.
CALLS: Mapping[str, Callable[..., float]] = {
    "mean": _mean,
    "gmean": _gmean,
    "hmean": _hmean,
    "min": min,
    "max": max,
    "abs": abs,
    "sqrt": lambda value: math.sqrt(max(0.0, value)),
    "exp": lambda value: math.exp(min(value, 700.0)),
}
SINGLE = frozenset({"abs", "sqrt", "exp"})
OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@cache
def parsed(text: str) -> ast.expr:
    """Return an expression to be computed. Raises ValueError with what is wrong."""
    if len(text) > LONGEST:
        message = f"an expression has at most {LONGEST:,} characters"
        raise ValueError(message)
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        message = f"{text!r} is not an expression, as 0.5 * acc + 0.5 * f1"
        raise ValueError(message) from error
    _check(tree, DEEPEST)
    return tree


def _check(node: ast.expr, left: int) -> None:
    """Raise ValueError for what cannot be used in an expression."""
    if left == 0:
        raise ValueError("the expression is nested too deeply")
    inner = _inside(node)
    if inner is None:
        message = f"{ast.unparse(node)!r} cannot be used in an expression; known are + - * / and {', '.join(CALLS)}"
        raise ValueError(message)
    for each in inner:
        _check(each, left - 1)


def _inside(node: ast.expr) -> list[ast.expr] | None:
    """Return the parts of a part of an expression; None for what is none."""
    match node:
        case ast.Name() | ast.Constant():
            return [] if isinstance(node, ast.Name) or is_number(node.value) else None
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
            return [inner]
        case ast.BinOp(left=first, op=ast.Div(), right=ast.Constant(value=int() | float() as by)) if by:
            return [first]
        case ast.BinOp(left=first, op=ast.Add() | ast.Sub() | ast.Mult(), right=second):
            return [first, second]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in CALLS and arguments:
            return arguments if name not in SINGLE or len(arguments) == 1 else None
        case _:
            return None


def names(text: str) -> list[str]:
    """Return the measures that an expression names, each once."""
    tree = parsed(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
    return list(dict.fromkeys(found))


def value(text: str, figures: Mapping[str, float]) -> float:
    """Return the value of an expression for measures by name."""
    return _value(parsed(text), figures)


def _value(node: ast.expr, figures: Mapping[str, float]) -> float:
    match node:
        case ast.Name(id=name):
            return figures[name]
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.UnaryOp(op=op, operand=inner):
            return -_value(inner, figures) if isinstance(op, ast.USub) else _value(inner, figures)
        case ast.BinOp(left=first, op=op, right=second):
            return OPERATORS[type(op)](_value(first, figures), _value(second, figures))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return float(CALLS[name](*(_value(each, figures) for each in arguments)))
        case _:
            message = f"{ast.unparse(node)!r} is not a part of an expression"
            raise ValueError(message)


def slopes(text: str, figures: Mapping[str, float]) -> dict[str, float]:
    """Return the slope of an expression by each of its measures, by central differences."""
    tree = parsed(text)
    found = {}
    for name in names(text):
        step = 1e-6 * max(1.0, abs(figures[name]))
        ends = [_value(tree, {**figures, name: figures[name] + sign * step}) for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * step)
        found[name] = slope if math.isfinite(slope) else 0.0
    return found


def directions(text: str, lower: Sequence[str], among: Sequence[str]) -> set[bool]:
    """Return in which directions better measures move an expression, True for up; tried at several places.

    ``lower`` are the measures of which a smaller value is better.
    """
    found = set()
    for place in (0.1, 0.37, 0.62, 0.93):
        for name, slope in slopes(text, dict.fromkeys(among, place)).items():
            if slope:
                found.add((slope > 0) != (name in lower))
    return found
