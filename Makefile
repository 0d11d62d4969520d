# Two commands: `make bench` (the main job) and `make test`. Both set up what they need; the second time they reuse it.

PYTHON ?= python3.11
VENV ?= .venv
PROFILE ?= embedded
# A shipped profile has an extra of its own name; for a file of your own, name the extra that it needs.
EXTRA ?= $(if $(filter %.yaml,$(PROFILE)),embedded,$(PROFILE))
BIN := $(VENV)/bin
# Not quiet: a wait of minutes shows what is fetched, and how far it is.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --root-user-action=ignore -c constraints.txt

export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
export HF_HUB_DISABLE_TELEMETRY := 1

.DEFAULT_GOAL := help
.PHONY: help bench test check pytest nbval schemas lock clean

help: ## What can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready-dev: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "installing everything that the tests need (about three minutes) …"
	$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.ready-embedded

$(VENV)/.ready-%: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "installing what $* needs (embedded: no torch, about two minutes) …"
	$(PIP) -e '.[$*]'
	@touch $@

bench: $(VENV)/.ready-$(EXTRA) ## Run the main job: our cases through the whole pipeline, benchmark notebooks, report
	$(BIN)/vaidya run experiments/benchmark.yaml --profile $(PROFILE)

test: pytest nbval ## Run the tests, then the notebooks

pytest: $(VENV)/.ready-dev
	$(BIN)/python -m pytest tests -n 2 --dist loadfile

nbval: $(VENV)/.ready-dev
	$(BIN)/python -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=600 -p no:cacheprovider notebooks

check: $(VENV)/.ready-dev ## Lint, types, import contract, schema drift
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m vaidya.schema.export --check

schemas: $(VENV)/.ready-dev ## Write the JSON schemas again
	$(BIN)/python -m vaidya.schema.export

lock: $(VENV)/.ready-dev ## Write constraints.txt from the installed environment
	$(BIN)/python -m pip freeze --exclude-editable --exclude vaidya | sed 's/+cpu$$//' | grep -v ' @ ' > constraints.txt

clean: ## Remove the environment and every run
	rm -rf $(VENV) experiments/runs experiments/mlflow.db experiments/mlartifacts
