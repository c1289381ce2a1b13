/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables of the Linux guest: what an SMP kernel without a PCI bus needs. Pure; the tables
 * lie in one block of the guest's memory.
 */
#ifndef TESTS_LINUX_VMM_ACPI_H
#define TESTS_LINUX_VMM_ACPI_H

#include "lib/types.h"

enum {
	ACPI_TABLES = 0xe0000, /* GPA: where a BIOS has them */
	ACPI_TABLES_SIZE = 0x1000,
	ACPI_PM1A_EVENT = 0x600,   /* port: status, enable */
	ACPI_PM1A_CONTROL = 0x604, /* port */
	ACPI_SLP_EN = 1 << 13,
	ACPI_SCI_EN = 1 << 0,
	ACPI_RESET_PORT = 0xcf9,
	ACPI_RESET_VALUE = 6,
};

/* Builds the tables for CPUs 0 to cpus - 1 into block, which the guest sees at ACPI_TABLES. */
void acpi_build(u8 block[ACPI_TABLES_SIZE], unsigned int cpus);

#endif
