/* SPDX-License-Identifier: MIT */
/*
 * Who gets an L2's exit, reason by reason: [SDM "VMX Basic Exit Reasons"] and the controls that
 * cause them, written down once more by number, against exit_reasons.def. Then the decisions that
 * need more than one bit, with a memory that counts reads.
 */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/exit_rows.h"

#define L0    VMX_OWNER_L0
#define L1    VMX_OWNER_L1
#define FIRST VMX_OWNER_L0_FIRST
#define ASK   0x80 /* tested on its own below */

enum {
	FIXED,
	PIN,
	PRIMARY,
	SECONDARY
};

/* clang-format off */
static const struct expected {
	u32 reason;
	u8 word;  /* the control that L1 asks with, or FIXED */
	u8 bit;
	u8 owner; /* for FIXED */
	u16 count;
} table[] = {
	{ 0,  FIXED,	 0,  ASK, 0 },		/* exception or NMI */
	{ 1,  PIN,	 0,  0, 0 },		/* external interrupt */
	{ 2,  FIXED,	 0,  L1, 0 },		/* triple fault */
	{ 3,  FIXED,	 0,  L0, 0 },		/* INIT */
	{ 4,  FIXED,	 0,  L0, 0 },		/* SIPI */
	{ 5,  FIXED,	 0,  L0, 0 },		/* I/O SMI */
	{ 6,  FIXED,	 0,  L0, 0 },		/* other SMI */
	{ 7,  PRIMARY,	 2,  0, 0 },		/* interrupt window */
	{ 8,  PRIMARY,	 22, 0, 0 },		/* NMI window */
	{ 9,  FIXED,	 0,  L1, 0 },		/* task switch */
	{ 10, FIXED,	 0,  L1, 0 },		/* CPUID */
	{ 11, FIXED,	 0,  L1, 0 },		/* GETSEC */
	{ 12, PRIMARY,	 7,  0, 0 },		/* HLT */
	{ 13, FIXED,	 0,  L1, 0 },		/* INVD */
	{ 14, PRIMARY,	 9,  0, 0 },		/* INVLPG */
	{ 15, PRIMARY,	 11, 0, 0 },		/* RDPMC */
	{ 16, PRIMARY,	 12, 0, 0 },		/* RDTSC */
	{ 17, FIXED,	 0,  L1, 0 },		/* RSM */
	{ 18, FIXED,	 0,  L1, 10 },		/* VMCALL to VMXON */
	{ 28, FIXED,	 0,  ASK, 0 },		/* control registers */
	{ 29, PRIMARY,	 23, 0, 0 },		/* MOV DR */
	{ 30, FIXED,	 0,  ASK, 0 },		/* I/O */
	{ 31, FIXED,	 0,  ASK, 2 },		/* RDMSR, WRMSR */
	{ 33, FIXED,	 0,  L0, 2 },		/* entry failures */
	{ 36, PRIMARY,	 10, 0, 0 },		/* MWAIT */
	{ 37, FIXED,	 0,  L0, 0 },		/* monitor trap flag */
	{ 39, PRIMARY,	 29, 0, 0 },		/* MONITOR */
	{ 40, PRIMARY,	 30, 0, 0 },		/* PAUSE */
	{ 41, FIXED,	 0,  L0, 0 },		/* entry failure: machine check */
	{ 43, PRIMARY,	 21, 0, 0 },		/* TPR below threshold */
	{ 44, FIXED,	 0,  L0, 2 },		/* APIC access, virtualized EOI */
	{ 46, SECONDARY, 2,  0, 2 },		/* GDTR or IDTR, LDTR or TR */
	{ 48, FIXED,	 0,  FIRST, 2 },	/* EPT violation, misconfiguration */
	{ 50, FIXED,	 0,  L1, 0 },		/* INVEPT */
	{ 51, PRIMARY,	 12, 0, 0 },		/* RDTSCP */
	{ 52, FIXED,	 0,  L0, 0 },		/* preemption timer */
	{ 53, FIXED,	 0,  L1, 0 },		/* INVVPID */
	{ 54, SECONDARY, 6,  0, 0 },		/* WBINVD */
	{ 55, FIXED,	 0,  L1, 0 },		/* XSETBV */
	{ 56, FIXED,	 0,  L0, 0 },		/* APIC write */
	{ 57, SECONDARY, 11, 0, 0 },		/* RDRAND */
	{ 58, PRIMARY,	 9,  0, 0 },		/* INVPCID */
	{ 59, FIXED,	 0,  L0, 0 },		/* VMFUNC */
	{ 60, FIXED,	 0,  L0, 0 },		/* ENCLS */
	{ 61, SECONDARY, 16, 0, 0 },		/* RDSEED */
	{ 62, FIXED,	 0,  L0, 0 },		/* PML full */
	{ 63, FIXED,	 0,  ASK, 2 },		/* XSAVES, XRSTORS */
	{ 67, PRIMARY,	 12, 0, 0 },		/* UMWAIT */
	{ 68, PRIMARY,	 12, 0, 0 },		/* TPAUSE */
};
/* clang-format on */

