/* SPDX-License-Identifier: MIT */
/* From the assembly entry to test_main(): the order in which the framework comes up. */
#include "tests/lib/apic.h"
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"

#define APIC_PAGE 0xfee00000ull

void payload_main(unsigned int index, u8 vector);

void payload_main(unsigned int index, u8 vector)
{
	if (index != 0) {
		smp_ap_main(index, vector);
	}
	console_init();
	trap_init();
	cpu_init(0);
	boot_copy_info();
	memory_init();
	pt_map(boot_pml4, ALIGN_DOWN(APIC_PAGE, MIB(2)), ALIGN_DOWN(APIC_PAGE, MIB(2)),
	       PT_RW | PTE_PCD | PTE_PWT, PT_2M);
	write_cr3(read_cr3());
	apic_enable();
	printf("%s: %s\n", test_name, test_title);
	test_main();
	report_exit();
}
