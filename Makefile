# SPDX-License-Identifier: MIT
# Plinth's build. `make help` lists the targets; B is the build directory.

B	?= build
CC	:= gcc
OBJCOPY	:= objcopy
export B
HOSTCC	:= gcc
PYTHON	:= /usr/bin/python3
VERSION	:= $(shell git describe --always --dirty 2>/dev/null || echo unknown)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# V=1 shows the commands.
Q	:= $(if $(V),,@)
SAY	= $(if $(V),,@echo "  $1	$(@:$B/%=%)")

WARN	:= -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wundef \
	   -Wpointer-arith -Wvla -Wwrite-strings
# The exit path may touch no FPU or SSE state: those registers hold L1's or L2's values.
HVFLAGS	:= -std=gnu11 -O2 -g $(WARN) -I. -ffreestanding -fno-pie -mcmodel=kernel -mno-red-zone \
	   -mgeneral-regs-only -fcf-protection=none -fno-asynchronous-unwind-tables \
	   -fno-omit-frame-pointer -fno-strict-aliasing -fno-common -fno-jump-tables \
	   -fstack-protector-strong -mstack-protector-guard=global -MMD -MP
LDLIBS_decode := -lcapstone
LDFLAGS	:= -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none

# Pure logic: the same files go into the hypervisor, the host tests and the fuzzers.
PURE	:= $(filter-out lib/string.c,$(wildcard lib/*.c)) $(wildcard mm/*.c hv/*.c boot/*.c) \
	   $(wildcard $(addprefix arch/x86/,acpi.c decode.c line_edit.c l1_linux.c l1_multiboot.c \
	   cpuid_policy.c msr_policy.c slat02.c)) \
	   $(wildcard arch/x86/nested/*.c) \
	   $(wildcard $(addprefix arch/x86/svm/,entry_checks.c exit_rows.c merge.c reflect.c vmcb12.c)) \
	   $(wildcard $(addprefix arch/x86/vmx/,caps.c controls.c entry_checks.c \
	   entry_rules.c evmcs.c exit_rows.c insn_emulate.c insn_invalidate.c insn_parts.c \
	   linear_access.c merge.c msr_list.c reflect.c vmcs.c vmcs12.c vmx_operand.c))
SHELL_C	:= $(filter-out $(PURE),$(wildcard lib/*.c arch/x86/*.c arch/x86/svm/*.c arch/x86/vmx/*.c))
ASM	:= $(wildcard boot/*.S arch/x86/*.S arch/x86/svm/*.S arch/x86/vmx/*.S)
OBJS	:= $(PURE:%.c=$B/hv/%.o) $(SHELL_C:%.c=$B/hv/%.o) $(ASM:%.S=$B/hv/%.o)

all: $B/plinth.elf ## build the image (build/plinth.elf)

$B/plinth.elf: $B/plinth.debug
	$(call SAY,STRIP)
	$Q$(OBJCOPY) --strip-all $< $@

# Linked twice: the second time with the symbol table that the panic's backtrace reads.
$B/plinth.debug: $(OBJS) $B/symtab.o linker.ld
	$(call SAY,LD)
	$Q$(LD) $(LDFLAGS) -T linker.ld -o $@ $(OBJS) $B/symtab.o

$B/symtab.o: $(OBJS) linker.ld tools/symtab
	@mkdir -p $(@D)
	$(call SAY,SYMTAB)
	$Q$(PYTHON) tools/symtab --empty > $B/symtab0.S
	$Q$(CC) -c $B/symtab0.S -o $B/symtab0.o
	$Q$(LD) $(LDFLAGS) -T linker.ld -o $B/plinth0.elf $(OBJS) $B/symtab0.o
	$Q$(PYTHON) tools/symtab $B/plinth0.elf > $B/symtab.S
	$Q$(CC) -c $B/symtab.S -o $@

# The path of every exit, where instructions are counted: backtraces step over these frames.
HOT	:= $(addprefix $B/hv/arch/x86/,cpuid.o svm/exits.o svm/insn.o svm/nested.o svm/nested_insn.o \
	   svm/vmcb12.o svm/merge.o svm/reflect.o svm/entry_checks.o svm/npt.o vmx/exits.o vmx/run.o \
	   $(addprefix vmx/,nested.o nested_entry.o nested_insn.o vmcs02.o merge.o reflect.o evmcs.o \
	   entry_checks.o exit_rows.o ept.o insn_emulate.o insn_parts.o vmcs.o shadow_vmcs.o) slat02.o)
$(HOT): HVFLAGS += -fomit-frame-pointer
# Changes only when the version does.
$B/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@
$B/hv/arch/x86/version.o: $B/version
$B/hv/arch/x86/version.o: HVFLAGS += -DPLINTH_VERSION='"$(VERSION)"'
$B/hv/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call SAY,CC)
	$Q$(CC) $(HVFLAGS) -c $< -o $@

$B/hv/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(call SAY,AS)
	$Q$(CC) $(HVFLAGS) -c $< -o $@

# Host tests: one program for each tests/unit/test_*.c, linked with all pure files.
HOSTFLAGS := -std=gnu11 -O1 -g $(WARN) -I. -fno-omit-frame-pointer -fno-strict-aliasing \
	     -fsanitize=address,undefined -fno-sanitize-recover=all -MMD -MP
UNITS	:= $(patsubst tests/unit/%.c,$B/unit/%,$(wildcard tests/unit/test_*.c))

$B/host/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call SAY,HOSTCC)
	$Q$(HOSTCC) $(HOSTFLAGS) -c $< -o $@

$B/unit/pure.a: $(PURE:%.c=$B/host/%.o)
	@mkdir -p $(@D)
	$Qrm -f $@ && $(AR) rcs $@ $^

$B/unit/test_%: $B/host/tests/unit/test_%.o $B/unit/pure.a
	$(call SAY,HOSTLD)
	$Q$(HOSTCC) $(HOSTFLAGS) $< $B/unit/pure.a -lcmocka $(LDLIBS_$*) -o $@

check: $(UNITS) ## host tests under ASan and UBSan
	@tests/unit/run $(UNITS)

include tests/payloads.mk tests/linux/linux.mk

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ \t/' | expand -t 16

deps: ## install what the build, the runs and the tests need
	@tools/deps

run: deps ## boot the main job in front of you: Linux as L1, its KVM, an L2 Linux
	@$(MAKE) --no-print-directory all linux-programs
	@tools/run $(if $(MACHINE),--machine $(MACHINE)) $(RUNFLAGS)

test: deps ## everything: host tests, payloads, Linux as L1
	@$(MAKE) --no-print-directory all payloads linux-programs
	@tests/run-all

bench: deps ## a table of instructions and exits, KVM's figures beside them
	@$(MAKE) --no-print-directory all payloads linux-programs
	@tests/bench

lint: ## formatting, layers, sizes, static checks
	@tools/lint

clean:
	rm -rf $B

FORCE:
.PHONY: FORCE all check help deps run test bench lint clean payloads
-include $(shell find $B -name '*.d' 2>/dev/null)
.SECONDARY:
