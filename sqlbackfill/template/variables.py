"""`var` and `env_var`, in models and in yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

from jinja2 import pass_context

from sqlbackfill.template.failures import SECRET_PREFIX, TemplateFailure, did_you_mean, near
from sqlbackfill.template.sandbox import RenderContext

_UNSET: Final = object()


class Variables:
    """`var(name[, default])`: a package's own variables before the project's, in its own files.

    `windows` are variables that carry the partition's bounds, and win over all others.
    """

    takes_markers = True

    def __init__(
        self,
        values: Mapping[str, object],
        package_values: Mapping[str, Mapping[str, object]],
        windows: Mapping[str, Callable[[], object]],
    ) -> None:
        self._values = values
        self._package_values = package_values
        self._windows = windows

    @pass_context
    def __call__(self, context: RenderContext, name: str, default: Any = _UNSET) -> Any:
        window = self._windows.get(name)
        if window is not None:
            return window()
        for values in (self._package_values.get(context.package, {}), self._values):
            if name in values:
                value = values[name]
                return deepcopy(value) if isinstance(value, (list, dict)) else value
        if default is not _UNSET:
            return default
        raise TemplateFailure(
            "UNKNOWN_VAR",
            f"the variable `{name}` is not set and has no default",
            fix=did_you_mean(near(name, self._values))
            or f"set it under `vars:` in the project file, or with --vars '{{{name}: …}}'",
            call=("var", str(name)),
        )

    def has_var(self, name: str) -> bool:
        """Whether the variable is set."""
        return name in self._values or name in self._windows


def env_var_of(env: Mapping[str, str], *, allow_secrets: bool) -> Callable[..., Any]:
    """`env_var(name[, default])`. Secrets are refused where their value would end up in SQL."""

    def env_var(name: str, default: Any = _UNSET) -> Any:
        if name.startswith(SECRET_PREFIX) and not allow_secrets:
            raise TemplateFailure(
                "SECRET_ENV_VAR",
                f"`{name}` is a secret and cannot be used in a model or a macro",
                fix="use secrets in profiles.yml only",
                call=("env_var", name),
            )
        if name in env:
            return env[name]
        if default is not _UNSET:
            return default
        raise TemplateFailure(
            "UNKNOWN_ENV_VAR",
            f"the environment variable `{name}` is not set and has no default",
            fix=did_you_mean(near(name, env)) or f"set it, or write env_var('{name}', 'default')",
            call=("env_var", name),
        )

    return env_var