static struct vmcs vmcs12;

/* L1's memory: one page of bits at BITMAPS, everything else is not there. */
#define BITMAPS	    0x5000ull
#define BITMAPS_END (BITMAPS + sizeof(memory.bytes))

static struct {
	u8 bytes[3 * 4096]; /* I/O bitmaps A and B, MSR bitmap */
	u8 reads[3 * 4096];
	u32 count;
	bool absent;
} memory;

static bool read8(void *ctx, u64 gpa, u8 *value)
{
	(void)ctx;
	memory.count++;
	*value = 0; /* what is left behind by a failed read must not count */
	if (memory.absent || gpa < BITMAPS || gpa >= BITMAPS_END) {
		return false;
	}
	/* G7: no byte twice. */
	assert_int_equal(memory.reads[gpa - BITMAPS]++, 0);
	*value = memory.bytes[gpa - BITMAPS];
	return true;
}

static u64 gpr[GPR_COUNT];
static struct vmx_exit_query query = { .gpr = gpr, .mode_64bit = true, .read8 = read8 };

static void reset(void)
{
	memset(&vmcs12, 0, sizeof(vmcs12));
	memset(&memory, 0, sizeof(memory));
	memset(gpr, 0, sizeof(gpr));
	query.mode_64bit = true;
	query.xss = ~0ull;
	vmcs12.io_bitmap_a = BITMAPS;
	vmcs12.io_bitmap_b = BITMAPS + 0x1000;
	vmcs12.msr_bitmap = BITMAPS + 0x2000;
}

static enum vmx_exit_owner ask(u32 reason, u64 qualification)
{
	memset(memory.reads, 0, sizeof(memory.reads));
	memory.count = 0;
	return vmx_exit_owner(reason, qualification, 0, 0, &vmcs12, &query);
}

static u32 *word_of(u8 word)
{
	return word == PIN	 ? &vmcs12.pin_based_controls
	       : word == PRIMARY ? &vmcs12.primary_controls
				 : &vmcs12.secondary_controls;
}

static void set_words(u32 value)
{
	vmcs12.pin_based_controls = value;
	vmcs12.primary_controls = value;
	vmcs12.secondary_controls = value;
	vmcs12.exit_controls = value;
	vmcs12.entry_controls = value;
}

#define ACTIVATE 0x80000000u /* of the primary controls */

static void one_row(const struct expected *e, u32 reason)
{
	u32 *word = word_of(e->word);

	reset();
	if (e->word == FIXED) {
		set_words(0);
		assert_int_equal(ask(reason, 0), e->owner);
		set_words(~0u);
		assert_int_equal(ask(reason, 0), e->owner);
		return;
	}
	set_words(~0u);
	*word &= ~(1u << e->bit);
	if (ask(reason, 0) != L0) {
		fail_msg("reason %u: L1 did not ask", reason);
	}
	set_words(0);
	*word = 1u << e->bit;
	if (e->word == SECONDARY) {
		/* Without activation the word does not count. */
		assert_int_equal(ask(reason, 0), L0);
		vmcs12.primary_controls = ACTIVATE;
	}
	if (ask(reason, 0) != L1) {
		fail_msg("reason %u: L1 asked and is not heard", reason);
	}
}

static void each_reason_by_its_control(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		for (u32 n = 0; n < MAX(table[i].count, 1); n++) {
			if (table[i].owner != ASK) {
				one_row(&table[i], table[i].reason + n);
				assert_int_equal(memory.count, 0);
			}
		}
	}
}

static bool in_table(u32 reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (reason - table[i].reason < MAX(table[i].count, 1u)) {
			return true;
		}
	}
	return false;
}

