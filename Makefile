# SPDX-License-Identifier: MIT
#
# nodelift: "make" builds build/nodelift, "make help" lists the targets.
#
# SAN=1          build with AddressSanitizer and UBSan on the host's libc: build/san/nodelift
# CROSS=aarch64  build for arm64: build/aarch64/nodelift
# V=1            show the commands

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

Q = $(if $(filter 1,$(V)),,@)
say = @printf '  %-7s %s\n' $(1) $(2)

# ---- flavour: where things go and what compiles them

ifeq ($(SAN),1)
FLAVOUR := san
BIN := build/san/nodelift
else ifneq ($(CROSS),)
FLAVOUR := $(CROSS)
BIN := build/$(CROSS)/nodelift
else
FLAVOUR := native
BIN := build/nodelift
endif

O := build/$(FLAVOUR)
P := build/vendor/$(FLAVOUR)

CPPFLAGS = -D_GNU_SOURCE -Isrc -isystem $(P)/include
CFLAGS = -std=c11 -g -fstack-protector-strong -ffunction-sections -fdata-sections \
	-ffile-prefix-map=$(CURDIR)/= \
	-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wvla -Wformat=2 -Wpointer-arith -Wcast-align -Wcast-qual -Wwrite-strings -Wundef \
	-Wnull-dereference -Wduplicated-cond -Wlogical-op -Wimplicit-fallthrough
LDFLAGS = -L$(P)/lib -Wl,--gc-sections
# The library calls back for entropy (src/crypt/entropy.c): the order does not resolve that.
LDLIBS = -Wl,--start-group $(O)/nodelift.a -lcurl -lmbedtls -lmbedx509 -lmbedcrypto -Wl,--end-group \
	-larchive -lzstd -lz -lcjson

ifeq ($(FLAVOUR),san)
CC = gcc
# the sanitizers hide from gcc what it would need to know to be right about these two
CFLAGS += -Wno-maybe-uninitialized -Wno-null-dereference
CFLAGS += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDLIBS += -lpthread
LIBRARIES = zlib zstd cjson mbedtls libarchive curl
else
CC = $(P)/bin/cc
CFLAGS += -Os -U_FORTIFY_SOURCE
LIBRARIES = musl zlib zstd cjson mbedtls libarchive curl
endif
TOOLS = $(if $(filter aarch64,$(FLAVOUR)),aarch64-linux-gnu-)

# ---- Debian packages: what each target needs on a machine that has only make

BUILD_PACKAGES := gcc libc6-dev linux-libc-dev xz-utils bzip2
BUILD_PACKAGES += $(if $(filter aarch64,$(FLAVOUR)),gcc-aarch64-linux-gnu linux-libc-dev-arm64-cross qemu-user-static)
LINT_PACKAGES := clang-format clang-tidy cppcheck shellcheck perl
IMAGE_PACKAGES := ca-certificates jq
TEST_PACKAGES := perl $(IMAGE_PACKAGES) $(shell cat tests/lab/packages 2>/dev/null)
CRASH_PACKAGES := $(shell cat tests/crash/packages 2>/dev/null)

.PHONY: deps build-deps lint-deps image-deps test-deps crash-deps
deps: ; @vendor/deps.sh $(sort $(BUILD_PACKAGES) $(LINT_PACKAGES) $(TEST_PACKAGES))
build-deps: ; @vendor/deps.sh $(BUILD_PACKAGES)
lint-deps: ; @vendor/deps.sh $(LINT_PACKAGES)
image-deps: ; @vendor/deps.sh $(IMAGE_PACKAGES)
test-deps: ; @vendor/deps.sh $(sort $(BUILD_PACKAGES) $(TEST_PACKAGES))
crash-deps: ; @vendor/deps.sh $(sort $(BUILD_PACKAGES) $(TEST_PACKAGES) $(CRASH_PACKAGES))

# ---- the libraries, once for each flavour

built = $(1:%=$(P)/built/%)

.PHONY: libraries
libraries: $(call built,$(LIBRARIES))

$(P)/built/%: vendor/%.pin vendor/%.sh vendor/build.sh vendor/fetch.sh | build-deps
	+$(Q)V=$(V) vendor/build.sh $(FLAVOUR) $*

$(call built,$(filter-out musl,$(LIBRARIES))): $(call built,$(filter musl,$(LIBRARIES)))
$(call built,libarchive): $(call built,zlib zstd)
$(call built,mbedtls): vendor/mbedtls_config.h
$(call built,curl): $(call built,mbedtls)

# ---- the program

