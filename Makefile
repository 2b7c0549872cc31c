# `make demo` shows what radarseq does, `make test` checks it. Every target sets up first; a second
# run reuses the set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO := runs/demo

.PHONY: setup demo test quick check format wheel clean

setup: $(VENV)/.ready

# pip first: dependency groups need 25.1, and the venv of an older Python brings an older one.
# Then torch, by exact version: a looser request can fetch gigabytes of GPU libraries.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) pip
	$(INSTALL) $$(grep ^torch== constraints.txt)
	$(INSTALL) --build-constraint constraints.txt -e . --group dev
	touch $@

demo: setup
	rm -rf $(DEMO)
	$(BIN)/radarseq simulate datasets/space_objects.toml --out $(DEMO)/data --examples 20000 --seed 1
	$(BIN)/radarseq train $(DEMO)/data --model wavenet --epochs 25 --out $(DEMO)/wavenet
	$(BIN)/radarseq train $(DEMO)/data --model lstm --epochs 25 --out $(DEMO)/lstm
	$(BIN)/radarseq evaluate $(DEMO)/wavenet $(DEMO)/data --compare $(DEMO)/lstm --out $(DEMO)/unseen_objects
	$(BIN)/radarseq export $(DEMO)/data --out $(DEMO)/captures --limit 20
	$(BIN)/radarseq evaluate $(DEMO)/wavenet $(DEMO)/captures --name '{label}_{group}.npz' --out $(DEMO)/recordings
	cp $(DEMO)/unseen_objects/report.html $(DEMO)/report.html
	@echo "Open $(DEMO)/report.html"

test: setup
	$(BIN)/python -m pytest -n 2

# What neither trains a model nor takes long: a look between two edits, not instead of `make test`.
quick: setup
	$(BIN)/python -m pytest -n 2 -m "not trains and not slow"

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
