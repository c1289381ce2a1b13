# SPDX-License-Identifier: MIT
# Linux as L1: its tests, and the programs for its /bin that tools/rootfs does not compile itself.

include $(wildcard tests/linux/vmm/vmm.mk)

LINUX_PROGRAMS := $(if $(wildcard tests/linux/vmm/vmm.mk),$B/rootfs/vmm)

linux-programs: $(LINUX_PROGRAMS)

linux-rootfs: linux-programs
	@tools/rootfs --build $B

test-linux: $B/plinth.elf linux-programs ## Linux as L1: all kernels, CPU counts and jobs
	@tests/linux/run-tests --build $B $(LINUX_TEST_FLAGS)

.PHONY: linux-programs linux-rootfs test-linux
