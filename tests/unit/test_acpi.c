/* SPDX-License-Identifier: MIT */
/*
 * arch/x86/acpi.c on a made-up machine of 64 KiB: each table damaged in every byte, with and
 * without a fitting checksum, each count and length at its borders, then what a sound set says.
 * The map function hands out copies of exactly the asked size, so that ASan sees every overrun.
 */
#include "tests/unit/unit.h"
#include "arch/x86/acpi.h"
#include "lib/bits.h"

#define BASE	0xE0000u
#define SIZE	0x10000u

#define AT_RSDP 0x0100u
#define AT_RSDT 0x0200u
#define AT_XSDT 0x0400u
#define AT_MADT 0x1000u
#define AT_FADT 0x3000u
#define AT_DSDT 0x3800u
#define AT_MCFG 0x3A00u
#define AT_HPET 0x3B00u
#define AT_SSDT 0x3C00u
#define AT_END	0x4000u

static u8 ram[SIZE];
static void *copies[4096];
static u32 copied;
static char said[4000];
static u32 warnings;
static struct acpi_info info;

static const void *map(void *ctx, u64 spa, size_t len)
{
	u8 *copy;

	assert_ptr_equal(ctx, ram);
	if (spa < BASE || !range_fits(spa - BASE, len, SIZE)) {
		return NULL;
	}
	assert_true(copied < ARRAY_SIZE(copies));
	copy = malloc(len ? len : 1);
	memcpy(copy, ram + (spa - BASE), len);
	copies[copied++] = copy;
	return copy;
}

static void warn(void *ctx, const char *text)
{
	size_t len = strlen(said);

	assert_ptr_equal(ctx, ram);
	for (const char *c = text; *c; c++) {
		assert_true(*c >= ' ' && *c <= '~');
	}
	snprintf(said + len, sizeof(said) - len, "%s\n", text);
	warnings++;
}

static const struct acpi_mem mem = { .map = map, .warn = warn, .ctx = ram };

static bool parse_len(size_t rsdp_len)
{
	u8 *rsdp = malloc(rsdp_len ? rsdp_len : 1);
	bool found;

	memcpy(rsdp, ram + AT_RSDP, rsdp_len);
	said[0] = '\0';
	warnings = 0;
	found = acpi_parse(&mem, rsdp, rsdp_len, &info);
	while (copied > 0) {
		free(copies[--copied]);
	}
	free(rsdp);
	return found;
}

static bool parse(void)
{
	return parse_len(36);
}

static void put16(u32 at, u16 v)
{
	memcpy(ram + at, &v, sizeof(v));
}

static void put32(u32 at, u32 v)
{
	memcpy(ram + at, &v, sizeof(v));
}

static void put64(u32 at, u64 v)
{
	memcpy(ram + at, &v, sizeof(v));
}

static void fix_sum(u32 at, u32 len, u32 sum_at)
{
	u8 s = 0;

	ram[at + sum_at] = 0;
	for (u32 i = 0; i < len; i++) {
		s += ram[at + i];
	}
	ram[at + sum_at] = (u8)-s;
}

static void table(u32 at, const char *name, u32 len)
{
	memcpy(ram + at, name, 4);
	put32(at + 4, len);
	ram[at + 8] = 1;
	fix_sum(at, len, 9);
}

static void fix_rsdp(void)
{
	fix_sum(AT_RSDP, 20, 8);
	fix_sum(AT_RSDP, 36, 32);
}

static const u32 tables[] = { AT_MADT, AT_FADT, AT_MCFG, AT_HPET, AT_SSDT };

static void put_roots(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(tables); i++) {
		put32(AT_RSDT + 36 + 4 * i, BASE + tables[i]);
		put64(AT_XSDT + 36 + 8 * i, BASE + tables[i]);
	}
	table(AT_RSDT, "RSDT", 36 + 4 * ARRAY_SIZE(tables));
	table(AT_XSDT, "XSDT", 36 + 8 * ARRAY_SIZE(tables));
	memcpy(ram + AT_RSDP, "RSD PTR ", 8);
	ram[AT_RSDP + 15] = 2;
	put32(AT_RSDP + 16, BASE + AT_RSDT);
	put32(AT_RSDP + 20, 36);
	put64(AT_RSDP + 24, BASE + AT_XSDT);
	fix_rsdp();
}

