# Everything runs in .venv; you need only make and Python 3.11 to 3.13.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SERVE ?= 1
SEED ?= 1
STAMP := $(VENV)/installed-$(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)

.PHONY: sbom venv panoptes label-studio demo demo-ztf test test-fast lint audit docs screenshots bench bench-load chaos papers backbone up clean constraints architecture images

venv: $(STAMP)

$(STAMP):
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v < (3, 14) and "Wanderers needs Python 3.11 to 3.13; this is %d.%d. Name another with make PYTHON=python3.12 …" % v)'
	@echo "Installing into $(VENV): about 6 GB. This takes a few minutes, the first time only."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python -c constraints.txt -r pyproject.toml --extra learn --extra s3 --extra streams --extra telemetry --extra dev
	@# digest2 has no wheel, and its C99 calls rand_r, which new compilers refuse to guess.
	@CFLAGS=-D_DEFAULT_SOURCE $(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python -c constraints.txt -r pyproject.toml --extra neo || \
	  echo "digest2 could not be installed: it needs a C compiler here. Everything else works; tracklets get no digest2 scores."
	@rm -f $(VENV)/installed-*
	@touch $@

demo: venv
	$(BIN)/python manage.py demo --seed $(SEED) --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

demo-ztf: venv
	@test -n "$(DATA)" || { echo "Name a folder of ZTF alert packets: make demo-ztf DATA=folder"; exit 2; }
	$(BIN)/python manage.py demo_ztf "$(DATA)" --seed $(SEED) --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

up: venv
	$(BIN)/python manage.py up --port $(PORT)

# Zooniverse's panoptes_aggregation and Label Studio's SDK, each in its own environment, for the tests that read our exports
# with them. Without network those tests are skipped, unless all tests are required.
panoptes label-studio: venv
	-@$(BIN)/python -m tests.acceptance.other_environments $@

# Tests of one file share expensive fixtures (a model, a site, a browser), so one process runs them all. Three processes
# keep two cores busy, since tests mostly wait for browsers and sites.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 -q --durations 15

test: venv panoptes label-studio
	$(PYTEST) tests

# Tests without a browser, a running site or real data, for everyday work.
test-fast: venv
	$(PYTEST) tests/unit tests/integration

# mkdocs takes a warning for an error, but not with --quiet.
lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy webapp ml tasks client manage.py docs/screenshots.py
	git ls-files 'templates/*.html' | xargs $(BIN)/djade --target-version 5.2 --check
	$(BIN)/deptry .
	$(BIN)/python manage.py makemigrations --check --dry-run
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	$(BIN)/hadolint docker/Dockerfile
	$(BIN)/kubernetes-validate --strict --quiet docker/kubernetes/*.yaml docker/kubernetes/streams/*.yaml
	$(BIN)/python .ci/secrets

# Asks PyPI about known vulnerabilities of everything that is installed; needs the network, and fails where PyPI's answer
# about a package is missing (a mirror may have none).
audit: venv
	$(BIN)/uv tool run pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

# A bill of materials of everything that is installed (CycloneDX), in var/; needs the network.
sbom: venv
	$(BIN)/uv tool run --from cyclonedx-bom cyclonedx-py environment $(BIN)/python --output-format JSON --output-file var/sbom.json

# The docs site in var/docs, which loads nothing from elsewhere.
docs: venv
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

# The pictures of README.md and docs/, of the demonstration that runs at PORT (make demo).
screenshots: venv
	PYTHONPATH=. $(BIN)/python docs/screenshots.py http://127.0.0.1:$(PORT)

bench: venv
	$(BIN)/python -m bench

# Next and submit under load; for the whole table: make bench-load QUEUES="10000 1000000" SECONDS=600. Beside Label Studio:
# LABEL_STUDIO=FOLDER/bin/python, after python -m venv FOLDER; FOLDER/bin/pip install label-studio granian, and apt install postgresql
QUEUES ?= 10000
SECONDS ?= 60
bench-load: venv
	$(BIN)/python -m bench.next_submit --people 1 8 32 128 --queues $(QUEUES) --seconds $(SECONDS) \
		$(if $(LABEL_STUDIO),--label-studio $(LABEL_STUDIO))

# Breaks a running site in every way we know, for twenty minutes; then one with servers apart (RabbitMQ, PostgreSQL with a
# replica). As root it has a small disk of its own, to fill it, and a network of its own, to cut it.
chaos: venv
	bench/chaos/run
	bench/chaos/run --apart

# Runs the rows that have no result yet. To rerun all of them, which takes hours: make papers AGAIN=1
papers: venv
	$(BIN)/python -m bench.papers $(if $(filter 1,$(AGAIN)),--again)

# Pretrains the sky backbone; killed, it goes on where it stopped. docs/backbone.md says how its weights are packaged.
backbone: venv
	$(BIN)/python -m ml pretrain --out var/backbone

# Draws the import graphs; needs Graphviz (apt-get install graphviz).
architecture: venv
	for room in webapp ml; do PYTHONPATH=. $(BIN)/import-linter drawgraph $$room | tred | dot -Tsvg > docs/rooms-$$room.svg; done

constraints: venv
	@{ echo "# Exact versions of everything that is installed, direct or not. Made by: make constraints"; \
	   $(BIN)/uv pip freeze --python $(BIN)/python | grep -v -E '^(pip|setuptools)=='; } > constraints.txt

# The images of docker/Dockerfile, with docker or, as root and without a registry, with buildah and mmdebstrap; then tries them.
images:
	docker/build $(IMAGES)

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
