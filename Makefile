# The commands a person needs. Each does all its set-up: Python >= 3.11 and make are enough.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
NODE_PACKAGES := dynalite@4.0.0 axe-core@4.14.1
ENV_FILE := $(or $(DOT_ENV_FILE),.env)
HAS_TOKEN := [ -n "$$WEBEX_TEAMS_ACCESS_TOKEN" ] || \
	grep -Eqs '^[[:space:]]*(export[[:space:]]+)?WEBEX_TEAMS_ACCESS_TOKEN[[:space:]]*=[[:space:]]*[^[:space:]]' $(ENV_FILE)

.PHONY: run demo test lint bench chaos clean

run: $(VENV)/runs ## the bot: for real with a token, with a simulated Webex without one
	@if $(HAS_TOKEN); then exec $(BIN)/python bot.py; else exec $(BIN)/python -m webexsim.demo; fi

demo: $(VENV)/runs ## the bot with a simulated Webex, whatever .env says
	@exec $(BIN)/python -m webexsim.demo

test: $(VENV)/tests $(VENV)/node/ready ## all tests
	$(BIN)/python -m pytest

lint: $(VENV)/tests ## style, types, and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/tests ## the bot beside simpler ways of doing the same, in one run
	$(BIN)/python -m bench

chaos: $(VENV)/tests ## broadcasts under kills, repeated webhooks and a lying network; ARGS="--long" for more
	$(BIN)/python -m bench.chaos $(ARGS)

clean: ## everything that was made
	rm -rf $(VENV) .demo .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/runs: requirements.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed; none was found. Install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module of Python is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing what the bot needs (once) ..."
	@$(PIP) --upgrade pip
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/tests: $(VENV)/runs pyproject.toml
	@echo "Installing what the tests need (once) ..."
	@$(PIP) --group dev
	@touch $@

# What the tests take from the npm registry: a DynamoDB that is atomic under threads, and a checker for accessibility.
$(VENV)/node/ready: $(VENV)/tests Makefile
	@mkdir -p $(VENV)/node
	@if command -v npm >/dev/null; then \
		npm install --no-save --no-audit --no-fund --loglevel=error --prefix $(VENV)/node $(NODE_PACKAGES) >/dev/null && touch $@; \
	else \
		echo "npm is not in PATH: the tests that need Node.js are left out, and the last lines say so."; \
	fi