static u32 madt_end;

static void madt(const void *entry, u32 len)
{
	memcpy(ram + AT_MADT + madt_end, entry, len);
	madt_end += len;
	table(AT_MADT, "APIC", madt_end);
}

static void put_madt(void)
{
	put32(AT_MADT + 36, 0xFEE00000);
	madt_end = 44;
	madt("\x00\x08\x00\x00\x01\0\0\0", 8);			  /* CPU 0 */
	madt("\x00\x08\x01\x02\x02\0\0\0", 8);			  /* CPU 2, online-capable */
	madt("\x00\x08\x02\x05\x00\0\0\0", 8);			  /* unusable */
	madt("\x00\x08\x03\xFF\x01\0\0\0", 8);			  /* broadcast */
	madt("\x09\x10\0\0\x00\x01\0\0\x01\0\0\0\x09\0\0\0", 16); /* x2APIC 0x100 */
	madt("\x09\x10\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0", 16);	  /* x2APIC 2, enabled */
	madt("\x01\x0C\x07\0\0\0\xC0\xFE\x18\0\0\0", 12);	  /* I/O APIC 7 */
	madt("\x02\x0A\0\x04\x14\0\0\0\x0D\0", 10);		  /* IRQ 4 -> GSI 20 */
	madt("\x02\x0A\0\xFF\x14\0\0\0\x0D\0", 10);		  /* no ISA interrupt */
	madt("\x04\x06\xFF\0\0\x01", 6);			  /* NMI: of no interest */
}

static void put_fadt(void)
{
	put32(AT_FADT + 40, BASE + AT_DSDT);
	put32(AT_FADT + 64, 0x604);
	put32(AT_FADT + 68, 0);
	put32(AT_FADT + 76, 0x608);
	put32(AT_FADT + 112, BIT(10) | BIT(8));
	memcpy(ram + AT_FADT + 116, "\x01\x08\0\x01\xF9\x0C\0\0\0\0\0\0", 12);
	ram[AT_FADT + 128] = 6;
	put64(AT_FADT + 140, 0);
	table(AT_FADT, "FACP", 244);
}

static void put_dsdt(const void *aml, u32 len)
{
	memset(ram + AT_DSDT, 0, 0x200);
	memcpy(ram + AT_DSDT + 40, aml, len);
	table(AT_DSDT, "DSDT", 40 + len);
}

static void put_good(void)
{
	memset(ram, 0, sizeof(ram));
	put_roots();
	put_madt();
	put_fadt();
	put_dsdt("\x08_S5_\x12\x06\x04\x0A\x05\x0A\x07\0\0", 13);
	put64(AT_MCFG + 44, 0xB0000000);
	put16(AT_MCFG + 52, 0);
	ram[AT_MCFG + 55] = 0xFF;
	table(AT_MCFG, "MCFG", 60);
	put64(AT_HPET + 44, 0xFED00000);
	table(AT_HPET, "HPET", 56);
	table(AT_SSDT, "SSDT", 36);
}