/* No row of the .def escapes the table, and a reason without a row is Plinth's. */
static void the_table_is_complete(void **state)
{
	static const u32 rows[] = {
#define EXIT(reason, owner, handler) EXIT_REASON_##reason,
#include "arch/x86/vmx/exit_reasons.def"
#undef EXIT
	};
	size_t listed = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!in_table(rows[i])) {
			fail_msg("reason %u is not tested", rows[i]);
		}
	}
	reset();
	set_words(~0u);
	for (u32 reason = 0; reason < 0x10000; reason++) {
		if (in_table(reason)) {
			listed++;
		} else {
			assert_int_equal(ask(reason, ~0ull), L0);
		}
	}
	assert_int_equal(listed, ARRAY_SIZE(rows));
}

/* Whatever the basic reason is, a failed entry is Plinth's to turn into L1's. */
static void a_failed_entry_is_plinths(void **state)
{
	(void)state;
	reset();
	set_words(~0u);
	for (u32 reason = 0; reason < 256; reason++) {
		assert_int_equal(ask(reason | 0x80000000, 0), L0);
	}
}

/* The bits above the basic reason (enclave mode, pending MTF) change nothing. */
static void only_the_basic_reason_counts(void **state)
{
	(void)state;
	reset();
	assert_int_equal(ask(10 | BIT(27) | BIT(28), 0), L1);
	assert_int_equal(ask(48 | BIT(27), 0), FIRST);
}

/* Exceptions */

static enum vmx_exit_owner ask_exception(u32 type, u32 vector, u32 error)
{
	return vmx_exit_owner(0, 0, (u32)(INTR_VALID | FIELD_PREP(INTR_TYPE_MASK, type)) | vector,
			      error, &vmcs12, &query);
}

static void exceptions_by_bitmap(void **state)
{
	(void)state;
	for (u32 vector = 0; vector < 32; vector++) {
		reset();
		vmcs12.exception_bitmap = 1u << vector;
		assert_int_equal(ask_exception(INTR_TYPE_HARD_EXCEPTION, vector, 0), L1);
		assert_int_equal(ask_exception(INTR_TYPE_SOFT_EXCEPTION, vector, 0), L1);
		assert_int_equal(ask_exception(INTR_TYPE_PRIVILEGED_SOFT, vector, 0), L1);
		vmcs12.exception_bitmap = ~vmcs12.exception_bitmap;
		assert_int_equal(ask_exception(INTR_TYPE_HARD_EXCEPTION, vector, 0), L0);
	}
	vmcs12.exception_bitmap = ~0u;
	for (u32 vector = 32; vector < 256; vector++) {
		assert_int_equal(ask_exception(INTR_TYPE_HARD_EXCEPTION, vector, 0), L0);
	}
}

/* Plinth kicks by NMI; vector 2 as an exception there is none. */
static void nmis_are_looked_at_first(void **state)
{
	(void)state;
	reset();
	assert_int_equal(ask_exception(INTR_TYPE_NMI, 2, 0), FIRST);
	vmcs12.exception_bitmap = ~0u;
	vmcs12.pin_based_controls = ~0u;
	assert_int_equal(ask_exception(INTR_TYPE_NMI, 2, 0), FIRST);
}

