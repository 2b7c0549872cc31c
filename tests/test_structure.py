"""Rules of the architecture: sizes of folders, docstrings of files, one class for a name."""

import ast
import re
from collections import Counter, defaultdict

import pytest
from paths import ROOT

PACKAGES = ("radarseq", "simulators")
MAX_MODULES = 14  # in a folder
QUESTIONS = ("What", "Which", "How", "Whether", "Where", "When", "Why")
# Words of speech for code, and limits that are not called MAX_ or MIN_.
NOT_NAMES = re.compile(r"\b(told|said|who|judged?|_?(MOST|LEAST|LARGEST|SMALLEST|FEWEST)_\w+)\b")

MODULES = {
    path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}


def first_line(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").split("\n", 1)[0]


def test_a_folder_holds_about_a_dozen_modules():
    modules = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert {str(folder): n for folder, n in modules.items() if n > MAX_MODULES} == {}


def test_every_folder_says_what_belongs_there():
    folders = {path.parent for path in MODULES}
    assert [str(f) for f in folders if not first_line(MODULES.get(f / "__init__.py"))] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_docstring_says_what_a_module_is_or_does(package):
    lines = {str(p): first_line(tree) for p, tree in MODULES.items() if p.parts[0] == package}
    assert {p: line for p, line in lines.items() if not line or line.startswith(QUESTIONS)} == {}


def test_one_class_has_a_name():
    places = defaultdict(list)
    for path, tree in MODULES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_names_are_those_of_the_field():
    def names(tree: ast.Module) -> set[str]:
        found = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.arg | ast.keyword) and node.arg:
                found.add(node.arg)
            elif isinstance(node, ast.ClassDef | ast.FunctionDef):
                found.add(node.name)
        return found

    bad = {str(path): sorted(filter(NOT_NAMES.fullmatch, names(t))) for path, t in MODULES.items()}
    assert {path: found for path, found in bad.items() if found} == {}