static void assert_good(void)
{
	assert_true(info.has_madt);
	assert_int_equal(info.cpu_count, 3);
	assert_int_equal(info.cpus[0].apic_id, 0);
	assert_true(info.cpus[0].enabled);
	assert_int_equal(info.cpus[1].apic_id, 2);
	assert_true(info.cpus[1].enabled);
	assert_int_equal(info.cpus[2].apic_id, 0x100);
	assert_int_equal(info.cpus_left_out, 0);
	assert_int_equal(info.lapic_addr, 0xFEE00000);
	assert_int_equal(info.ioapic_count, 1);
	assert_int_equal(info.ioapics[0].addr, 0xFEC00000);
	assert_int_equal(info.ioapics[0].gsi_base, 24);
	assert_int_equal(info.ioapics[0].id, 7);
	assert_int_equal(info.isa_irqs[3].gsi, 3);
	assert_int_equal(info.isa_irqs[3].flags, 0);
	assert_int_equal(info.isa_irqs[4].gsi, 20);
	assert_int_equal(info.isa_irqs[4].flags, 0xD);
	assert_int_equal(info.pm1a_cnt, 0x604);
	assert_int_equal(info.pm1b_cnt, 0);
	assert_int_equal(info.pm_timer, 0x608);
	assert_true(info.pm_timer_is_32bit);
	assert_true(info.has_reset);
	assert_int_equal(info.reset_space, ACPI_SPACE_IO);
	assert_int_equal(info.reset_addr, 0xCF9);
	assert_int_equal(info.reset_value, 6);
	assert_true(info.has_s5);
	assert_int_equal(info.s5_slp_typa, 5);
	assert_int_equal(info.s5_slp_typb, 7);
	assert_int_equal(info.mcfg_base, 0xB0000000);
	assert_int_equal(info.mcfg_bus_last, 0xFF);
	assert_int_equal(info.hpet_base, 0xFED00000);
}

static void test_good_by_xsdt_and_by_rsdt(void **state)
{
	(void)state;
	put_good();
	assert_true(parse());
	assert_string_equal(said, "");
	assert_good();
	assert_true(parse_len(20));
	assert_string_equal(said, "");
	assert_good();
	ram[AT_RSDP + 15] = 0;
	fix_rsdp();
	assert_true(parse());
	assert_string_equal(said, "");
	assert_good();
}

static void test_rsdp_refused(void **state)
{
	(void)state;
	for (u32 i = 0; i < 20; i++) {
		put_good();
		ram[AT_RSDP + i] ^= 0x10;
		assert_false(parse());
		assert_int_equal(warnings, 1);
		assert_false(info.has_madt);
		assert_int_equal(info.cpu_count, 0);
		assert_int_equal(info.lapic_addr, 0xFEE00000);
		assert_int_equal(info.isa_irqs[4].gsi, 4);
	}
	put_good();
	for (size_t len = 0; len < 20; len++) {
		assert_false(parse_len(len));
	}
}

static void test_broken_extended_half_falls_back(void **state)
{
	(void)state;
	for (u32 i = 20; i < 36; i++) {
		put_good();
		ram[AT_RSDP + i] ^= 0x10;
		assert_true(parse());
		assert_int_equal(warnings, 1);
		assert_good();
	}
	put_good();
	put32(AT_XSDT + 4, 35);
	assert_true(parse());
	assert_string_equal(said, "ACPI: XSDT: has an impossible length\n");
	assert_good();
	put_good();
	put64(AT_RSDP + 24, UINT64_MAX - 8);
	fix_rsdp();
	assert_true(parse());
	assert_string_equal(said, "ACPI: XSDT: is at an address that cannot be read\n");
	assert_good();
	put32(AT_RSDP + 16, 0);
	fix_rsdp();
	assert_false(parse());
	assert_int_equal(warnings, 2);
}

/* No single byte, with or without a sum that hides it, may lead out of the tables or hang. */
static void test_every_byte_damaged_is_survived(void **state)
{
	static const u8 values[] = { 0, 1, 2, 0x23, 0x24, 0x7F, 0x80, 0xC0, 0xFF };
	static const u32 all[] = { AT_RSDT, AT_XSDT, AT_MADT, AT_FADT,
				   AT_DSDT, AT_MCFG, AT_HPET, AT_SSDT };

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(all); t++) {
		u32 at = all[t], len;

		put_good();
		memcpy(&len, ram + at + 4, 4);
		for (u32 i = 0; i < len; i++) {
			for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
				put_good();
				ram[at + i] = values[v];
				parse();
				fix_sum(at, len, 9);
				parse();
				assert_true(info.cpu_count <= ACPI_CPUS_MAX);
			}
		}
	}
}

