"""Who may import whom, and that looking at the toolkit loads nothing heavy."""

import ast
import importlib.util
import inspect
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

import radarseq

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "numpy", "scipy", "h5py", "numba", "matplotlib", "sklearn", "pydantic")
SLOWEST_HELP_S = 0.6
# Extras: imported where they are used, and never before.
OPTIONAL = {"trimesh", "pyarrow", "onnx", "onnxruntime", "onnxscript"}

# What each part of radarseq must not import, at the top of a file or inside a function.
FORBIDDEN = {
    "radarseq/models": "h5py captures training evaluation report cli",
    "radarseq/features.py": "h5py captures training evaluation report cli",
    "radarseq/dataset": "torch models training evaluation report cli",
    "radarseq/captures": "torch models training evaluation report cli",
    "radarseq/training": "evaluation report cli",
    "radarseq/report": "torch h5py models training evaluation cli",
    "radarseq/evaluation": "cli",
}


def files_of(part: str) -> list[Path]:
    path = ROOT / part
    found = [path] if path.is_file() else sorted(path.rglob("*.py"))
    assert found, f"{part} holds no Python"
    return found


def imports_of(file: Path, *, only_at_the_top: bool = False) -> set[str]:
    """Return the full names of all that a file imports, or at its top alone."""
    names = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in tree.body if only_at_the_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = file.relative_to(ROOT).with_suffix("").parts[: -node.level]
            source = ".".join((*package, node.module or "") if node.level else (node.module or "",))
            names |= {f"{source.rstrip('.')}.{alias.name}" for alias in node.names}
    return names


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def offences(part: str, forbidden: list[str]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files_of(part)
        for name in sorted(imports_of(file))
        if any(is_below(name, package) for package in forbidden)
    ]


def in_a_fresh_python(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def test_the_walk_sees_every_form_of_import(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / "a" / "b.py"
    file.parent.mkdir()
    file.write_text(
        "import x.y\nfrom p import q\nfrom . import r\nfrom .s import t\ndef f():\n  import z\n"
    )
    assert imports_of(file) == {"x.y", "p.q", "a.r", "a.s.t", "z"}


@pytest.mark.parametrize("part", FORBIDDEN)
def test_a_part_keeps_to_its_side_of_the_house(part):
    own = {path.stem for path in (ROOT / "radarseq").iterdir()}
    names = [f"radarseq.{n}" if n in own else n for n in FORBIDDEN[part].split()]
    assert offences(part, names) == []


def test_simulators_import_numbers_and_nothing_else():
    allowed = sys.stdlib_module_names | {"numpy", "scipy", "numba", "simulators"}
    for file in files_of("simulators"):
        at_the_top = {name.split(".")[0] for name in imports_of(file, only_at_the_top=True)}
        assert at_the_top - allowed == set(), file
        anywhere = {name.split(".")[0] for name in imports_of(file)}
        assert anywhere - allowed - OPTIONAL == set(), file


def test_only_the_entry_point_imports_the_commands():
    importing = {
        str(file.relative_to(ROOT))
        for part in ("radarseq", "simulators")
        for file in files_of(part)
        if "cli" not in file.parts
        and any(is_below(name, "radarseq.cli") for name in imports_of(file))
    }
    assert importing == {"radarseq/__main__.py"}


def test_every_import_is_declared():
    """What pyproject.toml does not name is there by luck."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = {"sklearn": "scikit-learn", "markupsafe": "jinja2", "mpl_toolkits": "matplotlib"}
    roots = {name.split(".")[0] for file in files_of("radarseq") for name in imports_of(file)}
    for name in sorted(roots - sys.stdlib_module_names - {"radarseq", "simulators"}):
        assert f'"{declared.get(name, name)}>=' in text, f"{name} is not among the dependencies"


SHOW = (
    "import contextlib, io\n"
    "from radarseq.cli import app\n"
    "with contextlib.redirect_stdout(io.StringIO()): app({}, standalone_mode=False)"
)


@pytest.mark.parametrize(
    ("code", "passed_over"),
    [
        ("import radarseq", ()),
        ("import radarseq.cli", ()),
        (SHOW.format(["--help"]), ()),
        (SHOW.format(["train", "--help"]), ("pydantic",)),  # Typer itself takes it for a command
    ],
    ids=["package", "commands", "help", "help of a command"],
)
def test_a_look_loads_nothing_heavy(code, passed_over):
    told = in_a_fresh_python(f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))")
    loaded = {name.split(".")[0] for name in json.loads(told)}
    assert loaded & set(HEAVY) - set(passed_over) == set()


def test_help_is_instant():
    def seconds() -> float:
        started = time.perf_counter()
        command = [sys.executable, "-m", "radarseq", "--help"]
        subprocess.run(command, capture_output=True, check=True)
        return time.perf_counter() - started

    assert min(seconds() for _ in range(3)) < SLOWEST_HELP_S


@pytest.mark.parametrize("name", radarseq.__all__)
def test_a_public_name_is_there_and_documented(name):
    item = getattr(radarseq, name)
    assert inspect.getdoc(item), f"radarseq.{name} has no docstring"
    assert item.__module__.startswith("radarseq.")


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        radarseq.simulat  # noqa: B018


def test_all_parts_are_importable():
    """No file of the package is left behind by a move of another."""
    names = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for part in ("radarseq", "simulators")
        for file in files_of(part)
        if file.name not in ("__main__.py", "__init__.py")
    ]
    assert [name for name in names if importlib.util.find_spec(name) is None] == []
