.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
SERVE := .venv/.serve

help: ## Show this help
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 18

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Parley needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11'; exit 1; }
	@$(PYTHON) -m venv .venv

$(SERVE): requirements-serve.lock pyproject.toml | $(BIN)/python
	@$(BIN)/python deploy/install.py requirements-serve.lock
	@touch $@

$(STAMP): requirements.lock pyproject.toml | $(BIN)/python
	@$(BIN)/python deploy/install.py requirements.lock
	@touch $@ $(SERVE)

setup: $(STAMP) ## Make the virtual environment and install everything into it: serving, load tests, development

run: $(SERVE) ## Install what serving needs, then start Parley on this machine
	@$(BIN)/parley up

dist: $(STAMP) ## Build one complete wheel in dist/, and what a package index gets in dist/index/
	@rm -rf dist
	@$(BIN)/python deploy/dist.py dist
	@ls -1s --block-size=1M dist/*.whl dist/index
	@echo 'Install it anywhere: uv tool install dist/*.whl; pipx install dist/*.whl; pip install dist/*.whl'

images: $(BIN)/python ## Build an image a process, with docker, podman or buildah: [TAG=1.0.0] [REGISTRY=...] [ENGINE=podman] [EXTRA=gpu BASE=...] [PROCESSES="asr"]
	@TAG="$(TAG)" REGISTRY="$(REGISTRY)" ENGINE="$(ENGINE)" EXTRA="$(EXTRA)" BASE="$(BASE)" PROCESSES="$(PROCESSES)" $(BIN)/python deploy/images.py

sbom: ## What an image has inside, by the lock, as CycloneDX: build/sbom.json
	@test -x .venv-sbom/bin/cyclonedx-py || { $(PYTHON) -m venv .venv-sbom && .venv-sbom/bin/pip install --quiet --disable-pip-version-check 'cyclonedx-bom>=7,<8'; }
	@mkdir -p build
	@.venv-sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible --of JSON -o build/sbom.json requirements-serve.lock
	@echo 'Written to build/sbom.json'

# One worker more than there are cores: much of what tests of real processes do is waiting. Where a worker dies the run ends: with a
# new one in its place xdist may wait for ever.
test: $(STAMP) ## Run every test (offline, no GPU), a file at a time in each worker: [ARGS="-n 0"]
	$(BIN)/python -m pytest -q -n $$(( $$(nproc) < 7 ? $$(nproc) + 1 : 8 )) --dist loadfile --no-loadscope-reorder --max-worker-restart=0 $(ARGS)

again: $(STAMP) ## Run what failed last once more, alone: at most three tests; everything where the run was cut short
	$(BIN)/python -m tests.again

fuzz: $(STAMP) ## Garbage at every entry, HTTP, WebSocket, gRPC, Riva, Models: [SECONDS_LONG=60]
	$(BIN)/python -m pytest -q --hypothesis-profile=fuzz --fuzz-seconds=$(or $(SECONDS_LONG),60) --timeout=600 tests/gateway/apis/test_fuzz.py tests/e2e/access/test_fuzz_entries.py

chaos: $(STAMP) ## Kill, stop and starve real processes under streams, some minutes on loopback
	$(BIN)/python -m pytest -q --timeout=300 tests/chaos

cluster-test: $(STAMP) ## Several hosts as network namespaces: scale out, cut off, upgrade under live streams (root, Linux)
	IN_NAMESPACES=1 unshare --net --mount --propagation private \
		$(BIN)/python -m pytest -q -s -p no:cacheprovider tests/cluster

check: $(STAMP) lint types drift ## Lint, types, layers, and generated code up to date
	$(BIN)/python -m pytest -q tests/contract

lint: $(STAMP) ## Ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## Mypy, strict
	$(BIN)/mypy

protos: $(STAMP) ## Generate parley/v1 and parley/compat from protos/
	$(BIN)/python -m grpc_tools.protoc -Iparley/compat=protos/compat -Iprotos --python_out=. --pyi_out=. \
		protos/parley/v1/*.proto protos/compat/*.proto

helm: $(STAMP) ## Write the Helm chart's objects, values and schema from deploy/kubernetes
	$(BIN)/python deploy/helm/write.py

drift: protos ## Fail when generated code is not what protos/ gives
	git diff --exit-code -- parley/v1 parley/compat

lock: $(STAMP) ## Pin the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --extra cpu --extra openvino --extra loadtest --extra dev --universal \
		--python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --generate-hashes --upgrade --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra cpu --extra redis --extra postgres --constraint requirements.lock --universal \
		--python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --generate-hashes --quiet -o requirements-serve.lock

bench-transport: $(STAMP) ## What Parley itself costs, beside a bare grpc.aio echo
	$(BIN)/python -m loadtest.bench.transport

bench-stages: $(STAMP) ## Each stage beside what people use instead: [STAGE="denoise asr"] [REFERENCES=folder] [ARGS=...]
	$(BIN)/python -m loadtest.bench.stages $(STAGE) $(if $(REFERENCES),--references $(REFERENCES)) $(ARGS)

bench-peers: $(STAMP) ## Speech servers of others beside Parley: [PEERS="parley speaches"] [ROWS=live,ttfs,files,long] [WEIGHTS=folder] [SPEACHES=folder] [ARGS=--again]
	$(BIN)/python -m loadtest.bench.peers $(PEERS) $(if $(ROWS),--rows $(ROWS)) $(if $(WEIGHTS),--weights $(WEIGHTS)) \
		$(if $(SPEACHES),--speaches $(SPEACHES)) $(ARGS)

bench-observability: $(STAMP) ## Scrapes under 100 streams, and every dashboard's queries over a day of metrics (needs Prometheus)
	$(BIN)/python -m loadtest.bench.observability

bench-gateway: $(STAMP) ## What the gateway adds to calling the services directly
	$(BIN)/python -m loadtest.bench.gateway

bench-jobs: $(STAMP) ## Background jobs beside the same recordings over HTTP: [FOLDER=recordings] [ARGS="--rounds 3"]
	$(BIN)/python -m loadtest.bench.jobs $(FOLDER) $(ARGS)

bench-live-jobs: $(STAMP) ## People who speak, without and with background jobs: FOLDER=recordings [ARGS="--people 8"]
	@test -n "$(FOLDER)" || { echo 'Say which recordings: make $@ FOLDER=...'; exit 2; }
	$(BIN)/python -m loadtest.bench.live_with_jobs $(FOLDER) $(ARGS)

bench-pull: $(STAMP) ## `parley models pull` beside a plain pip download: [ARGS="accurate --rounds 3"]
	$(BIN)/python -m loadtest.bench.pulling $(ARGS)

sla: $(STAMP) ## Does the promise hold? [SCENARIO="live-asr burst"] [BASELINE=report.json] [ARGS=...]; exit 0, 1 or 2
	$(BIN)/python -m loadtest.sla $(SCENARIO) $(if $(BASELINE),--baseline $(BASELINE)) $(ARGS)

capacity: $(STAMP) ## How many live streams can this machine carry? [SCENARIO=live-asr] [ARGS=...]
	$(BIN)/python -m loadtest.sla.capacity $(SCENARIO) $(ARGS)

loadtest-ui: $(STAMP) ## Locust's page at http://localhost:8089, against a Parley that runs: [SCENARIO=smoke] [SIZE=8]
	SLA_SCENARIO=$(or $(SCENARIO),smoke) SLA_SIZE=$(or $(SIZE),8) SLA_SECONDS=86400 $(BIN)/python -m loadtest.clients.swarm -f loadtest/clients/locustfile.py \
		--host http://127.0.0.1:8080 --stop-timeout 15 $(ARGS)

soak: $(STAMP) ## Ten minutes of streams opened and hung up: memory and open files must stay flat
	$(BIN)/python -m loadtest.bench.soak

long-session: $(STAMP) ## A live session of two hours at up to 20 times its pace: memory must stay flat, no word be lost: [ARGS="--hours 0.5"]
	$(BIN)/python -m loadtest.bench.long_session $(ARGS)

.venv-recipes/.ready: pyproject.toml
	@test -x .venv-recipes/bin/python || $(PYTHON) -m venv .venv-recipes
	@.venv-recipes/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[recipes,cpu]'
	@touch $@

recipe-%: .venv-recipes/.ready ## Train asr, denoise, diarize or translate anew (hours): DATA="folder ..." [ARGS=...]
	@test -n "$(DATA)" || { echo 'Say which data: make $@ DATA="folder ..."; see models/recipes/$*/'; exit 2; }
	.venv-recipes/bin/python -m models.recipes.$* all --data $(DATA) $(ARGS)

