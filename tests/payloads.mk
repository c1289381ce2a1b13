# SPDX-License-Identifier: MIT
# L1 payloads: Multiboot1 ELF32 kernels of 64-bit code, one for each folder of tests/payloads.
# Included by the root Makefile; reads B (build folder) and CC.

OBJCOPY ?= objcopy

PAYLOADS := $(sort $(patsubst tests/payloads/%/main.c,%,$(wildcard tests/payloads/*/main.c)))
PAYLOAD_ELFS := $(PAYLOADS:%=$(B)/payloads/%.elf)
PAYLOAD_LIB_SOURCES := $(sort $(wildcard tests/lib/*.c tests/lib/*.S))
PAYLOAD_SHARED := lib/string.c lib/printf.c lib/parse.c
PAYLOAD_LIB := $(PAYLOAD_LIB_SOURCES:tests/lib/%=$(B)/payloads/lib/%.o) \
	$(PAYLOAD_SHARED:%=$(B)/payloads/%.o)
PAYLOAD_FLAGS := -std=gnu11 -O2 -g -I. -m64 -ffreestanding -fno-builtin -fno-pic -fno-pie \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fcf-protection=none -fno-strict-aliasing -Wall -Wextra -Wno-array-bounds -Werror -Wshadow \
	-Wundef -Wmissing-prototypes -Wstrict-prototypes -MMD -MP
PAYLOAD_LDFLAGS := -nostdlib -static -no-pie -Wl,-n,--build-id=none,-z,max-page-size=4096 \
	-Wl,--no-warn-rwx-segments,-T,tests/lib/payload.ld

.PHONY: payloads
payloads: $(PAYLOAD_ELFS) ## build the L1 payloads

$(B)/payloads/lib/%.o: tests/lib/%
	@mkdir -p $(@D)
	$(call SAY,CC)
	$Q$(CC) $(PAYLOAD_FLAGS) -c -o $@ $<

$(PAYLOAD_SHARED:%=$(B)/payloads/%.o): $(B)/payloads/%.o: %
	@mkdir -p $(@D)
	$(call SAY,CC)
	$Q$(CC) $(PAYLOAD_FLAGS) -c -o $@ $<

$(B)/payloads/obj/%/main.o: tests/payloads/%/main.c
	@mkdir -p $(@D)
	$(call SAY,CC)
	$Q$(CC) $(PAYLOAD_FLAGS) -c -o $@ $<

# The name of a payload is its folder's; nothing in the source repeats it.
$(B)/payloads/obj/%/name.o: tests/payloads/%/main.c
	@mkdir -p $(@D)
	$Qecho 'extern const char test_name[]; const char test_name[] = "$*";' | \
		$(CC) $(filter-out -MMD -MP,$(PAYLOAD_FLAGS)) -x c -c -o $@ -

$(B)/payloads/obj/%.S.o: tests/payloads/%.S
	@mkdir -p $(@D)
	$(call SAY,CC)
	$Q$(CC) $(PAYLOAD_FLAGS) -c -o $@ $<

# Assembly beside a main.c is part of that payload.
define PAYLOAD_ASSEMBLY
$(B)/payloads/$(1).elf: \
	$(patsubst tests/payloads/%,$(B)/payloads/obj/%.o,$(wildcard tests/payloads/$(1)/*.S))
endef
$(foreach payload,$(PAYLOADS),$(eval $(call PAYLOAD_ASSEMBLY,$(payload))))

# The 64-bit image goes into the 32-bit container that Multiboot1 loaders take.
$(B)/payloads/%.elf: $(B)/payloads/obj/%/main.o $(B)/payloads/obj/%/name.o $(PAYLOAD_LIB) \
		tests/lib/payload.ld
	$(call SAY,CC)
	$Q$(CC) $(PAYLOAD_LDFLAGS) -o $(B)/payloads/obj/$*/$*.elf64 $(filter %.o,$^)
	$Q$(OBJCOPY) -O elf32-i386 $(B)/payloads/obj/$*/$*.elf64 $@

.SECONDARY:

-include $(PAYLOAD_LIB:.o=.d) $(PAYLOADS:%=$(B)/payloads/obj/%/main.d)