SOURCES := $(wildcard src/*/*.c)
OBJECTS := $(SOURCES:src/%.c=$(O)/obj/%.o)

.PHONY: all
all: $(BIN)

$(O)/obj/%.o: src/%.c Makefile $(call built,$(LIBRARIES))
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Only this object knows the version, so a new commit costs the compilation of one file.
$(O)/obj/cli/version.o: CPPFLAGS += -DNODELIFT_VERSION='"$(shell cat build/version 2>/dev/null)"'
$(O)/obj/cli/version.o: build/version

.PHONY: always
build/version: always
	@mkdir -p $(@D)
	@v=$$(git describe --tags --always --dirty 2>/dev/null || echo dev); \
	[ "$$v" = "$$(cat $@ 2>/dev/null)" ] || echo "$$v" >$@

# Everything but main(), for the program and for the unit tests.
$(O)/nodelift.a: $(filter-out $(O)/obj/cli/main.o,$(OBJECTS))
	@rm -f $@
	$(Q)ar rcs $@ $^

$(BIN): $(O)/obj/cli/main.o $(O)/nodelift.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LDLIBS)
ifneq ($(FLAVOUR),san)
	$(Q)$(TOOLS)objcopy --only-keep-debug $@ $@.debug
	$(Q)$(TOOLS)strip $@
	$(Q)$(TOOLS)objcopy --add-gnu-debuglink=$@.debug $@
endif

-include $(OBJECTS:.o=.d)

# ---- the container image

.PHONY: image
image: all image-deps
	+$(Q)$(MAKE) --no-print-directory CROSS=aarch64 all
	$(Q)release/image

# ---- tests

UNIT_SOURCES := $(wildcard tests/unit/*.c)
UNIT := $(UNIT_SOURCES:tests/unit/%.c=$(O)/unit/%)
E2E := $(wildcard tests/e2e/*.t)

.PHONY: unit
unit: $(UNIT)

$(O)/unit/%: tests/unit/%.c tests/unit/tap.h $(O)/nodelift.a
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(LDLIBS)

-include $(UNIT:%=%.d)

# One prove over everything, so that its closing lines count everything.
.PHONY: test
test: deps
	+$(Q)$(MAKE) --no-print-directory all unit
	+$(Q)$(MAKE) --no-print-directory SAN=1 all unit
	+$(Q)$(MAKE) --no-print-directory lint
	tests/run $(UNIT) $(UNIT:build/$(FLAVOUR)/%=build/san/%) \
		tests/lint/rules.t $(E2E)

# clang-tidy looks again only at what was compiled again.
TIDY := $(SOURCES:src/%.c=build/lint/%.tidy)

.PHONY: lint format
lint: lint-deps
	+$(Q)status=0; tests/lint/run || status=1; \
	$(MAKE) --no-print-directory --keep-going tidy || status=1; exit $$status

.PHONY: tidy
tidy: $(TIDY)

build/lint/%.tidy: build/native/obj/%.o tests/lint/tidy | lint-deps
	$(call say,TIDY,src/$*.c)
	@mkdir -p $(@D)
	$(Q)tests/lint/tidy src/$*.c
	@touch $@

format: lint-deps
	clang-format -i $(wildcard src/*/*.[ch] tests/*/*.[ch])

.PHONY: demo bench test-crash
demo: all test-deps
	$(Q)tests/lab/demo

bench: all test-deps
	$(Q)tests/bench/run

test-crash: all crash-deps
	$(Q)tests/crash/run
	$(Q)tests/crash/run --filesystem all
	$(Q)tests/crash/powercut
	$(Q)tests/crash/longlife
	$(Q)tests/lab/with tests/crash/nodekill
	$(Q)tests/lab/with tests/crash/nodelife

# ---- the rest

.PHONY: clean distclean help
clean:
	rm -rf build/native build/san build/aarch64 build/image build/nodelift build/nodelift.debug build/version

distclean:
	rm -rf build

help:
	@echo 'make            build/nodelift, static, for this machine'
	@echo 'make SAN=1      build/san/nodelift, with AddressSanitizer and UBSan'
	@echo 'make CROSS=aarch64'
	@echo '                build/aarch64/nodelift'
	@echo 'make image      a container image for amd64 and arm64: build/image, and into the engine of this machine'
	@echo 'make deps       install the Debian packages that the targets need (as root)'
	@echo 'make demo       upgrade the engine of a disposable node while you watch'
	@echo 'make test       lint, unit tests and tests on real nodes'
	@echo 'make unit       build the unit tests only'
	@echo 'make lint       format, floors, static analysis'
	@echo 'make format     put the sources into the form that lint wants'
	@echo 'make bench      one line a figure: name and value'
	@echo 'make test-crash kill an upgrade at every point of it'
	@echo 'make clean      remove our objects; make distclean removes the libraries too'
