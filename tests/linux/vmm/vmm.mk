# SPDX-License-Identifier: MIT
# The VMM of the Linux tests: a static program, guest programs included.

VMM_SRC	:= $(wildcard tests/linux/vmm/*.c tests/linux/vmm/guest/*.S)
VMM_OBJ	:= $(VMM_SRC:%=$B/vmm/%.o)
# WARN comes from the Makefile
VMM_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -I. -pthread -fno-pie -MMD -MP

$B/rootfs/vmm: $(VMM_OBJ)
	@mkdir -p $(@D)
	$(call SAY,LD)
	$Q$(CC) -static -no-pie -pthread -s -Wl,--build-id=none -Wl,-z,noexecstack -o $@ $(VMM_OBJ)

$B/vmm/%.c.o: %.c tests/linux/vmm/vmm.mk
	@mkdir -p $(@D)
	$(call SAY,CC)
	$Q$(CC) $(VMM_CFLAGS) -c $< -o $@

$B/vmm/%.S.o: %.S tests/linux/vmm/vmm.mk
	@mkdir -p $(@D)
	$(call SAY,CC)
	$Q$(CC) -I. -Wa,--noexecstack -MMD -MP -c $< -o $@
