# What people type. The work is in tools/; `make help` prints the ## lines.

.DEFAULT_GOAL := help
.PHONY: help run serve-lan test fuzz lint bench chaos translations lock clean

# Tools of the environment first, `node` from PyPI among them where the machine has none.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

SETUP = python=$$(sh tools/python.sh) && "$$python" -m tools.setup
ROOMS = app.py common accounts services_catalog maps sync stations posters pocket cases platform_sim

help: ## 这张表 · this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name words; do printf '  make %-13s %s\n' "$$name" "$$words"; done

run: ## 在本机启动 · start on this machine, http://127.0.0.1:8000 (PORT=8001 make run)
	@$(SETUP) run && exec .venv/bin/python -m tools.run

serve-lan: ## 在手机上试 · HTTPS for a phone in the same network, port 8443 (LAN_PORT)
	@$(SETUP) run && exec .venv/bin/python -m tools.run lan

test: ## 测试 · every test (ARGS="tests/maps -x" for some)
	@$(SETUP) test && .venv/bin/pytest -n 2 --dist worksteal $(ARGS)

FUZZ ?= 50000
fuzz: ## 乱填测试 · anything at all to the JSON door and the forms, random questions (FUZZ=200000 for more inputs)
	@$(SETUP) test && FUZZ=$(FUZZ) .venv/bin/pytest tests/test_fuzz_api.py tests/stations/test_nearest.py $(ARGS)

lint: ## 检查代码 · style, types, templates
	@$(SETUP) dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy $(wildcard $(ROOMS)) tools/*.py
	.venv/bin/djlint --lint --quiet --allow-empty-input templates

bench: ## 测速 · the table of docs/: speed, bytes, statements (ARGS to choose)
	@$(SETUP) dev && .venv/bin/python -m benchmarks $(ARGS)

chaos: ## 故障演练 · messages to the province while everything fails (OPS=20000)
	@$(SETUP) dev && .venv/bin/python -m benchmarks.chaos --ops $(or $(OPS),20000)

# Chinese is what the code says, so only English has a catalogue. No guesses for changed sentences: an empty one is
# found by a test, a wrong guess is not.
PYBABEL = .venv/bin/pybabel --quiet
translations: ## 更新翻译 · collect sentences into translations/, then compile
	@$(SETUP) dev && mkdir -p translations
	$(PYBABEL) extract -F babel.cfg -k _l -k lazy_gettext -k lazy_ngettext:1,2 --no-location --sort-output --no-wrap --omit-header -o translations/messages.pot .
	$(PYBABEL) update -i translations/messages.pot -d translations -l en --init-missing --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap
	$(PYBABEL) compile -d translations

# Exact versions and hashes for every platform, and no address: where packages come from is each machine's own setting.
LOCK = .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)
lock: ## 锁定依赖 · rewrite the lock files after a change in pyproject.toml or package.json (UPGRADE=1: newest)
	@$(SETUP) dev
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(LOCK) --group node -o requirements-node.lock
	.venv/bin/python -m tools.setup npm $(if $(UPGRADE),update,install) --package-lock-only

clean: ## 删除可重建的 · remove what can be made again; var/ (the data) stays
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