static void page_faults_by_error_code(void **state)
{
	static const struct {
		u32 mask, match, error;
		bool equal;
	} rows[] = {
		{ 0, 0, 0, true },	   { 0, 0, 0x1f, true },       { 0, 1, 0, false },
		{ 0, ~0u, ~0u, false },	   { 1, 1, 1, true },	       { 1, 1, 0, false },
		{ 1, 0, 2, true },	   { 5, 4, 6, true },	       { 5, 4, 7, false },
		{ ~0u, 0x15, 0x15, true }, { ~0u, 0x15, 0x14, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset();
		vmcs12.pf_error_code_mask = rows[i].mask;
		vmcs12.pf_error_code_match = rows[i].match;
		assert_int_equal(ask_exception(INTR_TYPE_HARD_EXCEPTION, 14, rows[i].error),
				 rows[i].equal ? L0 : L1);
		/* Other vectors do not look at it. */
		assert_int_equal(ask_exception(INTR_TYPE_HARD_EXCEPTION, 13, rows[i].error), L0);
		vmcs12.exception_bitmap = 1u << 14;
		assert_int_equal(ask_exception(INTR_TYPE_HARD_EXCEPTION, 14, rows[i].error),
				 rows[i].equal ? L1 : L0);
	}
}

/* Control registers */

#define MOV_TO(cr, reg)	  ((u64)(cr) | (u64)(reg) << 8)
#define MOV_FROM(cr, reg) ((u64)(cr) | 1u << 4 | (u64)(reg) << 8)
#define CLTS		  (2u << 4)
#define LMSW(source)	  (3u << 4 | (u64)(source) << 16)

static void mov_to_cr0_and_cr4_bit_by_bit(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (u32 reg = 0; reg < GPR_COUNT; reg++) {
			reset();
			vmcs12.cr0_guest_host_mask = vmcs12.cr4_guest_host_mask = BIT(bit);
			vmcs12.cr0_read_shadow = 0x80050033;
			vmcs12.cr4_read_shadow = 0x80050033;
			gpr[reg] = 0x80050033;
			assert_int_equal(ask(28, MOV_TO(0, reg)), L0);
			assert_int_equal(ask(28, MOV_TO(4, reg)), L0);
			gpr[reg] ^= BIT(bit);
			assert_int_equal(ask(28, MOV_TO(0, reg)), L1);
			assert_int_equal(ask(28, MOV_TO(4, reg)), L1);
			/* Outside 64-bit mode the upper half does not go into the register. */
			query.mode_64bit = false;
			assert_int_equal(ask(28, MOV_TO(0, reg)), bit < 32 ? L1 : L0);
			query.mode_64bit = true;
			gpr[reg] = ~BIT(bit) ^ (0x80050033 & BIT(bit)) ^ BIT(bit);
			vmcs12.cr0_read_shadow = gpr[reg] & BIT(bit);
			assert_int_equal(ask(28, MOV_TO(0, reg)), L0);
		}
	}
}

static void mov_to_cr3_by_targets(void **state)
{
	(void)state;
	for (u32 count = 0; count <= 6; count++) {
		for (u32 n = 0; n < 4; n++) {
			reset();
			vmcs12.cr3_target0 = 0x1000;
			vmcs12.cr3_target1 = 0x2000;
			vmcs12.cr3_target2 = 0x3000;
			vmcs12.cr3_target3 = 0x4000;
			vmcs12.cr3_target_count = count;
			gpr[GPR_RBX] = 0x1000 * (n + 1);
			assert_int_equal(ask(28, MOV_TO(3, GPR_RBX)), L0);
			vmcs12.primary_controls = (u32)PROC_CR3_LOAD;
			assert_int_equal(ask(28, MOV_TO(3, GPR_RBX)), n < count ? L0 : L1);
			gpr[GPR_RBX] |= BIT(63);
			assert_int_equal(ask(28, MOV_TO(3, GPR_RBX)), L1);
			query.mode_64bit = false;
			assert_int_equal(ask(28, MOV_TO(3, GPR_RBX)), n < count ? L0 : L1);
		}
	}
}