eval: .venv-recipes/.ready ## Judge the embedded models anew and rewrite their report: DATA="folder ..." [REFERENCES=folder] [WHEEL=file] [STAGE=asr]
	@test -n "$(DATA)" || { echo 'Say which data: make $@ DATA="folder ..."; the cards name the folders.'; exit 2; }
	.venv-recipes/bin/python -m models.recipes.report --data $(DATA) $(if $(REFERENCES),--references $(REFERENCES)) $(if $(WHEEL),--wheel $(WHEEL)) \
		$(if $(STAGE),--stage $(STAGE))

eval-services: .venv-recipes/.ready ## The models' quality through the services, into docs/quality.md: DATA="folder ..." [ARGS=...]
	@test -n "$(DATA)" || { echo 'Say which data: make $@ DATA="folder ..."; the cards name the folders.'; exit 2; }
	.venv-recipes/bin/python -m models.recipes.served --data $(DATA) $(ARGS)

eval-facts: $(STAMP) ## What becomes of numbers, dates, amounts, names and links in 200 sentences: [MODEL=nano-tatoeba@1]
	$(BIN)/python -m models.recipes.translate.facts $(MODEL)

clean: ## Remove what the targets above made
	rm -rf .venv .venv-recipes .venv-sbom build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: images sbom bench-observability help setup run dist test fuzz chaos check lint types protos helm drift lock bench-transport bench-stages bench-peers bench-gateway bench-jobs bench-live-jobs bench-pull sla capacity loadtest-ui soak long-session eval eval-services eval-facts clean