static void test_one_broken_optional_table_costs_only_itself(void **state)
{
	static const struct {
		u32 at;
		const char *says;
	} rows[] = {
		{ AT_MADT, "ACPI: APIC: has a wrong checksum\n" },
		{ AT_FADT, "ACPI: FACP: has a wrong checksum\n" },
		{ AT_DSDT, "ACPI: DSDT: has a wrong checksum\n" },
		{ AT_MCFG, "ACPI: MCFG: has a wrong checksum\n" },
		{ AT_HPET, "ACPI: HPET: has a wrong checksum\n" },
		{ AT_SSDT, "ACPI: SSDT: has a wrong checksum\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_good();
		ram[rows[i].at + 10] ^= 1;
		assert_true(parse());
		assert_string_equal(said, rows[i].says);
		assert_int_equal(info.has_madt, rows[i].at != AT_MADT);
		assert_int_equal(info.pm1a_cnt != 0, rows[i].at != AT_FADT);
		assert_int_equal(info.has_s5, rows[i].at != AT_FADT && rows[i].at != AT_DSDT);
		assert_int_equal(info.mcfg_base != 0, rows[i].at != AT_MCFG);
		assert_int_equal(info.hpet_base != 0, rows[i].at != AT_HPET);
	}
}

static void test_lengths(void **state)
{
	static const u32 bad[] = { 0, 8, 35, 0x400001, 0x80000000, 0xFFFFFFFF };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_good();
		put32(AT_MADT + 4, bad[i]);
		assert_true(parse());
		assert_string_equal(said, "ACPI: APIC: has an impossible length\n");
		assert_false(info.has_madt);
	}
	put_good();
	put32(AT_MADT + 4, SIZE);
	assert_true(parse());
	assert_string_equal(said, "ACPI: APIC: runs into memory that cannot be read\n");
	for (u32 len = 36; len < 44; len++) {
		put_good();
		table(AT_MADT, "APIC", len);
		assert_true(parse());
		assert_string_equal(said, "ACPI: APIC: is too short\n");
	}
	/* An FADT of each length: the members behind its end are not there. */
	for (u32 len = 36; len < 244; len++) {
		put_good();
		table(AT_FADT, "FACP", len);
		assert_true(parse());
		assert_int_equal(info.pm1a_cnt, len >= 116 ? 0x604 : 0);
		assert_int_equal(info.has_reset, len >= 129);
	}
}

static void test_madt_entries(void **state)
{
	(void)state;
	for (u32 len = 0; len < 8; len++) {
		u8 entry[8] = { 0, (u8)len, 9, 9, 1, 0, 0, 0 };

		put_good();
		madt_end = 44;
		madt(entry, sizeof(entry));
		assert_true(parse());
		assert_true(warnings >= 1);
		assert_int_equal(info.cpu_count, 0);
		assert_true(info.has_madt);
	}
	put_good();
	madt_end = 44;
	madt("\x00\x08\x00\x07\x01\0\0\0", 8);
	madt("\x00\x09\x00\x08\x01\0\0\0", 8); /* one byte more than there is */
	assert_true(parse());
	assert_string_equal(said,
			    "ACPI: APIC: has an entry of impossible length; the rest is lost\n");
	assert_int_equal(info.cpu_count, 1);
	assert_int_equal(info.cpus[0].apic_id, 7);
	put_good();
	madt("\x05\x0C\0\0\0\0\0\0\x01\0\0\0", 12);
	assert_true(parse());
	assert_int_equal(info.lapic_addr, 0x100000000);
	put_good();
	put32(AT_MADT + 36, 0);
	table(AT_MADT, "APIC", madt_end);
	assert_true(parse());
	assert_int_equal(warnings, 1);
	assert_int_equal(info.lapic_addr, 0xFEE00000);
}

