/* SPDX-License-Identifier: MIT */
/*
 * A Multiboot1 kernel finds at its entry exactly the machine state, information structure,
 * command line, modules and memory map that the Multiboot specification promises.
 */
#include "tests/lib/payload.h"

const char test_title[] = "Multiboot1 entry state and boot information";

extern char __image_start[], __image_end[];

/* [Multiboot "Machine state"] */
static void check_machine_state(void)
{
	check_eq("EAX at entry", entry_state.eax, MB_BOOT_MAGIC);
	check_eq("CR0.PE|PG at entry", entry_state.cr0 & (CR0_PE | CR0_PG), CR0_PE);
	check_eq("EFLAGS.VM|IF at entry", entry_state.eflags & (RFLAGS_VM | RFLAGS_IF), 0);
	check_eq("first dirty dword of BSS", entry_state.bss_dirty, 0);
}

static void check_a20(void)
{
	volatile u32 *low = (volatile u32 *)0x500;
	volatile u32 *high = (volatile u32 *)(0x500 + MIB(1));
	u32 old_low = *low, old_high = *high;

	*low = 0x12345678;
	*high = 0x9abcdef0;
	check_eq("dword at 0x500 after a store 1 MiB above (A20)", *low, 0x12345678);
	*low = old_low;
	*high = old_high;
}

static void check_memory_sizes(void)
{
	check(boot.info.mem_lower >= 512 && boot.info.mem_lower <= 640, "mem_lower is %u KiB",
	      boot.info.mem_lower);
	check(boot.info.mem_upper >= 16 * 1024, "mem_upper is %u KiB", boot.info.mem_upper);
	check(boot_is_ram(MIB(1), MIN(boot.info.mem_upper, 16u * 1024) * KIB(1)),
	      "RAM above 1 MiB is not in the memory map");
	check(boot_is_ram(0, KIB(512)), "RAM from 0 is not in the memory map");
}

static void check_mmap(void)
{
	check(boot.n_mmap > 0, "no memory map");
	for (unsigned int i = 0; i < boot.n_mmap; i++) {
		const struct boot_region *a = &boot.mmap[i];

		check(a->length != 0 && a->base + a->length > a->base, "entry %u is empty or wraps",
		      i);
		for (unsigned int j = 0; j < i; j++) {
			check(a->type != MB_MMAP_RAM || boot.mmap[j].type != MB_MMAP_RAM ||
				      !ranges_overlap(a->base, a->length, boot.mmap[j].base,
						      boot.mmap[j].length),
			      "RAM entries %u and %u overlap", j, i);
		}
	}
	check(boot_is_ram(phys(__image_start), (u64)(__image_end - __image_start)),
	      "the image is not in RAM");
	check(boot_is_ram(ALIGN_DOWN((u64)entry_state.ebx, 16), sizeof(struct mb_info)),
	      "the information structure is not in RAM");
}

/* The program's name comes first, the arguments after it. */
static void check_cmdline(void)
{
	char name[128], value[16];

	cmdline_program(name, sizeof(name));
	check(name[0] != '\0', "no program name on the command line");
	for (const char *p = name; *p; p++) {
		check(*p != '=', "the first word is an argument: %s", name);
	}
	if (check(cmdline_get("greeting", value, sizeof(value)),
		  "argument greeting= did not arrive")) {
		check(strcmp(value, "bonjour") == 0, "greeting is '%s'", value);
	}
	check(cmdline_has("last"), "the last word did not arrive");
}

void test_main(void)
{
	const u32 needed = MB_INFO_MEMORY | MB_INFO_CMDLINE | MB_INFO_MMAP;

	check_machine_state();
	if (check_eq("information flags", boot.info.flags & needed, needed)) {
		check_a20();
		check_memory_sizes();
		check_mmap();
		check_cmdline();
	}
	report_success();
}
