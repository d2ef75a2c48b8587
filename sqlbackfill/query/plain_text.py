"""A syntax tree as text, as it was written save for layout and comments. Resolves nothing."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp


def plain_text(node: exp.Expr, names: Mapping[str, str]) -> str:
    """The tree of `node`; `names` gives what stands for identifiers that are placeholders."""
    if type(node) is exp.Identifier and node.name in names:
        return names[node.name]
    parts = [
        f"{name}={_value(value, names)}"
        for name, value in node.args.items()
        if value is not None and value != []
    ]
    return f"{node.key}({','.join(sorted(parts))})"


def _value(value: object, names: Mapping[str, str]) -> str:
    if isinstance(value, exp.Expr):
        return plain_text(value, names)
    if isinstance(value, (list, tuple)):
        return f"[{','.join([_value(one, names) for one in value])}]"
    if isinstance(value, exp.DType):
        return value.value
    if isinstance(value, (str, bool, int)):
        return repr(value)
    raise ValueError(type(value))