static void other_cr_accesses(void **state)
{
	static const struct {
		u64 qualification;
		u32 control;
	} rows[] = {
		{ MOV_TO(8, 0), (u32)PROC_CR8_LOAD },
		{ MOV_FROM(8, 0), (u32)PROC_CR8_STORE },
		{ MOV_FROM(3, 0), (u32)PROC_CR3_STORE },
		{ MOV_TO(3, 0), (u32)PROC_CR3_LOAD },
		{ MOV_FROM(0, 0), 0 }, /* never exits */
		{ MOV_FROM(4, 0), 0 },
		{ MOV_TO(2, 0), 0 },
		{ MOV_TO(15, 15), 0 },
		{ MOV_FROM(15, 15), 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset();
		set_words(~0u);
		vmcs12.primary_controls &= ~rows[i].control;
		assert_int_equal(ask(28, rows[i].qualification), L0);
		set_words(0);
		vmcs12.primary_controls = rows[i].control;
		assert_int_equal(ask(28, rows[i].qualification), rows[i].control ? L1 : L0);
	}
}

/* All of mask, shadow and source, against the SDM's sentence written as a truth table. */
static void clts_and_lmsw(void **state)
{
	(void)state;
	reset();
	for (u32 mask = 0; mask < 16; mask++) {
		for (u32 shadow = 0; shadow < 16; shadow++) {
			vmcs12.cr0_guest_host_mask = mask | BIT(31) | BIT(4);
			vmcs12.cr0_read_shadow = shadow | BIT(31);
			assert_int_equal(ask(28, CLTS), mask & 8 && shadow & 8 ? L1 : L0);
			for (u32 source = 0; source < 64; source++) {
				bool exits = (mask & 1) && (source & 1) && !(shadow & 1);

				for (u32 bit = 1; bit < 4; bit++) {
					exits |= (mask >> bit & 1) &&
						 (source >> bit & 1) != (shadow >> bit & 1);
				}
				assert_int_equal(ask(28, LMSW(source)), exits ? L1 : L0);
				/* bit 6, memory operand, and a register number, do not count */
				assert_int_equal(ask(28, LMSW(source) | BIT(6) | 0xf00),
						 exits ? L1 : L0);
			}
		}
	}
}

/* I/O */

static u64 io(u32 port, u32 size)
{
	return (u64)port << 16 | (size - 1);
}

static void io_without_bitmaps(void **state)
{
	(void)state;
	reset();
	memory.absent = true;
	assert_int_equal(ask(30, io(0x3f8, 1)), L0);
	assert_int_equal(ask(30, io(0xffff, 4)), L0);
	vmcs12.primary_controls = (u32)PROC_UNCONDITIONAL_IO;
	assert_int_equal(ask(30, io(0x3f8, 1)), L1);
	assert_int_equal(memory.count, 0);
}

/* Every port alone, with each size; the bitmaps win over "unconditional". */
static void io_each_port(void **state)
{
	static const u32 sizes[] = { 1, 2, 4 };

	(void)state;
	reset();
	vmcs12.primary_controls = (u32)(PROC_IO_BITMAPS | PROC_UNCONDITIONAL_IO);
	for (u32 port = 0; port < 0x10000; port += 1 + port % 3) {
		memory.bytes[port / 8] = (u8)(1u << port % 8);
		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
			for (u32 before = 0; before <= 5 && before <= port; before++) {
				u32 first = port - before;
				bool wraps = first + sizes[s] > 0x10000;

				assert_int_equal(ask(30, io(first, sizes[s])),
						 wraps || before < sizes[s] ? L1 : L0);
				assert_true(memory.count <= 2);
			}
			if (port < 0xfff0) {
				assert_int_equal(ask(30, io(port + 1, sizes[s])), L0);
			}
		}
		memory.bytes[port / 8] = 0;
	}
}

/* The access goes from A to B, and what cannot be read asks. */
static void io_at_the_edges(void **state)
{
	(void)state;
	reset();
	vmcs12.primary_controls = (u32)PROC_IO_BITMAPS;
	assert_int_equal(ask(30, io(0x7ffe, 4)), L0);
	assert_int_equal(memory.count, 2);
	assert_int_equal(memory.reads[0xfff], 1);
	assert_int_equal(memory.reads[0x1000], 1);
	memory.bytes[0x1000] = 2;
	assert_int_equal(ask(30, io(0x7ffe, 4)), L1);
	assert_int_equal(ask(30, io(0x7ffe, 2)), L0);
	assert_int_equal(ask(30, io(0x8001, 1)), L1);
	vmcs12.io_bitmap_b = BITMAPS_END;
	assert_int_equal(ask(30, io(0x7fff, 1)), L0);
	assert_int_equal(ask(30, io(0x7fff, 2)), L1);
	assert_int_equal(ask(30, io(0xffff, 1)), L1);
	vmcs12.io_bitmap_b = BITMAPS + 0x1000;
	assert_int_equal(ask(30, io(0xffff, 1)), L0);
	assert_int_equal(ask(30, io(0xffff, 2)), L1); /* wraps */
	assert_int_equal(ask(30, io(0xfffd, 4)), L1);
	assert_int_equal(ask(30, io(0xfffc, 4)), L0);
	/* Direction, string, REP and immediate do not count. */
	assert_int_equal(ask(30, io(0x60, 1) | 0x78), L0);
}

/* MSRs */

static void places_of_msrs(void **state)
{
	static const struct {
		u32 msr;
		bool in_map;
		u32 byte;
		u32 shift;
	} rows[] = {
		{ 0, true, 0, 0 },
		{ 0x1b, true, 3, 3 },
		{ 0x1fff, true, 0x3ff, 7 },
		{ 0x2000, false, 0, 0 },
		{ 0x40000000, false, 0, 0 },
		{ 0x7fffffff, false, 0, 0 },
		{ 0xbfffffff, false, 0, 0 },
		{ 0xc0000000, true, 0x400, 0 },
		{ 0xc0000080, true, 0x410, 0 },
		{ 0xc0000102, true, 0x420, 2 },
		{ 0xc0001fff, true, 0x7ff, 7 },
		{ 0xc0002000, false, 0, 0 },
		{ 0xc0010117, false, 0, 0 },
		{ 0xffffffff, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u32 write = 0; write < 2; write++) {
			u32 byte = 0, shift = 0;

			assert_int_equal(vmx_msr_bitmap_place(rows[i].msr, write, &byte, &shift),
					 rows[i].in_map);
			if (rows[i].in_map) {
				assert_int_equal(byte, rows[i].byte + write * 0x800);
				assert_int_equal(shift, rows[i].shift);
			}
		}
	}
}

