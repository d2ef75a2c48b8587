"""Finds the profile in dbt's search order and reads one output of it. Values never reach a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.project.files import first_existing, read_text, shown_path
from sqlbackfill.project.findings import Findings, listing, suggestion
from sqlbackfill.project.outputs import default_target, read_output
from sqlbackfill.project.target import Target
from sqlbackfill.project.yml import Render, Yml, read_yml

EXAMPLE: Final = "profiles.example.yml"
_RESERVED: Final = frozenset({"config"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSearch:
    """What decides which output is read.

    `profile` is the project's or --profile's; `profiles_dir` that of --profiles-dir. `working_dir`
    and `home` are where dbt looks. Nothing here reads the environment by itself.
    """

    root: Path
    profile: str | None = None
    target: str | None = None
    profiles_dir: Path | None = None
    env: Mapping[str, str]
    working_dir: Path
    home: Path


def read_target(
    root: Path,
    profile_name: str | None,
    *,
    profiles_dir: Path | None = None,
    target_name: str | None = None,
    env: Mapping[str, str],
    render: Render,
    working_dir: Path | None = None,
    home: Path | None = None,
) -> Target:
    """The target that a run reads and writes.

    profiles.yml is looked for in `profiles_dir`, else in $DBT_PROFILES_DIR (where one of the two is
    given, nowhere else), else in the working folder, the project's folder and ~/.dbt. Where there
    is none, the project's profiles.example.yml serves as it is. A project that names no profile
    takes the only one of a file in its own folder or in the named one; without such a file the
    target is duckdb in `warehouse.duckdb` in the project's folder, schema main.

    `render` evaluates Jinja (`env_var`); only the output that is chosen is rendered. Raises
    ProjectError: PROFILES_NOT_FOUND, PROFILE_NOT_FOUND, PROFILE_NOT_NAMED, TARGET_NOT_FOUND,
    UNSUPPORTED_ADAPTER, BAD_PROFILE_FIELD, MALFORMED_YML.
    """
    search = ProfileSearch(
        root=root,
        profile=profile_name,
        target=target_name,
        profiles_dir=profiles_dir,
        env=env,
        working_dir=working_dir or Path.cwd(),
        home=home or Path.home(),
    )
    path = _find(search)
    if path is None:
        return _assumed(search)
    shown = shown_path(path, root)
    findings = Findings()
    profiles = _read_profiles(path, shown, render, findings)
    found = _choose(search, profiles, shown)
    if found is None:
        return _assumed(search)
    name, span, profile = found
    target, output = _output(search, name, profile, span, findings)
    result = read_output(name, target, output, root, shown, findings)
    findings.raise_errors()
    return result


def _find(search: ProfileSearch) -> Path | None:
    """The profiles file, or None."""
    named = search.profiles_dir
    by = "--profiles-dir"
    if named is None and search.env.get("DBT_PROFILES_DIR"):
        named, by = Path(search.env["DBT_PROFILES_DIR"]).expanduser(), "DBT_PROFILES_DIR"
    if named is not None:
        path = first_existing([named / "profiles.yml"])
        if path is None:
            raise ProjectError(
                Diagnostic(
                    code="PROFILES_NOT_FOUND",
                    message=f"there is no profiles.yml in `{named}`, which {by} names",
                    fix=f"make one there, or drop {by}",
                )
            )
        return path
    folders = [search.working_dir, search.root, search.home / ".dbt"]
    if search.profile is None:
        folders = [search.root]
    return first_existing([*(folder / "profiles.yml" for folder in folders), search.root / EXAMPLE])


def _assumed(search: ProfileSearch) -> Target:
    """The target where there is no profile, unless one was asked for."""
    if search.profile is not None:
        raise ProjectError(
            Diagnostic(
                code="PROFILES_NOT_FOUND",
                message=f"profile `{search.profile}` is asked for, and there is no profiles.yml",
                fix="make profiles.yml in the project's folder or in ~/.dbt, or name its folder "
                "with --profiles-dir",
                notes=(("searched", "the working folder, the project's folder, ~/.dbt"),),
            )
        )
    target = default_target(search.root)
    if search.target not in (None, target.name):
        raise ProjectError(
            Diagnostic(
                code="TARGET_NOT_FOUND",
                message=f"target `{search.target}` is asked for, and there is no profile",
                fix="make profiles.yml in the project's folder and name its profile in the project file",
                notes=(("available", target.name),),
            )
        )
    return target


def _read_profiles(path: Path, shown: str, render: Render, findings: Findings) -> Yml | None:
    text = read_text(path, shown, findings)
    findings.raise_errors()
    tree = read_yml(shown, text or "", render, findings)
    if findings.errors:
        raise ProjectError(*(_unquoted(found) for found in findings.errors))
    if tree is not None and not tree.is_mapping:
        message = f"a profiles file must be a mapping, not {tree.kind}"
        findings.error("BAD_YML_SHAPE", message, tree.span, "write `name: {target: …, outputs: …}`")
    findings.raise_errors()
    return tree


def _unquoted(found: Diagnostic) -> Diagnostic:
    """What the yml parser says may quote the file, and the file may hold a password."""
    message = "malformed yml in the profiles file"
    return replace(found, message=message, fix="check indentation, colons and quotes")


def _choose(
    search: ProfileSearch, profiles: Yml | None, shown: str
) -> tuple[str, SourceSpan, Yml] | None:
    """The profile: the one asked for, else the only one, else None where there is none."""
    entries = _profiles(profiles)
    if search.profile is None:
        if not entries:
            return None
        if len(entries) == 1:
            return next((name, *found) for name, found in entries.items())
        raise ProjectError(
            Diagnostic(
                code="PROFILE_NOT_NAMED",
                message=f"the project names no profile, and {shown} holds {len(entries)}",
                span=SourceSpan(file=shown, line=1),
                fix="set `profile:` in the project file, or use --profile",
                notes=(("available", listing(entries)),),
            )
        )
    if search.profile not in entries:
        available = listing(entries) or "none"
        raise ProjectError(
            Diagnostic(
                code="PROFILE_NOT_FOUND",
                message=f"no profile `{search.profile}` in {shown}"
                + suggestion(search.profile, entries),
                span=SourceSpan(file=shown, line=1),
                fix=_profile_fix(search, shown),
                notes=(("available", available),),
            )
        )
    return search.profile, *entries[search.profile]


def _profiles(tree: Yml | None) -> dict[str, tuple[SourceSpan, Yml]]:
    if tree is None:
        return {}
    return {name: (span, at) for name, span, at in tree.entries() if name not in _RESERVED}


def _profile_fix(search: ProfileSearch, shown: str) -> str:
    fix = "set `profile:` in the project file to one that is there, or use --profile"
    if shown != EXAMPLE and (search.root / EXAMPLE).is_file():
        fix += f"; or copy {EXAMPLE} to profiles.yml in the project's folder"
    return fix


def _output(
    search: ProfileSearch, profile: str, node: Yml, span: SourceSpan, findings: Findings
) -> tuple[str, Yml]:
    """The name and the fields of the output that --target or the profile's `target` names."""
    outputs = node.child("outputs")
    if outputs is None or not outputs.is_mapping:
        raise ProjectError(
            Diagnostic(
                code="BAD_YML_SHAPE",
                message=f"profile `{profile}` has no outputs",
                span=span,
                fix="add `outputs: {dev: {type: duckdb, path: warehouse.duckdb}}`",
            )
        )
    entries: dict[str, Yml] = {name: at for name, _, at in outputs.entries()}
    chosen, at, by = search.target, span, "--target"
    if chosen is None:
        given = node.child("target")
        value = given.value() if given and not given.is_null else "default"
        findings.raise_errors()
        chosen, by = str(value), f"profile `{profile}`"
        at = given.span if given else span
        if given is None and len(entries) == 1:
            chosen = next(iter(entries))
    if chosen not in entries:
        raise ProjectError(_no_target(profile, chosen, by, at, entries))
    output = entries[chosen]
    if not output.is_mapping:
        raise ProjectError(
            Diagnostic(
                code="BAD_YML_SHAPE",
                message=f"target `{chosen}` of profile `{profile}` must be a mapping",
                span=span,
                fix="write its fields below it: type, path, schema, …",
            )
        )
    return chosen, output


def _no_target(
    profile: str, chosen: str, by: str, span: SourceSpan, entries: Iterable[str]
) -> Diagnostic:
    return Diagnostic(
        code="TARGET_NOT_FOUND",
        message=f"profile `{profile}` has no target `{chosen}`, which {by} names"
        + suggestion(chosen, entries),
        span=span,
        fix=f"use one of {listing(entries)}",
        notes=(("available", listing(entries)),),
    )
