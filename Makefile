# Two commands: `make demo` and `make test`. Both set up first; a second run reuses the set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := runs/demo

.PHONY: setup demo test check format wheel clean

setup: $(VENV)/.ready

# torch first and by exact version: a looser request can fetch gigabytes of GPU libraries.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: setup
	rm -rf $(DEMO)
	$(BIN)/radarseq simulate datasets/space_objects.toml --out $(DEMO)/data --examples 20000 --seed 1
	$(BIN)/radarseq train $(DEMO)/data --model wavenet --epochs 25 --out $(DEMO)/wavenet
	$(BIN)/radarseq train $(DEMO)/data --model lstm --epochs 25 --out $(DEMO)/lstm
	$(BIN)/radarseq evaluate $(DEMO)/wavenet $(DEMO)/data --beside $(DEMO)/lstm --out $(DEMO)/unseen_objects
	$(BIN)/radarseq export $(DEMO)/data --out $(DEMO)/captures --limit 20
	$(BIN)/radarseq evaluate $(DEMO)/wavenet $(DEMO)/captures --name '{label}_{group}.npz' --out $(DEMO)/judged_captures
	cp $(DEMO)/unseen_objects/report.html $(DEMO)/report.html
	@echo "Open $(DEMO)/report.html"

test: setup
	$(BIN)/python -m pytest -n 2

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: setup
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf $(VENV) build dist *.egg-info
