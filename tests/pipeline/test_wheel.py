"""The wheel: what is in it, and that it works where the checkout is not."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from paths import ROOT

NOT_BUILT_FROM = (".*", "__pycache__", "build", "dist", "*.egg-info", "runs", "data", "eval")
RECIPE = """
objects_per_class = 20

[[objects]]
name = "sphere"
shape = "sphere"
radius_m = [0.05, 0.3]

[[objects]]
name = "cylinder"
shape = "cylinder"
radius_m = [0.03, 0.15]
length_m = [0.2, 0.8]
tumble_rad_per_s = [0.2, 4.0]
"""
# Runs a command, and fails if anything of ours came from elsewhere than the installed wheel.
GUARD = """
import sys
from pathlib import Path
import radarseq, simulators
for module in (radarseq, simulators):
    assert Path(module.__file__).is_relative_to(sys.argv[1]), module.__file__
del sys.argv[1]
from radarseq.cli import main
main()
"""
pytestmark = pytest.mark.slow


def output_of(*command: object, folder: Path, **environment: str) -> str:
    """Return what a program that must succeed prints."""
    words, around = [str(word) for word in command], os.environ | environment
    done = subprocess.run(words, cwd=folder, env=around, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Return a wheel, built from a copy of the checkout, which stays clean."""
    pytest.importorskip("build")
    base = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(*NOT_BUILT_FROM)
    shutil.copytree(
        ROOT,
        base / "copy",
        ignore=lambda folder, names: (
            left_out(folder, names)
            if Path(folder) == ROOT
            else shutil.ignore_patterns("__pycache__")(folder, names)
        ),
    )
    words = ("-m", "build", "--wheel", "--no-isolation", "--outdir", base / "dist", ".")
    output_of(sys.executable, *words, folder=base / "copy")
    (path,) = (base / "dist").iterdir()
    return path


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory) -> Path:
    """Return a folder with the wheel installed; what it depends on is taken from around here."""
    path = tmp_path_factory.mktemp("installed") / "site"
    options = ("--no-deps", "--no-index", "--disable-pip-version-check", "--target", path)
    output_of(sys.executable, "-m", "pip", "install", *options, wheel, folder=wheel.parent)
    return path


@pytest.fixture(scope="module")
def names(wheel) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


def test_the_wheel_runs_on_any_machine(wheel):
    assert wheel.name.startswith("radarseq-")
    assert wheel.name.endswith("-py3-none-any.whl")


def test_the_wheel_holds_all_of_the_two_packages(names):
    written = {
        str(path.relative_to(ROOT))
        for package in ("radarseq", "simulators")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix in (".py", ".html", ".css", ".js", ".typed")
    }
    assert written - names == set()
    assert {"radarseq/report/page.html", "radarseq/py.typed", "simulators/py.typed"} <= names


def test_the_wheel_holds_nothing_else(names):
    tops = {name.split("/")[0] for name in names}
    information = {top for top in tops if top.endswith(".dist-info")}
    assert tops - information == {"radarseq", "simulators"}
    assert {Path(name).suffix for name in names if not name.startswith(tuple(information))} <= {
        ".py",
        ".html",
        ".css",
        ".js",
        ".typed",
    }
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_names_what_it_depends_on_and_its_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        texts = {
            Path(name).name: archive.read(name).decode()
            for name in archive.namelist()
            if ".dist-info/" in name and name.endswith(("METADATA", "entry_points.txt"))
        }
    assert "radarseq = radarseq.cli:main" in texts["entry_points.txt"]
    for name in ("torch", "numpy", "h5py", "numba", "safetensors", "typer"):
        assert f"Requires-Dist: {name}>=" in texts["METADATA"]
    assert "Requires-Python: >=3.11" in texts["METADATA"]


def test_the_installed_wheel_simulates_trains_and_judges(site, tmp_path):
    around = {"PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}
    (tmp_path / "two.toml").write_text(RECIPE)
    shown = output_of(sys.executable, "-m", "radarseq", "--help", folder=tmp_path, **around)
    assert "simulate" in shown
    size = "--epochs 1 --batch-size 32 --set width=8 --set skip=8"
    commands = [
        "simulate two.toml --examples 200 --out data",
        f"train data {size} --out run",
        "evaluate run data --out evaluated",
    ]
    for words in commands:
        guarded = (sys.executable, "-c", GUARD, site, *words.split(), "--json")
        summary = json.loads(output_of(*guarded, folder=tmp_path, **around))
    assert 0 <= summary["classification"]["model"]["accuracy"] <= 1
    assert "sphere" in (tmp_path / "evaluated" / "report.html").read_text(encoding="utf-8")
    assert not list(site.rglob("*.part"))
