"""`config` in a model: collects what the file says, and answers what is configured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import Undefined, nodes

from sqlbackfill.errors import SourceSpan
from sqlbackfill.template.failures import TemplateFailure, did_you_mean, dotted, near
from sqlbackfill.template.placed import PlacedTemplate

_UNSET: Final = object()


class ConfigCall:
    """`{{ config(…) }}`, `config.get` and `config.require`.

    What is collected goes into `collected`; `known` is the configuration so far.
    """

    shown: Final = "config"

    def __init__(self, collected: dict[str, Any], known: Mapping[str, object]) -> None:
        self._collected = collected
        self._known = known

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        if len(args) > 1 or (args and (kwargs or not isinstance(args[0], Mapping))):
            raise TemplateFailure(
                "INVALID_CONFIG_CALL",
                "`config` takes named values, or one mapping of them",
                fix="write config(materialized='incremental', …)",
                call=("config", None),
            )
        given = args[0] if args else kwargs
        for value in given.values():
            _require_defined(value)
        self._collected.update(given)
        return ""

    def get(self, name: str, default: Any = None, validator: Any = None) -> Any:  # noqa: ARG002
        """What is configured under `name`, the file's own calls first."""
        for values in (self._collected, self._known):
            if values.get(name) is not None:
                return values[name]
        return default

    def require(self, name: str, validator: Any = None) -> Any:  # noqa: ARG002  (dbt has it)
        """The same for a name that must be configured."""
        found = self.get(name, _UNSET)
        if found is _UNSET:
            raise TemplateFailure(
                "CONFIG_REQUIRED",
                f"the model requires the config `{name}`, which is not set",
                fix=did_you_mean(near(name, [*self._known, *self._collected]))
                or f"add {name}=… to the model's config",
                call=("config.require", name),
            )
        return found


def config_spans(template: PlacedTemplate, collected: Mapping[str, Any]) -> dict[str, SourceSpan]:
    """Where the keys of the template's config calls stand, nested ones by their dotted path.

    A key that no call names in writing stands where the first call does.
    """
    found: dict[str, SourceSpan] = {}
    first: SourceSpan | None = None
    for call in template.tree.find_all(nodes.Call):
        if dotted(call.node) != "config":
            continue
        place = call.node.lineno - 1
        tag = template.tag_at(place)
        first = first or template.span(place, len("config"))
        for argument in call.args:
            found.update(_paths(template, "", argument))
        for keyword in call.kwargs:
            start = place if tag is None else _keyword_place(template, place, tag.end, keyword.key)
            found[keyword.key] = template.span(start, len(keyword.key))
            found.update(_paths(template, f"{keyword.key}.", keyword.value))
    span = first or template.span(0)
    return {**dict.fromkeys(collected, span), **found}


def _paths(
    template: PlacedTemplate, prefix: str, value: nodes.Node
) -> Iterator[tuple[str, SourceSpan]]:
    if not isinstance(value, nodes.Dict):
        return
    for pair in value.items:
        if isinstance(pair.key, nodes.Const) and isinstance(pair.key.value, str):
            path = prefix + pair.key.value
            yield path, template.span(pair.key.lineno - 1, len(pair.key.value) + 2)
            yield from _paths(template, f"{path}.", pair.value)


def _keyword_place(template: PlacedTemplate, begin: int, end: int, key: str) -> int:
    pattern = re.compile(rf"\b{re.escape(key)}\s*=(?!=)")
    found = pattern.search(template.source, begin, end)
    return found.start() if found else begin


def _require_defined(value: Any) -> None:
    if isinstance(value, Undefined):
        str(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            _require_defined(item)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            _require_defined(item)
