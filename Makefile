# `make report` builds everything. `make report CONFIG=my.yaml BUILD=builds/mine` builds another config in another directory.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
BUILD ?= .
CONFIG ?=
PROFILE ?=
# How many tests run at a time.
WORKERS ?= 2
# Passed through the environment, so that paths can contain spaces, quotes, # and $$.
override BUILD := $(value BUILD)
override CONFIG := $(value CONFIG)
override PROFILE := $(value PROFILE)
export BUILD CONFIG PROFILE
SNAKEMAKE := $(BIN)/snakemake --directory "$$BUILD" $${CONFIG:+--configfile "$$CONFIG"} $${PROFILE:+--workflow-profile "$$PROFILE"}
# Snakemake answers a config that it cannot read with a long traceback.
CHECK := $(BIN)/handcraft check-config $${CONFIG:+"$$CONFIG"}
SHOW := (cd "$$BUILD/results/report" && printf '%s: %s\n' HTML "$$PWD/index.html" PDF "$$PWD/index.pdf")

.PHONY: report preview example test test-slow test-cluster check install lock schema format unlock clean

report: install
	@$(CHECK)
	$(SNAKEMAKE)
	@$(SHOW)

# After an edit of the prose: only fills in and renders the report.
preview: install
	@$(CHECK)
	$(SNAKEMAKE) --quiet=rules --allowed-rules all fill_report build_record render_html render_pdf
	@$(SHOW)

# Rebuilds docs/example, the report on TinyStories from files. BUILD must contain the files that
# config/tinystories-files.yaml names.
example: install
	$(BIN)/snakemake --directory "$$BUILD" --quiet=rules --configfile config/tinystories-files.yaml config/example.yaml
	$(BIN)/handcraft example "$$BUILD"

test: install
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# The slow tests: language models of many architectures, the linear model on TinyStories.
test-slow: install
	$(BIN)/pytest -m slow -n $(WORKERS) --dist worksteal

# Tests on a real single-node SLURM; skipped, with the reason, if its packages are not installed.
test-cluster: install
	$(BIN)/pytest -m cluster tests/cluster

check: install
	$(BIN)/ruff check --no-cache . && $(BIN)/ruff format --no-cache --check . && $(BIN)/mypy && $(BIN)/snakefmt --check Snakefile workflow && $(BIN)/snakemake --lint

schema: install
	$(BIN)/handcraft schema

format: install
	$(BIN)/ruff check --fix . && $(BIN)/ruff format . && $(BIN)/snakefmt Snakefile workflow

unlock: install
	$(SNAKEMAKE) --unlock

install: $(VENV)/.installed

# Uses uv if it is on PATH, and pip otherwise. Both use the same lock file, so they install the same versions.
$(VENV)/.installed: requirements.lock pyproject.toml
ifneq ($(shell command -v uv),)
	uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	uv pip install --quiet --python $(BIN)/python --requirement requirements.lock
	uv pip install --quiet --python $(BIN)/python --no-deps --editable .
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
endif
	touch $@

# After a change of dependencies in pyproject.toml: pins the newest versions of all indirect dependencies. torch itself pins
# the packages that it needs for a GPU.
lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	sed '/^[^#]/d' requirements.lock >requirements.new
	.venv-lock/bin/python -m pip freeze --exclude handcraft | sed 's/^\(torch==[^+]*\)+.*/\1/' >>requirements.new
	mv requirements.new requirements.lock && rm -rf .venv-lock

clean:
	cd "$$BUILD" && rm -rf results work logs benchmarks/out
