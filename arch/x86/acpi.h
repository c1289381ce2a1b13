/* SPDX-License-Identifier: MIT */
/*
 * What Plinth needs of ACPI, read from the static tables: CPUs, interrupt controllers, the ways to
 * reset and to power off, a timer. There is no AML interpreter; L1 owns ACPI.
 */
#ifndef ARCH_X86_ACPI_H
#define ARCH_X86_ACPI_H

#include "lib/types.h"

#define ACPI_CPUS_MAX	 64
#define ACPI_IOAPICS_MAX 16
#define ACPI_ISA_IRQS	 16
#define ACPI_RSDP_MAX	 36

/* Through these alone the parser touches the machine; a test hands in arrays. */
struct acpi_mem {
	/*
	 * Gives len bytes at the physical address spa, or NULL where they may not be read. What it
	 * gave stays valid until the parser returns.
	 */
	const void *(*map)(void *ctx, u64 spa, size_t len);
	/* Gets one line of printable text for each defect, without a newline. May be NULL. */
	void (*warn)(void *ctx, const char *text);
	void *ctx;
};

struct acpi_cpu {
	u32 apic_id;
	/* false: only online-capable, not there now [ACPI "Multiple APIC Description Table"] */
	bool enabled;
};

struct acpi_ioapic {
	u64 addr;
	u32 id;
	u32 gsi_base;
};

/* Where an ISA interrupt arrives; flags as in the MADT: polarity 1:0, trigger mode 3:2. */
struct acpi_isa_irq {
	u32 gsi;
	u16 flags;
};

#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_IO	  1
#define ACPI_SPACE_PCI	  2

struct acpi_info {
	bool has_madt; /* false: assume the boot CPU alone; cpu_count is 0 */
	u32 cpu_count;
	u32 cpus_left_out; /* usable ones that did not fit into cpus */
	struct acpi_cpu cpus[ACPI_CPUS_MAX];
	u64 lapic_addr;
	u32 ioapic_count;
	struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
	struct acpi_isa_irq isa_irqs[ACPI_ISA_IRQS];

	u16 pm1a_cnt; /* I/O ports; 0: there is none */
	u16 pm1b_cnt;
	u16 pm_timer;
	bool pm_timer_is_32bit; /* else 24 bits */
	bool has_reset;
	u8 reset_space; /* ACPI_SPACE_* */
	u8 reset_value;
	u64 reset_addr;
	bool has_s5;
	u8 s5_slp_typa; /* the values for bits 12:10 of PM1x_CNT that power off */
	u8 s5_slp_typb;

	u64 mcfg_base; /* PCI segment 0; 0: there is none */
	u8 mcfg_bus_first;
	u8 mcfg_bus_last;
	u64 hpet_base; /* 0: there is none */
};

/*
 * Reads the tables that the RSDP names. rsdp has rsdp_len bytes: 20 (version 1) or more. *out
 * always holds something usable: defaults for whatever is missing or broken, each defect reported
 * once. Returns false if not even a root table was found.
 */
bool acpi_parse(const struct acpi_mem *mem, const void *rsdp, size_t rsdp_len,
		struct acpi_info *out);

/*
 * Searches the BIOS's places for an RSDP, for loaders that gave none: copies it and returns its
 * length, 20 or 36, or 0.
 */
size_t acpi_find_rsdp(const struct acpi_mem *mem, u8 out[ACPI_RSDP_MAX]);

#endif
