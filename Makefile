# Everything that a person or CI does with progress-sync. `make` lists it.

CONFIG  ?= debug
PREFIX  ?= /usr/local
DESTDIR ?=
SWIFT   ?= swift
SEEDS   ?= 100000
# Where Debian's zsh looks: packages have a directory of their own.
ZSH_COMPLETIONS := $(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FIRST   ?= $(shell date +%s)000000
export SWIFT

SOURCES  := Package.swift $(shell find Sources -type f)
SCRIPTS  := packaging/setup packaging/build-release packaging/deb packaging/lint-deb packaging/reproduce $(wildcard packaging/debian/*/p*) packaging/run-demo .ci/run Tests/run Tests/PowerCut/run Tests/PowerCut/machine Tests/PowerCut/kernel Tests/PowerCut/guest/init Tests/Machine/guest/init

UNITS    := $(patsubst systemd/%,%,$(wildcard systemd/*.service systemd/*.socket systemd/user/*.service systemd/user/*.socket))

RELEASE_STAMP := .build/release.stamp

.DEFAULT_GOAL := help
.PHONY: help setup build run test man soak test-power test-system test-machine deb reproduce chaos lint format install clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Install the Debian packages that are missing (root or sudo), check the Swift version
	@packaging/setup build

build: setup ## Build the three programs; CONFIG=release for the ones that are installed
ifeq ($(CONFIG),release)
	@$(MAKE) --no-print-directory $(RELEASE_STAMP)
else
	$(SWIFT) build --configuration $(CONFIG)
endif

run: setup ## Build, then start API and daemon under .run/ and show actions arriving; RUN_ONCE=1 ends by itself
	@echo "Building; the first time this takes some minutes."
	$(SWIFT) build
	@packaging/run-demo

test: setup ## Run every test
	@Tests/run

man: setup ## Make the parts of docs/man anew that are made from the program
	UPDATE_MANUALS=1 $(SWIFT) test --filter ManualTests

soak: setup ## Simulate lives that nobody has seen: SEEDS=100000, FIRST=SEED to repeat a run
	@if [ -t 1 ]; then export SIMULATION_PROGRESS=1; fi; \
	SIMULATION_SEEDS=$(SEEDS) SIMULATION_FIRST=$(FIRST) $(SWIFT) test --filter SimulationTests --skip deliberate

test-power: setup ## Cut the power of a virtual machine under load, and look for what is lost; ROUNDS=10 SEED=
	@packaging/setup power
	$(SWIFT) build
	@Tests/PowerCut/run $(or $(ROUNDS),10) $(SEED)

# Who is not root is told so before anything is built.
ifeq ($(shell id -u),0)
test-system: deb ## Boot Debian in containers, and drive the packages there from outside, from install to purge; as root; TOPICS=
	@packaging/setup system
	@packaging/lint-deb
	@Tests/System/run $(TOPICS)
else
test-system:
	@echo "make test-system is skipped: it takes root"
endif

test-machine: deb ## Boot a Debian kernel with the packages: limits under a backlog of a million, attacks, a power cut; as root; SEED=
	@packaging/setup system power
	@Tests/Machine/run $(SEED)

chaos: setup ## Run daemon and API amid kills, a hostile proxy and a full disk, and judge what came of it; MINUTES=10 SEED=
	$(SWIFT) build
	@Tests/Chaos/run $(or $(MINUTES),10) $(SEED)

deb: $(RELEASE_STAMP) ## Build the Debian packages progress-sync and progress-api, into .build/deb
	@packaging/deb

reproduce: deb ## Build the packages once more, from a clone somewhere else, and compare
	@packaging/reproduce

lint: ## Check the formatting of the Swift sources, and the shell scripts
	@packaging/setup build check
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	shellcheck $(SCRIPTS)

format: setup ## Format the Swift sources
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

# What the shell itself writes is for everybody, too, whatever umask sudo hands down.
install: $(RELEASE_STAMP) ## Install the release build; DESTDIR= PREFIX=/usr/local
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 .build/release/progressctl .build/release/progress-api "$(DESTDIR)$(PREFIX)/bin"
	ln -f "$(DESTDIR)$(PREFIX)/bin/progressctl" "$(DESTDIR)$(PREFIX)/bin/progress-syncd"
	install -D -m 755 .build/release/swift-backtrace "$(DESTDIR)$(PREFIX)/libexec/progress-sync/swift-backtrace"
	install -D -m 755 .build/release/swift-backtrace "$(DESTDIR)$(PREFIX)/libexec/progress-api/swift-backtrace"
	install -d "$(DESTDIR)$(PREFIX)/lib/systemd/system" "$(DESTDIR)$(PREFIX)/lib/systemd/user" "$(DESTDIR)$(PREFIX)/lib/sysusers.d" \
	  "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d"
	umask 022; for unit in $(UNITS); do \
	  case $$unit in user/*) place=$$unit ;; *) place=system/$$unit ;; esac; \
	  sed 's|/usr/bin/progress|$(PREFIX)/bin/progress|g; s|/usr/share|$(PREFIX)/share|g; s|/usr/libexec|$(PREFIX)/libexec|g' "systemd/$$unit" \
	    >"$(DESTDIR)$(PREFIX)/lib/systemd/$$place" || exit; \
	done
	install -d "$(DESTDIR)$(PREFIX)/lib/systemd/catalog"
	umask 022; sed 's|/usr/share|$(PREFIX)/share|g' systemd/progress-sync.catalog >"$(DESTDIR)$(PREFIX)/lib/systemd/catalog/progress-sync.catalog"
	install -m 644 systemd/progress-sync.sysusers "$(DESTDIR)$(PREFIX)/lib/sysusers.d/progress-sync.conf"
	install -m 644 systemd/progress-api.sysusers "$(DESTDIR)$(PREFIX)/lib/sysusers.d/progress-api.conf"
	install -m 644 systemd/progress-sync.tmpfiles "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/progress-sync.conf"
	install -d "$(DESTDIR)$(PREFIX)/share/doc/progress-sync/docs"
	install -m 644 README.md "$(DESTDIR)$(PREFIX)/share/doc/progress-sync"
	install -m 644 docs/*.md docs/*.json docs/*.yaml "$(DESTDIR)$(PREFIX)/share/doc/progress-sync/docs"
	install -d "$(DESTDIR)$(PREFIX)/share/man/man1" "$(DESTDIR)$(PREFIX)/share/man/man5" "$(DESTDIR)$(PREFIX)/share/man/man7" \
	  "$(DESTDIR)$(PREFIX)/share/man/man8"
	install -m 644 docs/man/progressctl.1 "$(DESTDIR)$(PREFIX)/share/man/man1"
	install -m 644 docs/man/progress-sync.yaml.5 "$(DESTDIR)$(PREFIX)/share/man/man5"
	install -m 644 docs/man/progress-sync-spool.7 "$(DESTDIR)$(PREFIX)/share/man/man7"
	install -m 644 docs/man/progress-syncd.8 docs/man/progress-api.8 "$(DESTDIR)$(PREFIX)/share/man/man8"
	install -d "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" "$(DESTDIR)$(PREFIX)/share/zsh/$(ZSH_COMPLETIONS)" \
	  "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	umask 022; .build/release/progressctl completion bash >"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/progressctl"
	umask 022; .build/release/progressctl completion zsh >"$(DESTDIR)$(PREFIX)/share/zsh/$(ZSH_COMPLETIONS)/_progressctl"
	umask 022; .build/release/progressctl completion fish >"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/progressctl.fish"
	install -d "$(DESTDIR)/etc/progress-sync" "$(DESTDIR)/etc/default"
	test -e "$(DESTDIR)/etc/default/progress-api" || install -m 644 config/progress-api.default "$(DESTDIR)/etc/default/progress-api"
	test -e "$(DESTDIR)/etc/progress-sync/config.yaml" || \
	  install -m 644 config/progress-sync.yaml "$(DESTDIR)/etc/progress-sync/config.yaml"
ifeq ($(DESTDIR),)
	@echo
	@echo "Installed. To make the user and the spool, have the journal explain itself (journalctl -x), and start the daemon:"
	@echo "  systemd-sysusers && systemd-tmpfiles --create && journalctl --update-catalog"
	@echo "  systemctl daemon-reload && systemctl enable --now progress-syncd"
endif

# So that `make build CONFIG=release`, then `sudo make install`, needs no Swift toolchain for root.
$(RELEASE_STAMP): $(SOURCES) packaging/build-release
	@packaging/setup build
	packaging/build-release
	@touch $@

clean: ## Remove what was built, and the demo's state
	rm -rf .build .run
