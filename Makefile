# make demo: measures what REAP_KILL changes against lmkd today, on the embedded virtual device.
# make apks: builds workload apps into results/apks (APKS=12, KEYSTORE=a debug key).
# make test: passes all tests; make test-fast: those of plain Python, in a checkout that has .venv.
# make bench: the long form of the simulations that the tests hold the statistics to.
# All but test-fast set up everything they need and can be run again at once.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast bench apks setup system-packages agents clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
SUDO := $(shell test "$$(id -u)" = 0 || echo sudo)
export DEBIAN_FRONTEND = noninteractive

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SUITE_PACKAGES := qemu-system-x86 linux-source-6.12 busybox-static gcc libc6-dev make flex bison bc xz-utils patch libelf-dev
APK_PACKAGES := aapt apksigner android-framework-res default-jre-headless
TEST_PACKAGES := $(SUITE_PACKAGES) $(APK_PACKAGES) zipalign binutils chromium libasan8 libubsan1
APKS := 12
# The markers of pyproject.toml that name what a test needs beside Python.
COSTLY := virtual_device or host_kernel or browser or packages or compiler or simulation or large
TIMES := results/test-times.json
# One more than there are CPUs: many tests wait for a device most of the time.
WORKERS := $(shell n=$$(nproc); echo $$((n < 15 ? n + 1 : 16)))
AXE := $(VENV)/axe-core-4.14.1

help:
	@sed -n 's/^# //p' $(MAKEFILE_LIST) | head -5

demo: PACKAGES := $(SUITE_PACKAGES)
demo: export PYTEST_ADDOPTS := -q -p no:cacheprovider
demo: system-packages setup
	@$(BIN)/pytest-lmkd virtual build
	@rm -rf results/demo
	@$(BIN)/pytest suites/reclaim/test_reclaim.py suites/pressure -k '64MB-1t or held-beyond-burst' \
		--lmkd-device virtual:reap-kill-v3 --lmkd-boots 7 --lmkd-blocks 7 \
		--lmkd-pressure-arms kill+mrelease@lmkd,reap-kill --lmkd-results results/demo

# npm comes with some packages of Node.js, and is one of its own in Debian.
test: PACKAGES := $(TEST_PACKAGES) $(if $(shell command -v npm),,npm)
test: system-packages setup $(AXE)
	@$(BIN)/pytest-lmkd virtual build
	@rm -f $(TIMES)
	@status=0; \
	$(BIN)/pytest tests -m 'not measures' -n $(WORKERS) --dist loadfile --no-loadscope-reorder --times $(TIMES) || status=$$?; \
	test $$status -ne 2 || exit 2; \
	$(BIN)/pytest tests -m measures --times $(TIMES) || status=$$?; \
	exit $$status

test-fast:
	@test -x $(BIN)/pytest || { echo "no $(BIN)/pytest: run 'make setup' once" >&2; exit 3; }
	@$(BIN)/pytest tests -m 'not ($(COSTLY))' -n auto --dist loadfile

bench: PACKAGES :=
bench: system-packages setup
	@$(BIN)/python bench/coverage.py
	@$(BIN)/python bench/extra_kills.py
	@$(BIN)/python bench/boots.py
	@$(BIN)/python bench/controls.py
	@$(BIN)/python bench/claims.py
	@$(BIN)/python bench/planning.py
	@$(BIN)/python bench/races.py
	@$(BIN)/python bench/carry_over.py
	@$(BIN)/python bench/changepoints.py

apks: PACKAGES := $(APK_PACKAGES)
apks: system-packages setup
	@$(BIN)/python -m lmkd_apks build --count $(APKS) --out results/apks $(if $(KEYSTORE),--keystore $(KEYSTORE))

system-packages:
	@missing=$$(for package in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	test -z "$$missing" || { \
		echo "installing Debian packages:" $$missing; \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	} || { echo "missing and not installable here:" $$missing "- install them and run make again" >&2; exit 3; }

setup: $(STAMP)

$(STAMP): pyproject.toml
	@echo "installing Python packages into $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) 'hatchling>=1.27' 'filelock>=3.16'
	@$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@

# What checks the pages for accessibility.
$(AXE): | setup
	@echo "installing $(notdir $@) from npm"
	@npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $@ $(subst axe-core-,axe-core@,$(notdir $@)) \
		|| { echo "missing and not installable here: $(notdir $@) - see the message above" >&2; exit 3; }

clean:
	rm -rf $(VENV) results dist
