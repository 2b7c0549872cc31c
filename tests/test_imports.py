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

# Rooms from the ground up: a room imports rooms further up in this list, and itself.
ROOMS = {
    "radarseq": (
        "errors config system device storage execution recipes models report dataset captures "
        "baselines inference training artifacts evaluation cli"
    ).split(),
    "simulators": (
        "units fast_trig numba_options random disk_cache scattering objects motion waveforms "
        "impairments amplitudes aliasing scene kernels pairs series cuda_pairs"
    ).split(),
}
# Packages that a room must do without.
WITHOUT = {
    "radarseq/models": ("h5py",),
    "radarseq/report": ("h5py", "torch"),
    "radarseq/dataset": ("torch",),
    "radarseq/captures": ("torch",),
    "radarseq/storage": ("h5py", "torch"),
    "radarseq/recipes": ("h5py", "torch"),
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


def room_of(file: Path) -> str:
    """Return the room of a file: the first folder or file below its package."""
    return Path(file.relative_to(ROOT).parts[1]).stem


def imports_upwards(package: str) -> list[str]:
    """Return each import of a room that the importing room may not know."""
    rooms, found = ROOMS[package], []
    for file in files_of(package):
        if (room := room_of(file)) in ("__init__", "__main__"):
            continue
        above = {f"{package}.{name}" for name in rooms[rooms.index(room) + 1 :]}
        found += offences(str(file.relative_to(ROOT)), sorted(above))
    return found


@pytest.mark.parametrize("package", ROOMS)
def test_every_room_has_its_place_in_the_order(package):
    there = {room_of(file) for file in files_of(package)} - {"__init__", "__main__"}
    assert there == set(ROOMS[package])


@pytest.mark.parametrize("package", ROOMS)
def test_no_room_imports_a_room_above_it(package):
    assert imports_upwards(package) == []


def test_an_import_upwards_is_found(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / "radarseq" / "dataset" / "read.py"
    file.parent.mkdir(parents=True)
    file.write_text("def f():\n  from radarseq.training import train\n")
    assert imports_upwards("radarseq") == [
        "radarseq/dataset/read.py imports radarseq.training.train"
    ]


@pytest.mark.parametrize("part", WITHOUT)
def test_a_room_does_without_some_packages(part):
    assert offences(part, list(WITHOUT[part])) == []


def circles(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules that import themselves by way of others."""
    reached = {name: set(found) for name, found in imports.items()}
    for middle in reached:
        for name in reached:
            if middle in reached[name]:
                reached[name] |= reached[middle]
    return sorted(name for name, found in reached.items() if name in found)


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


def test_no_module_imports_itself_by_way_of_others():
    modules = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts): file
        for part in ROOMS
        for file in files_of(part)
        if file.stem not in ("__init__", "__main__")
    }
    imports = {
        name: {
            target
            for imported in imports_of(file)
            for target in (imported, imported.rpartition(".")[0])
            if target in modules and target != name
        }
        for name, file in modules.items()
    }
    assert circles(imports) == []


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
    declared = {
        "tomli_w": "tomli-w",
        "sklearn": "scikit-learn",
        "markupsafe": "jinja2",
        "mpl_toolkits": "matplotlib",
    }
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
    printed = in_a_fresh_python(f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))")
    loaded = {name.split(".")[0] for name in json.loads(printed)}
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
