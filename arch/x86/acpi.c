/* SPDX-License-Identifier: MIT */
/*
 * Owns the layouts of the ACPI tables [ACPI "ACPI Software Programming Model"]. Every table is
 * bounded, then checked by its sum, then read; every offset below is inside the bound. Knows
 * nothing of who uses what it finds, and maps nothing itself.
 */
#include "arch/x86/acpi.h"
#include "lib/bits.h"
#include "lib/printf.h"
#include "lib/string.h"

#define RSDP_V1_SIZE	   20u
#define HEADER_SIZE	   36u
#define TABLE_MAX	   MIB(4) /* longer ones are taken for garbage */
#define ROOT_MAX	   256u	  /* entries of the root table that are followed */
#define LAPIC_DEFAULT	   0xFEE00000ull

#define MADT_ENTRIES	   44
#define MADT_ENABLED	   BIT(0)
#define MADT_ONLINE	   BIT(1)

#define FADT_DSDT	   40
#define FADT_PM1A_CNT	   64
#define FADT_PM1B_CNT	   68
#define FADT_PM_TMR	   76
#define FADT_FLAGS	   112
#define FADT_RESET_REG	   116
#define FADT_RESET_VALUE   128
#define FADT_X_DSDT	   140
#define FADT_X_PM1A_CNT	   172
#define FADT_X_PM1B_CNT	   184
#define FADT_X_PM_TMR	   208
#define FADT_MIN	   116 /* of ACPI 1.0 */
#define FADT_TMR_VAL_EXT   BIT(8)
#define FADT_RESET_REG_SUP BIT(10)

#define GAS_SIZE	   12 /* Generic Address Structure: space 0, width 1, address 4 */

struct table {
	const u8 *p;
	u32 len;
};

struct parser {
	const struct acpi_mem *mem;
	struct acpi_info *out;
};

