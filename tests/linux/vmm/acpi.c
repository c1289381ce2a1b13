/* SPDX-License-Identifier: MIT */
/*
 * RSDP, XSDT, FADT, FACS, DSDT and MADT as bytes at the offsets of [ACPI "ACPI Software Programming
 * Model"]. The only AML is the name \_S5, so that the guest can switch itself off.
 */
#include "tests/linux/vmm/acpi.h"

#include <string.h>

#include "lib/bits.h"

enum {
	AT_RSDP = 0x000,
	AT_XSDT = 0x040,
	AT_FADT = 0x100,
	AT_FACS = 0x240,
	AT_DSDT = 0x280,
	AT_MADT = 0x300,
	HEADER = 36,
	FADT_LENGTH = 244,
	FADT_REVISION = 3,
	FADT_FLAGS = BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(10), /* RESET_REG_SUP last */
	BOOT_ARCH = BIT(0) | BIT(2) | BIT(5), /* legacy devices, no VGA, no CMOS clock */
	SCI = 9,
	LAPIC_BASE = 0xfee00000,
	IOAPIC_BASE = 0xfec00000,
	NO_LATENCY = 0xffff,
};

static void put(u8 *block, size_t offset, u64 value, size_t size)
{
	memcpy(block + offset, &value, size);
}

static u8 checksum(const u8 *bytes, size_t length)
{
	u8 sum = 0;

	for (size_t i = 0; i < length; i++) {
		sum += bytes[i];
	}
	return (u8)-sum;
}

static void finish_table(u8 *block, size_t at, const char *signature, u8 revision, size_t length)
{
	u8 *table = block + at;

	memcpy(table, signature, 4);
	put(table, 4, length, 4);
	table[8] = revision;
	memcpy(table + 10, "PLINTHVMM     ", 14);
	put(table, 24, 1, 4);
	memcpy(table + 28, "PLTH", 4);
	put(table, 32, 1, 4);
	table[9] = 0;
	table[9] = checksum(table, length);
}

static void build_rsdp(u8 *block)
{
	u8 *rsdp = block + AT_RSDP;

	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "PLINTH", 6);
	rsdp[8] = 0;
	rsdp[15] = 2;
	put(rsdp, 20, 36, 4);
	put(rsdp, 24, ACPI_TABLES + AT_XSDT, 8);
	rsdp[8] = checksum(rsdp, 20);
	rsdp[32] = checksum(rsdp, 36);
}

/* A generic address of I/O space. */
static void put_port(u8 *table, size_t offset, u16 port, u8 bits)
{
	table[offset] = 1;
	table[offset + 1] = bits;
	put(table, offset + 4, port, 8);
}

static void build_fadt(u8 *block)
{
	u8 *fadt = block + AT_FADT;

	put(fadt, 36, ACPI_TABLES + AT_FACS, 4);
	put(fadt, 40, ACPI_TABLES + AT_DSDT, 4);
	put(fadt, 46, SCI, 2);
	put(fadt, 56, ACPI_PM1A_EVENT, 4);
	put(fadt, 64, ACPI_PM1A_CONTROL, 4);
	fadt[88] = 4;
	fadt[89] = 2;
	put(fadt, 96, NO_LATENCY, 2);
	put(fadt, 98, NO_LATENCY, 2);
	put(fadt, 109, BOOT_ARCH, 2);
	put(fadt, 112, FADT_FLAGS, 4);
	put_port(fadt, 116, ACPI_RESET_PORT, 8);
	fadt[128] = ACPI_RESET_VALUE;
	put(fadt, 132, ACPI_TABLES + AT_FACS, 8);
	put(fadt, 140, ACPI_TABLES + AT_DSDT, 8);
	put_port(fadt, 148, ACPI_PM1A_EVENT, 32);
	put_port(fadt, 172, ACPI_PM1A_CONTROL, 16);
	finish_table(block, AT_FADT, "FACP", FADT_REVISION, FADT_LENGTH);
}

static void build_facs(u8 *block)
{
	memcpy(block + AT_FACS, "FACS", 4);
	put(block, AT_FACS + 4, 64, 4);
	block[AT_FACS + 32] = 1;
}

static void build_dsdt(u8 *block)
{
	/* Name (_S5, Package (4) {5, 5, 0, 0}) */
	static const u8 aml[] = { 0x08, '_',  'S',  '5',  '_',	0x12, 0x08,
				  0x04, 0x0a, 0x05, 0x0a, 0x05, 0x00, 0x00 };

	memcpy(block + AT_DSDT + HEADER, aml, sizeof(aml));
	finish_table(block, AT_DSDT, "DSDT", 2, HEADER + sizeof(aml));
}

static void build_madt(u8 *block, unsigned int cpus)
{
	u8 *madt = block + AT_MADT;
	size_t at = HEADER;

	put(madt, at, LAPIC_BASE, 4);
	put(madt, at + 4, 1, 4); /* there is a PIC too */
	at += 8;
	for (unsigned int cpu = 0; cpu < cpus; cpu++, at += 8) {
		madt[at] = 0;
		madt[at + 1] = 8;
		madt[at + 2] = (u8)cpu;
		madt[at + 3] = (u8)cpu;
		put(madt, at + 4, 1, 4);
	}
	madt[at] = 1;
	madt[at + 1] = 12;
	put(madt, at + 4, IOAPIC_BASE, 4);
	at += 12;
	/* the SCI: level, active high */
	madt[at] = 2;
	madt[at + 1] = 10;
	madt[at + 3] = SCI;
	put(madt, at + 4, SCI, 4);
	put(madt, at + 8, 0xd, 2);
	at += 10;
	finish_table(block, AT_MADT, "APIC", 3, at);
}

void acpi_build(u8 block[ACPI_TABLES_SIZE], unsigned int cpus)
{
	memset(block, 0, ACPI_TABLES_SIZE);
	build_rsdp(block);
	build_fadt(block);
	build_facs(block);
	build_dsdt(block);
	build_madt(block, cpus);
	put(block, AT_XSDT + HEADER, ACPI_TABLES + AT_FADT, 8);
	put(block, AT_XSDT + HEADER + 8, ACPI_TABLES + AT_MADT, 8);
	finish_table(block, AT_XSDT, "XSDT", 1, HEADER + 16);
}