static void test_no_and_three_hundred_cpus(void **state)
{
	(void)state;
	put_good();
	madt_end = 44;
	table(AT_MADT, "APIC", 44);
	assert_true(parse());
	assert_true(info.has_madt);
	assert_int_equal(info.cpu_count, 0);
	for (u32 id = 0; id < 300; id++) {
		u8 entry[16] = { 9, 16, 0, 0, (u8)id, (u8)(id >> 8), 0, 0, 1 };

		madt(entry, sizeof(entry));
	}
	assert_true(parse());
	assert_int_equal(info.cpu_count, ACPI_CPUS_MAX);
	assert_int_equal(info.cpus_left_out, 300 - ACPI_CPUS_MAX);
	assert_int_equal(info.cpus[63].apic_id, 63);
	for (u32 i = 0; i < 17; i++) {
		madt("\x01\x0C\x07\0\0\0\xC0\xFE\x18\0\0\0", 12);
	}
	assert_true(parse());
	assert_int_equal(info.ioapic_count, ACPI_IOAPICS_MAX);
	assert_string_equal(said, "ACPI: APIC: has more than 16 I/O APICs\n");
}

static void test_root_entries(void **state)
{
	(void)state;
	put_good();
	put64(AT_XSDT + 36, 0);
	put64(AT_XSDT + 44, UINT64_MAX);
	put64(AT_XSDT + 52, BASE + SIZE - 35);
	put64(AT_XSDT + 60, BASE + AT_XSDT); /* itself: an unknown table */
	table(AT_XSDT, "XSDT", 36 + 8 * 5);
	assert_true(parse());
	assert_int_equal(warnings, 3);
	assert_false(info.has_madt);
	/* The MADT 700 times over. */
	memset(ram + AT_END, 0, SIZE - AT_END);
	put64(AT_RSDP + 24, BASE + AT_END);
	fix_rsdp();
	for (u32 i = 0; i < 700; i++) {
		put64(AT_END + 36 + 8 * i, BASE + AT_MADT);
	}
	table(AT_END, "XSDT", 36 + 8 * 700);
	assert_true(parse());
	assert_int_equal(info.cpu_count, 3);
	assert_int_equal(warnings, 256); /* "more than 256" once, "twice" 255 times */
	/* A root table without entries, and with part of one. */
	table(AT_END, "XSDT", 36);
	assert_true(parse());
	assert_int_equal(info.cpu_count, 0);
	table(AT_END, "XSDT", 43);
	assert_true(parse());
	assert_string_equal(said, "");
}

