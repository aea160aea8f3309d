"""The settings file of ckanpackager: a Python file, read and never run.

Understood are assignments of literals, of earlier names, of sums and the like of numbers and text, and the two calls
such files commonly hold: ``os.path.join`` and ``os.environ.get`` (or ``os.getenv``) with a default.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any


class OldSettingsError(Exception):
    """The settings file cannot be read; the text says why."""


class NotUnderstood(Exception):
    """An expression that would have to be run."""


@dataclass
class OldSettings:
    """What the file says. ``unread``: names or lines that would have to be run to know them, with the reason;
    ``notes``: what to know of a value that was read."""

    values: dict[str, Any] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> OldSettings:
    """Read a settings file. Raises OldSettingsError where it is missing or no Python."""
    try:
        tree = ast.parse(path.read_bytes())
    except OSError as error:
        raise OldSettingsError(f"{path} cannot be read: {error.strerror}") from error
    except SyntaxError as error:
        # The line itself may hold a secret: only its number is told.
        raise OldSettingsError(f"{path} cannot be read as Python (line {error.lineno})") from None
    except (ValueError, RecursionError, MemoryError):
        raise OldSettingsError(f"{path} cannot be read as Python") from None
    return _collect(tree)


def _collect(tree: ast.Module) -> OldSettings:
    found = OldSettings()
    for statement in tree.body:
        targets = list(_targets(statement))
        if targets:
            _assign(found, targets, statement)
        elif not _harmless(statement):
            found.unread[f"line {statement.lineno}"] = "this is not an assignment; the file is read, not run"
    return found


def _targets(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) and statement.value else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def _harmless(statement: ast.stmt) -> bool:
    text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return text or isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass)


def _assign(found: OldSettings, names: list[str], statement: Any) -> None:
    reader = _Expression(found.values)
    for name in names:
        found.values.pop(name, None)
        found.unread.pop(name, None)
    try:
        value = reader.read(statement.value)
    except (NotUnderstood, TypeError, ArithmeticError, RecursionError):
        reason = f"line {statement.lineno}: this would have to be run to know its value"
        found.unread.update(dict.fromkeys(names, reason))
        return
    found.values.update(dict.fromkeys(names, value))
    found.notes.update({name: note for name in names for note in reader.notes})


OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


IMAGE = re.compile(r"lambda (\w+): 'image/\{\}'\.format\(\1\) if \1 else \1")


class _Expression:
    """Reads one expression, given the names known so far."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known
        self.notes: list[str] = []

    def read(self, node: ast.expr | None) -> Any:
        """The value of a node; raises NotUnderstood."""
        reader = getattr(self, f"_read_{type(node).__name__}", None)
        if reader is None:
            raise NotUnderstood
        return reader(node)

    def _read_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bytes):
            return node.value.decode("utf-8", "replace")
        return node.value

    def _read_Name(self, node: ast.Name) -> Any:
        if node.id not in self.known:
            raise NotUnderstood
        return self.known[node.id]

    def _read_List(self, node: ast.List | ast.Tuple) -> list[Any]:
        return [self.read(element) for element in node.elts]

    _read_Tuple = _read_List

    def _read_Dict(self, node: ast.Dict) -> dict[Any, Any]:
        return {self.read(key): self.read(value) for key, value in zip(node.keys, node.values, strict=True)}

    def _read_Lambda(self, node: ast.Lambda) -> str:
        # The only function that the original ships; the portal has it by name.
        if IMAGE.fullmatch(ast.unparse(node)):
            return "image"
        raise NotUnderstood

    def _read_UnaryOp(self, node: ast.UnaryOp) -> Any:
        value = self.read(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(value, int | float):
            return -value
        if isinstance(node.op, ast.Not):
            return not value
        raise NotUnderstood

    def _read_BinOp(self, node: ast.BinOp) -> Any:
        left, right = self.read(node.left), self.read(node.right)
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        texts = isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add)
        if type(node.op) not in OPERATORS or not (numbers or texts):
            raise NotUnderstood
        return OPERATORS[type(node.op)](left, right)

    def _read_Call(self, node: ast.Call) -> Any:
        name = ast.unparse(node.func)
        if node.keywords or not node.args:
            raise NotUnderstood
        if name == "os.path.join":
            return str(PurePosixPath(*(self._text(argument) for argument in node.args)))
        if name in ("os.environ.get", "os.getenv", "environ.get", "getenv") and len(node.args) == 2:
            variable = self._text(node.args[0])
            self.notes.append(f"this was read from the environment variable {variable}; its default is used")
            return self.read(node.args[1])
        raise NotUnderstood

    def _text(self, node: ast.expr) -> str:
        value = self.read(node)
        if not isinstance(value, str):
            raise NotUnderstood
        return value