static void msrs_by_bitmap(void **state)
{
	static const u32 firsts[] = { 0, 0xc0000000 };

	(void)state;
	reset();
	vmcs12.primary_controls = (u32)PROC_MSR_BITMAPS;
	for (u32 n = 0; n < 0x4000; n += 1 + n % 5) {
		u32 msr = firsts[n / 0x2000] + n % 0x2000;

		for (u32 write = 0; write < 2; write++) {
			u8 *byte = &memory.bytes[0x2000 + n / 8 + write * 0x800];

			gpr[GPR_RCX] = msr | BIT(40); /* ECX counts */
			assert_int_equal(ask(31 + write, 0), L0);
			assert_int_equal(memory.count, 1);
			*byte = (u8)(1u << n % 8);
			assert_int_equal(ask(31 + write, 0), L1);
			assert_int_equal(ask(32 - write, 0), L0);
			gpr[GPR_RCX] = msr ^ 1;
			assert_int_equal(ask(31 + write, 0), L0);
			*byte = 0;
		}
	}
}

static void msrs_that_always_exit(void **state)
{
	static const u32 outside[] = { 0x2000,	   0x40000000, 0x40000073, 0x7fffffff,
				       0xbfffffff, 0xc0002000, 0xc0010117, 0xffffffff };

	(void)state;
	reset();
	vmcs12.primary_controls = (u32)PROC_MSR_BITMAPS;
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		gpr[GPR_RCX] = outside[i];
		assert_int_equal(ask(31, 0), L1);
		assert_int_equal(ask(32, 0), L1);
		assert_int_equal(memory.count, 0);
	}
	gpr[GPR_RCX] = 0x10;
	assert_int_equal(ask(31, 0), L0);
	vmcs12.msr_bitmap = BITMAPS_END;
	assert_int_equal(ask(31, 0), L1);
	vmcs12.msr_bitmap = BITMAPS + 0x2000;
	set_words(~(u32)PROC_MSR_BITMAPS);
	assert_int_equal(ask(31, 0), L1);
	assert_int_equal(ask(32, 0), L1);
	assert_int_equal(memory.count, 0);
}

/* XSAVES */

static void xsaves_needs_all_three(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (u32 what = 0; what < 32; what++) {
			reset();
			vmcs12.xss_exiting_bitmap = what & 1 ? BIT(bit) : ~BIT(bit);
			query.xss = what & 2 ? BIT(bit) : ~BIT(bit);
			gpr[GPR_RAX] = low32(what & 4 ? BIT(bit) : 0) | BIT(33);
			gpr[GPR_RDX] = high32(what & 4 ? BIT(bit) : 0) | BIT(33);
			vmcs12.secondary_controls = what & 8 ? (u32)PROC2_XSAVES : 0;
			vmcs12.primary_controls = what & 16 ? ACTIVATE : 0;
			assert_int_equal(ask(63, 0), what == 31 ? L1 : L0);
			assert_int_equal(ask(64, 0), what == 31 ? L1 : L0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reason_by_its_control),
		cmocka_unit_test(the_table_is_complete),
		cmocka_unit_test(a_failed_entry_is_plinths),
		cmocka_unit_test(only_the_basic_reason_counts),
		cmocka_unit_test(exceptions_by_bitmap),
		cmocka_unit_test(nmis_are_looked_at_first),
		cmocka_unit_test(page_faults_by_error_code),
		cmocka_unit_test(mov_to_cr0_and_cr4_bit_by_bit),
		cmocka_unit_test(mov_to_cr3_by_targets),
		cmocka_unit_test(other_cr_accesses),
		cmocka_unit_test(clts_and_lmsw),
		cmocka_unit_test(io_without_bitmaps),
		cmocka_unit_test(io_each_port),
		cmocka_unit_test(io_at_the_edges),
		cmocka_unit_test(places_of_msrs),
		cmocka_unit_test(msrs_by_bitmap),
		cmocka_unit_test(msrs_that_always_exit),
		cmocka_unit_test(xsaves_needs_all_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