static u16 get16(const u8 *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static u32 get32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static u64 get64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static u8 sum(const u8 *p, size_t len)
{
	u8 s = 0;

	for (size_t i = 0; i < len; i++) {
		s += p[i];
	}
	return s;
}

/* name is a table's signature: four characters of firmware's, possibly garbage. */
static void warn(const struct acpi_mem *mem, const char *name, const char *what)
{
	char shown[5] = "";
	char text[120];

	if (!mem->warn) {
		return;
	}
	for (u32 i = 0; i < 4; i++) {
		shown[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
	}
	fmt_str(text, sizeof(text), "ACPI: %s: %s", shown, what);
	mem->warn(mem->ctx, text);
}

/* Maps the whole table at addr if it is called name and is sound; else warns and returns false. */
static bool map_table(const struct acpi_mem *mem, u64 addr, const char *name, struct table *out)
{
	const u8 *p = addr ? mem->map(mem->ctx, addr, HEADER_SIZE) : NULL;

	if (!p) {
		warn(mem, name, "is at an address that cannot be read");
		return false;
	}
	if (memcmp(p, name, 4) != 0) {
		warn(mem, name, "another signature is at its address");
		return false;
	}
	out->len = get32(p + 4);
	if (out->len < HEADER_SIZE || out->len > TABLE_MAX) {
		warn(mem, name, "has an impossible length");
		return false;
	}
	out->p = mem->map(mem->ctx, addr, out->len);
	if (!out->p) {
		warn(mem, name, "runs into memory that cannot be read");
		return false;
	}
	if (sum(out->p, out->len) != 0) {
		warn(mem, name, "has a wrong checksum");
		return false;
	}
	return true;
}

/* ---- MADT [ACPI "Multiple APIC Description Table"] ---- */

static void add_cpu(struct parser *ps, u32 apic_id, u32 flags)
{
	struct acpi_info *out = ps->out;

	if (!(flags & (MADT_ENABLED | MADT_ONLINE))) {
		return;
	}
	for (u32 i = 0; i < out->cpu_count; i++) {
		if (out->cpus[i].apic_id == apic_id) {
			/* Firmware may list a CPU as local APIC and as local x2APIC. */
			out->cpus[i].enabled |= flags & MADT_ENABLED;
			return;
		}
	}
	if (out->cpu_count == ACPI_CPUS_MAX) {
		out->cpus_left_out++;
		return;
	}
	out->cpus[out->cpu_count++] =
		(struct acpi_cpu){ .apic_id = apic_id, .enabled = flags & MADT_ENABLED };
}

static void madt_lapic(struct parser *ps, const u8 *e)
{
	if (e[3] != 0xFF) { /* the broadcast address is no CPU's */
		add_cpu(ps, e[3], get32(e + 4));
	}
}

static void madt_x2apic(struct parser *ps, const u8 *e)
{
	if (get32(e + 4) != 0xFFFFFFFF) {
		add_cpu(ps, get32(e + 4), get32(e + 8));
	}
}

static void madt_ioapic(struct parser *ps, const u8 *e)
{
	struct acpi_info *out = ps->out;

	if (out->ioapic_count == ACPI_IOAPICS_MAX) {
		warn(ps->mem, "APIC", "has more than 16 I/O APICs");
		return;
	}
	out->ioapics[out->ioapic_count++] =
		(struct acpi_ioapic){ .id = e[2], .addr = get32(e + 4), .gsi_base = get32(e + 8) };
}

static void madt_override(struct parser *ps, const u8 *e)
{
	if (e[2] == 0 && e[3] < ACPI_ISA_IRQS) { /* bus 0 is ISA */
		ps->out->isa_irqs[e[3]] =
			(struct acpi_isa_irq){ .gsi = get32(e + 4), .flags = get16(e + 8) };
	}
}

static void madt_lapic_addr(struct parser *ps, const u8 *e)
{
	ps->out->lapic_addr = get64(e + 4);
}

static const struct madt_row {
	u8 type;
	u8 len;
	void (*read)(struct parser *ps, const u8 *entry);
} madt_rows[] = {
	{ 0, 8, madt_lapic },	    /* processor local APIC */
	{ 1, 12, madt_ioapic },	    /* I/O APIC */
	{ 2, 10, madt_override },   /* interrupt source override */
	{ 5, 12, madt_lapic_addr }, /* local APIC address override */
	{ 9, 16, madt_x2apic },	    /* processor local x2APIC */
};

static void madt_entry(struct parser *ps, const u8 *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(madt_rows); i++) {
		if (madt_rows[i].type == entry[0]) {
			if (entry[1] < madt_rows[i].len) {
				warn(ps->mem, "APIC", "has an entry that is too short");
			} else {
				madt_rows[i].read(ps, entry);
			}
			return;
		}
	}
}

static void read_madt(struct parser *ps, struct table t)
{
	u32 at = MADT_ENTRIES;

	if (t.len < MADT_ENTRIES) {
		warn(ps->mem, "APIC", "is too short");
		return;
	}
	if (ps->out->has_madt) {
		warn(ps->mem, "APIC", "is there twice; the first one counts");
		return;
	}
	ps->out->has_madt = true;
	ps->out->lapic_addr = get32(t.p + 36);
	while (at + 2 <= t.len) {
		u32 len = t.p[at + 1];

		if (len < 2 || len > t.len - at) {
			warn(ps->mem, "APIC",
			     "has an entry of impossible length; the rest is lost");
			break;
		}
		madt_entry(ps, t.p + at);
		at += len;
	}
	if (ps->out->lapic_addr == 0) {
		warn(ps->mem, "APIC", "gives no local APIC address");
		ps->out->lapic_addr = LAPIC_DEFAULT;
	}
}

/* ---- _S5_ [ACPI "\_Sx (System States)"] ---- */

#define AML_ZERO    0x00
#define AML_ONE	    0x01
#define AML_NAME    0x08
#define AML_BYTE    0x0A
#define AML_WORD    0x0B
#define AML_DWORD   0x0C
#define AML_PACKAGE 0x12

/* One constant at *at. Returns false, for anything else or the end of the table. */
static bool aml_integer(struct table aml, u32 *at, u32 *value)
{
	u32 left = aml.len - *at;
	const u8 *p = aml.p + *at;

	if (left >= 1 && (p[0] == AML_ZERO || p[0] == AML_ONE)) {
		*value = p[0];
		*at += 1;
		return true;
	}
	if (left >= 2 && p[0] == AML_BYTE) {
		*value = p[1];
		*at += 2;
		return true;
	}
	if (left >= 3 && p[0] == AML_WORD) {
		*value = get16(p + 1);
		*at += 3;
		return true;
	}
	if (left >= 5 && p[0] == AML_DWORD) {
		*value = get32(p + 1);
		*at += 5;
		return true;
	}
	return false;
}

/* The package behind the name: its length, its count of elements, and one or two constants. */
static bool aml_s5_package(struct table aml, u32 at, u32 *typa, u32 *typb)
{
	u32 count;

	if (aml.len - at < 2 || aml.p[at] != AML_PACKAGE) {
		return false;
	}
	at += 2 + (aml.p[at + 1] >> 6); /* PkgLength: bits 7:6 count the bytes that follow */
	if (at >= aml.len) {
		return false;
	}
	count = aml.p[at++];
	if (count == 0 || !aml_integer(aml, &at, typa)) {
		return false;
	}
	if (count == 1) { /* old firmware packs both values into one */
		*typb = *typa >> 8;
		*typa &= 0xFF;
	} else if (!aml_integer(aml, &at, typb)) {
		return false;
	}
	return *typa <= 7 && *typb <= 7; /* SLP_TYPx has three bits */
}

static void find_s5(struct parser *ps, struct table t)
{
	for (u32 at = HEADER_SIZE + 1; !ps->out->has_s5 && at + 4 <= t.len; at++) {
		u32 typa, typb;
		bool named;

		if (t.p[at] != '_' || memcmp(t.p + at, "_S5_", 4) != 0) {
			continue;
		}
		named = t.p[at - 1] == AML_NAME || (t.p[at - 1] == '\\' && t.p[at - 2] == AML_NAME);
		if (named && aml_s5_package(t, at + 4, &typa, &typb)) {
			ps->out->has_s5 = true;
			ps->out->s5_slp_typa = (u8)typa;
			ps->out->s5_slp_typb = (u8)typb;
		}
	}
}

/* ---- FADT [ACPI "Fixed ACPI Description Table"] ---- */

/* The port of a register block: the extended address if it is there and in I/O space. */
static u16 fadt_port(struct parser *ps, struct table t, u32 legacy, u32 extended)
{
	u64 port = get32(t.p + legacy);

	if (t.len >= extended + GAS_SIZE && t.p[extended] == ACPI_SPACE_IO &&
	    get64(t.p + extended + 4) != 0) {
		port = get64(t.p + extended + 4);
	}
	if (port > 0xFFFF) {
		warn(ps->mem, "FACP", "has a register above the I/O ports");
		return 0;
	}
	return (u16)port;
}

static void read_fadt_reset(struct parser *ps, struct table t)
{
	struct acpi_info *out = ps->out;
	u8 space;
	u64 addr;

	if (!(get32(t.p + FADT_FLAGS) & FADT_RESET_REG_SUP) || t.len <= FADT_RESET_VALUE) {
		return;
	}
	space = t.p[FADT_RESET_REG];
	addr = get64(t.p + FADT_RESET_REG + 4);
	if (space > ACPI_SPACE_PCI || addr == 0 || (space == ACPI_SPACE_IO && addr > 0xFFFF)) {
		warn(ps->mem, "FACP", "has an impossible reset register");
		return;
	}
	out->has_reset = true;
	out->reset_space = space;
	out->reset_addr = addr;
	out->reset_value = t.p[FADT_RESET_VALUE];
}

static void read_fadt(struct parser *ps, struct table t)
{
	struct acpi_info *out = ps->out;
	struct table dsdt;
	u64 addr;

	if (t.len < FADT_MIN) {
		warn(ps->mem, "FACP", "is too short");
		return;
	}
	out->pm1a_cnt = fadt_port(ps, t, FADT_PM1A_CNT, FADT_X_PM1A_CNT);
	out->pm1b_cnt = fadt_port(ps, t, FADT_PM1B_CNT, FADT_X_PM1B_CNT);
	out->pm_timer = fadt_port(ps, t, FADT_PM_TMR, FADT_X_PM_TMR);
	out->pm_timer_is_32bit = get32(t.p + FADT_FLAGS) & FADT_TMR_VAL_EXT;
	read_fadt_reset(ps, t);
	addr = t.len >= FADT_X_DSDT + 8 ? get64(t.p + FADT_X_DSDT) : 0;
	if (addr == 0) {
		addr = get32(t.p + FADT_DSDT);
	}
	if (map_table(ps->mem, addr, "DSDT", &dsdt)) {
		find_s5(ps, dsdt);
	}
}

/* ---- the small ones ---- */

/* [PCI Firmware Specification "MCFG Table Description"] */
static void read_mcfg(struct parser *ps, struct table t)
{
	for (u32 at = 44; at <= t.len && t.len - at >= 16; at += 16) {
		if (get16(t.p + at + 8) == 0) {
			ps->out->mcfg_base = get64(t.p + at);
			ps->out->mcfg_bus_first = t.p[at + 10];
			ps->out->mcfg_bus_last = t.p[at + 11];
			return;
		}
	}
	warn(ps->mem, "MCFG", "does not describe segment 0");
}

/* [IA-PC HPET "The ACPI 2.0 HPET Description Table"] */
static void read_hpet(struct parser *ps, struct table t)
{
	if (t.len < 52 || t.p[40] != ACPI_SPACE_MEMORY) {
		warn(ps->mem, "HPET", "gives no address in memory");
		return;
	}
	if (ps->out->hpet_base == 0) {
		ps->out->hpet_base = get64(t.p + 44);
	}
}

static const struct table_row {
	const char *name;
	void (*read)(struct parser *ps, struct table t);
} table_rows[] = {
	{ "APIC", read_madt }, { "FACP", read_fadt }, { "MCFG", read_mcfg },
	{ "HPET", read_hpet }, { "SSDT", find_s5 },
};

static void read_table(struct parser *ps, u64 addr)
{
	const u8 *header = addr ? ps->mem->map(ps->mem->ctx, addr, HEADER_SIZE) : NULL;
	struct table t;

	if (!header) {
		warn(ps->mem, "root", "names a table at an address that cannot be read");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(table_rows); i++) {
		if (memcmp(header, table_rows[i].name, 4) == 0) {
			if (map_table(ps->mem, addr, table_rows[i].name, &t)) {
				table_rows[i].read(ps, t);
			}
			return;
		}
	}
}

static void read_root(struct parser *ps, struct table root, u32 entry_size)
{
	u32 count = (root.len - HEADER_SIZE) / entry_size;

	if (count > ROOT_MAX) {
		warn(ps->mem, "root", "names more than 256 tables; the rest is left out");
		count = ROOT_MAX;
	}
	for (u32 i = 0; i < count; i++) {
		const u8 *entry = root.p + HEADER_SIZE + (size_t)i * entry_size;

		read_table(ps, entry_size == 8 ? get64(entry) : get32(entry));
	}
}

static bool rsdp_is_v1(const u8 *rsdp, size_t len)
{
	return len >= RSDP_V1_SIZE && memcmp(rsdp, "RSD PTR ", 8) == 0 &&
	       sum(rsdp, RSDP_V1_SIZE) == 0;
}

/* Whether the extended half, with the XSDT's address, is there and sound. */
static bool rsdp_is_v2(const u8 *rsdp, size_t len)
{
	return len >= ACPI_RSDP_MAX && rsdp[15] >= 2 && get32(rsdp + 20) == ACPI_RSDP_MAX &&
	       sum(rsdp, ACPI_RSDP_MAX) == 0;
}

static void set_defaults(struct acpi_info *out)
{
	memset(out, 0, sizeof(*out));
	out->lapic_addr = LAPIC_DEFAULT;
	for (u32 i = 0; i < ACPI_ISA_IRQS; i++) {
		out->isa_irqs[i].gsi = i;
	}
}

bool acpi_parse(const struct acpi_mem *mem, const void *rsdp, size_t rsdp_len,
		struct acpi_info *out)
{
	struct parser ps = { .mem = mem, .out = out };
	const u8 *r = rsdp;
	struct table root;

	set_defaults(out);
	if (!rsdp_is_v1(r, rsdp_len)) {
		warn(mem, "RSDP", "has a wrong signature or checksum; no table is read");
		return false;
	}
	if (rsdp_is_v2(r, rsdp_len)) {
		if (get64(r + 24) != 0 && map_table(mem, get64(r + 24), "XSDT", &root)) {
			read_root(&ps, root, 8);
			return true;
		}
	} else if (rsdp_len >= ACPI_RSDP_MAX && r[15] >= 2) {
		warn(mem, "RSDP", "has a wrong extended checksum or length; its XSDT is not used");
	}
	if (map_table(mem, get32(r + 16), "RSDT", &root)) {
		read_root(&ps, root, 4);
		return true;
	}
	return false;
}

static size_t rsdp_in(const struct acpi_mem *mem, u64 base, u32 len, u8 *out)
{
	const u8 *p = mem->map(mem->ctx, base, len);

	for (u32 at = 0; p && at + RSDP_V1_SIZE <= len; at += 16) {
		size_t left = len - at;

		if (rsdp_is_v1(p + at, left)) {
			size_t size = rsdp_is_v2(p + at, left) ? ACPI_RSDP_MAX : RSDP_V1_SIZE;

			memcpy(out, p + at, size);
			return size;
		}
	}
	return 0;
}

/* [ACPI "Finding the RSDP on IA-PC Systems"]: the first KiB of the EBDA, then the BIOS's ROM. */
size_t acpi_find_rsdp(const struct acpi_mem *mem, u8 out[ACPI_RSDP_MAX])
{
	const u8 *segment = mem->map(mem->ctx, 0x40E, 2);
	u64 ebda = segment ? (u64)get16(segment) << 4 : 0;
	size_t len = 0;

	if (ebda >= 0x400 && ebda <= 0xA0000 - 1024) {
		len = rsdp_in(mem, ebda, 1024, out);
	}
	return len ? len : rsdp_in(mem, 0xE0000, 0x20000, out);
}