static void test_s5(void **state)
{
	static const struct {
		const char *aml;
		u32 len;
		bool found;
		u8 a, b;
	} rows[] = {
		{ "\x08_S5_\x12\x06\x04\x00\x01\0\0", 11, true, 0, 1 },
		{ "\x08\\_S5_\x12\x06\x02\x0A\x07\x00", 12, true, 7, 0 },
		{ "\x08_S5_\x12\x46\x00\x02\x0B\x05\x00\x0C\x06\0\0\0", 17, true, 5, 6 },
		{ "\x08_S5_\x12\x86\x00\x00\x02\x01\x01", 12, true, 1, 1 },
		{ "\x08_S5_\x12\x06\x01\x0B\x05\x06", 11, true, 5, 6 },
		/* no name, no package, no elements, no constants, too large, cut off */
		{ "\x10_S5_\x12\x06\x04\x00\x01\0\0", 11, false, 0, 0 },
		{ "\x08_S5_\x11\x06\x04\x00\x01\0\0", 11, false, 0, 0 },
		{ "\x08_S5_\x12\x06\x00\x00\x01\0\0", 11, false, 0, 0 },
		{ "\x08_S5_\x12\x06\x04\xFF\x01\0\0", 11, false, 0, 0 },
		{ "\x08_S5_\x12\x06\x04\x0A\x08\0\0", 11, false, 0, 0 },
		{ "\x08_S5_\x12\x06\x04\x00\x0A", 9, false, 0, 0 },
		{ "\x08_S5_\x12\x06\x04\x0B\x05", 9, false, 0, 0 },
		{ "\x08_S5_\x12\xC6\x04", 7, false, 0, 0 },
		{ "\x08_S5_\x12", 6, false, 0, 0 },
		{ "\x08_S5_", 5, false, 0, 0 },
		{ "\x08_S5", 4, false, 0, 0 },
		/* a use of the name first, then its definition */
		{ "x_S5_\x08_S5_\x12\x06\x04\x01\x00\0\0", 16, true, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_good();
		put_dsdt(rows[i].aml, rows[i].len);
		assert_true(parse());
		assert_int_equal(info.has_s5, rows[i].found);
		assert_int_equal(info.s5_slp_typa, rows[i].a);
		assert_int_equal(info.s5_slp_typb, rows[i].b);
	}
	/* in an SSDT */
	put_good();
	put_dsdt("", 0);
	memcpy(ram + AT_SSDT + 36, "\x08_S5_\x12\x06\x04\x0A\x03\x0A\x02\0\0", 13);
	table(AT_SSDT, "SSDT", 36 + 13);
	assert_true(parse());
	assert_int_equal(info.has_s5, true);
	assert_int_equal(info.s5_slp_typa, 3);
}

static void test_fadt_registers(void **state)
{
	(void)state;
	/* The extended address wins in I/O space alone. */
	put_good();
	memcpy(ram + AT_FADT + 172, "\x01\x10\0\x02\x04\x18\0\0\0\0\0\0", 12);
	memcpy(ram + AT_FADT + 208, "\x00\x20\0\x03\x08\x18\0\0\0\0\0\0", 12);
	table(AT_FADT, "FACP", 244);
	assert_true(parse());
	assert_int_equal(info.pm1a_cnt, 0x1804);
	assert_int_equal(info.pm_timer, 0x608);
	put32(AT_FADT + 68, 0x10000);
	table(AT_FADT, "FACP", 244);
	assert_true(parse());
	assert_int_equal(info.pm1b_cnt, 0);
	assert_string_equal(said, "ACPI: FACP: has a register above the I/O ports\n");
	/* Reset registers: none, in memory, impossible ones. */
	put_good();
	put32(AT_FADT + 112, 0);
	table(AT_FADT, "FACP", 244);
	assert_true(parse());
	assert_false(info.has_reset);
	assert_false(info.pm_timer_is_32bit);
	put_good();
	memcpy(ram + AT_FADT + 116, "\x00\x08\0\x01\0\0\0\0\x01\0\0\0", 12);
	table(AT_FADT, "FACP", 244);
	assert_true(parse());
	assert_int_equal(info.reset_space, ACPI_SPACE_MEMORY);
	assert_int_equal(info.reset_addr, 0x100000000);
	ram[AT_FADT + 116] = ACPI_SPACE_IO;
	table(AT_FADT, "FACP", 244);
	assert_true(parse());
	assert_false(info.has_reset);
	assert_int_equal(warnings, 1);
	/* The DSDT through its 64-bit address. */
	put_good();
	put32(AT_FADT + 40, 0);
	put64(AT_FADT + 140, BASE + AT_DSDT);
	table(AT_FADT, "FACP", 244);
	assert_true(parse());
	assert_string_equal(said, "");
	assert_true(info.has_s5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rsdp_refused),
		cmocka_unit_test(test_broken_extended_half_falls_back),
		cmocka_unit_test(test_every_byte_damaged_is_survived),
		cmocka_unit_test(test_one_broken_optional_table_costs_only_itself),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_madt_entries),
		cmocka_unit_test(test_no_and_three_hundred_cpus),
		cmocka_unit_test(test_root_entries),
		cmocka_unit_test(test_s5),
		cmocka_unit_test(test_fadt_registers),
		cmocka_unit_test(test_good_by_xsdt_and_by_rsdt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
