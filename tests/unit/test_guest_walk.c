/* SPDX-License-Identifier: MIT */
/*
 * The walker: rules of presence, reserved bits and rights by table, in every paging mode and for
 * nested tables; self-maps, failing callbacks, accessed and dirty bits. The memory behind it
 * counts: a second read of an entry is a failure.
 */
#include "tests/unit/unit.h"

#include "mm/guest_walk.h"

#define P     0x1ull
#define W     0x2ull
#define U     0x4ull
#define A     0x20ull
#define D     0x40ull
#define PS    0x80ull
#define NX    (1ull << 63)

#define PG    (1ull << 31)
#define WP    (1ull << 16)
#define PSE   0x10ull
#define PAE   0x20ull
#define LA57  (1ull << 12)
#define SMEP  (1ull << 20)
#define SMAP  (1ull << 21)
#define LMA   (1ull << 10)
#define NXE   (1ull << 11)
#define AC    (1ull << 18)

#define WR    GUEST_WALK_WRITE
#define FE    GUEST_WALK_FETCH
#define US    GUEST_WALK_USER
#define IM    GUEST_WALK_IMPLICIT
#define SETAD GUEST_WALK_SET_AD

/* The walked machine: 16 pages from 0. */
#define WORDS (16 * 512)
static struct {
	u64 word[WORDS];
	u8 reads[WORDS];
	unsigned int max_reads;
	u64 no_read; /* this word cannot be read */
	u64 no_write;
	u64 changes; /* this word changes between read and exchange */
	u32 exchanges;
} mem;

static void mem_reset(void)
{
	memset(&mem, 0, sizeof(mem));
	mem.max_reads = 1;
	mem.no_read = mem.no_write = mem.changes = ~0ull;
}

static bool mem_read64(void *ctx, u64 gpa, u64 *value)
{
	assert_ptr_equal(ctx, &mem);
	assert_true(gpa % 8 == 0);
	if (gpa / 8 >= WORDS || gpa == mem.no_read) {
		return false;
	}
	assert_true(++mem.reads[gpa / 8] <= mem.max_reads);
	*value = mem.word[gpa / 8];
	return true;
}

static bool mem_cmpxchg64(void *ctx, u64 gpa, u64 want, u64 value, bool *swapped)
{
	assert_ptr_equal(ctx, &mem);
	assert_true(gpa % 8 == 0 && gpa / 8 < WORDS);
	if (gpa == mem.no_write) {
		return false;
	}
	if (gpa == mem.changes) {
		mem.word[gpa / 8] ^= 1ull << 9;
	}
	mem.exchanges++;
	*swapped = mem.word[gpa / 8] == want;
	if (*swapped) {
		mem.word[gpa / 8] = value;
	}
	return true;
}

static void put(u64 gpa, unsigned int bytes, u64 entry)
{
	memcpy((u8 *)mem.word + gpa, &entry, bytes);
}

/* The address with index 1 at each level (2 in PAE's top), offset 0x123. */
#define VA_LONG	  0x0000008040201123ull
#define VA_57	  0x0001008040201123ull
#define VA_LEGACY 0x00401123ull

/* Tables at 0x1000 (top) to 0x4000, each linked by entry 1; the page at 0x5000. */
#define E4 (0x2000 | P | W | U)
#define E3 (0x3000 | P | W | U)
#define E2 (0x4000 | P | W | U)
#define E1 (0x5000 | P | W | U)

struct row {
	u64 e4, e3, e2, e1;
	u64 cr0, cr4, efer, rflags; /* added to PG; PAE and LMA by the test */
	u32 acc;
	enum guest_walk_status st;
	u32 ec; /* error code; with OK: the permissions */
	u8 lv;
	u8 maxphyaddr; /* 0: 40 */
	u8 model;
	u64 gpa; /* 0: 0x5123 */
};

static struct guest_paging paging_of(const struct row *r, u64 cr4, u64 efer)
{
	return (struct guest_paging){
		.cr0 = PG | r->cr0,
		.cr3 = 0x1000,
		.cr4 = r->cr4 | cr4,
		.efer = r->efer | efer,
		.rflags = r->rflags,
		.maxphyaddr = r->maxphyaddr ? r->maxphyaddr : 40,
		.model = r->model,
		.ctx = &mem,
		.read64 = mem_read64,
		.cmpxchg64 = mem_cmpxchg64,
	};
}

static void check_result(const struct row *r, size_t i, enum guest_walk_status status,
			 const struct guest_walk_result *got)
{
	u64 gpa = r->gpa ? r->gpa : 0x5123;
	bool same = status == r->st && got->level == r->lv;

	if (status == GUEST_WALK_OK) {
		same = same && got->gpa == gpa && got->perms == r->ec;
	} else if (status == GUEST_WALK_FAULT) {
		same = same && got->error_code == r->ec;
	} else {
		same = same && got->gpa == gpa;
	}
	if (!same) {
		fail_msg("row %zu: status %d level %u gpa %llx error %x perms %x", i, status,
			 got->level, (unsigned long long)got->gpa, got->error_code, got->perms);
	}
}

#define ALL	    (PT_RWX | PT_USER)
#define FAULT	    GUEST_WALK_FAULT
#define READ_FAILED GUEST_WALK_READ_FAILED
#define AMD_G	    GUEST_PAGING_AMD_G
#define NO_1G	    GUEST_PAGING_NO_1G
#define EP	    PF_PRESENT
#define EW	    PF_WRITE
#define EU	    PF_USER
#define ER	    PF_RSVD
#define EF	    PF_FETCH
#define OK	    GUEST_WALK_OK
/* clang-format off */

static const struct row long_rows[] = {
	{ E4, E3, E2, E1, .st = OK, .ec = ALL, .lv = 1 },
	{ E4, E3, E2, E1, .efer = NXE, .acc = US | FE, .st = OK, .ec = ALL, .lv = 1 },
	/* not present, at each level; the error code tells the access */
	{ 0, E3, E2, E1, .st = FAULT, .lv = 4 },
	{ E4, 0, E2, E1, .acc = WR, .st = FAULT, .ec = EW, .lv = 3 },
	{ E4, E3, ~P, E1, .acc = US, .st = FAULT, .ec = EU, .lv = 2 },
	{ E4, E3, E2, E1 & ~P, .acc = US | WR, .st = FAULT, .ec = EU | EW, .lv = 1 },
	/* the fetch bit: only with NXE or SMEP */
	{ E4, E3, E2, 0, .acc = FE, .st = FAULT, .lv = 1 },
	{ E4, E3, E2, 0, .efer = NXE, .acc = FE, .st = FAULT, .ec = EF, .lv = 1 },
	{ E4, E3, E2, 0, .cr4 = SMEP, .acc = FE | US, .st = FAULT, .ec = EF | EU, .lv = 1 },
	/* large pages, and their low bits */
	{ E4, E3, 0x40000000 | PS | P | W | U, 0, .st = OK, .ec = ALL, .lv = 2, .gpa = 0x40001123 },
	{ E4, 0x80000000 | PS | P | W | U, 0, 0, .st = OK, .ec = ALL, .lv = 3, .gpa = 0x80201123 },
	{ E4, E3, 0x40001000 | PS | P | W | U, 0, .st = OK, .ec = ALL, .lv = 2, .gpa = 0x40001123 },
		  /* PAT */
	{ E4, E3, 0x40002000 | PS | P, 0, .st = FAULT, .ec = EP | ER, .lv = 2 },
	{ E4, E3, 0x40100000 | PS | P, 0, .st = FAULT, .ec = EP | ER, .lv = 2 },
	{ E4, 0x80001000 | PS | P | W | U, 0, 0, .st = OK, .ec = ALL, .lv = 3, .gpa = 0x80201123 },
	{ E4, 0xa0000000 | PS | P, 0, 0, .st = FAULT, .ec = EP | ER, .lv = 3 },
	{ E4, 0x80002000 | PS | P, 0, 0, .st = FAULT, .ec = EP | ER, .lv = 3 },
	{ E4 | PS, E3, E2, E1, .st = FAULT, .ec = EP | ER, .lv = 4 },
	{ E4, 0x80000000 | PS | P, 0, 0, .model = NO_1G, .st = FAULT, .ec = EP | ER, .lv = 3 },
	/* PS in a page-table entry is PAT; bit 8 is G, and reserved on top by AMD only */
	{ E4, E3, E2, E1 | PS | 0x100, .st = OK, .ec = ALL, .lv = 1 },
	{ E4 | 0x100, E3 | 0x100, E2 | 0x100, E1, .st = OK, .ec = ALL, .lv = 1 },
	{ E4 | 0x100, E3, E2, E1, .model = AMD_G, .st = FAULT, .ec = EP | ER, .lv = 4 },
	{ E4, E3 | 0x100, E2, E1, .model = AMD_G, .st = FAULT, .ec = EP | ER, .lv = 3 },
	{ E4, 0x80000000 | PS | P | W | U | 0x100, 0, 0, .model = AMD_G, .st = OK, .ec = ALL,
		  .lv = 3, .gpa = 0x80201123 },
	{ E4, E3, E2 | 0x100, E1, .model = AMD_G, .st = OK, .ec = ALL, .lv = 1 },
	/* beyond MAXPHYADDR; bits 62:52 are free */
	{ E4, E3, E2, E1 | 1ull << 40, .st = FAULT, .ec = EP | ER, .lv = 1 },
	{ E4 | 1ull << 51, E3, E2, E1, .st = FAULT, .ec = EP | ER, .lv = 4 },
	{ E4, E3, E2, E1 | 1ull << 51, .maxphyaddr = 52, .st = OK, .ec = ALL, .lv = 1,
		  .gpa = 0x8000000005123 },
	{ E4 | 0x7ff0000000000000, E3, E2, E1 | 0x7ff0000000000e00, .st = OK, .ec = ALL, .lv = 1 },
	/* reserved wins over rights; a reserved bit in an absent entry does not count */
	{ E4, E3, E2, (E1 & ~U) | 1ull << 45, .acc = US | WR, .st = FAULT, .ec = EP | ER | EU | EW,
		  .lv = 1 },
	{ E4, E3, 1ull << 51, E1, .st = FAULT, .lv = 2 },
	/* NX: a right with NXE, reserved without; one level is enough */
	{ E4, E3, E2, E1 | NX, .st = FAULT, .ec = EP | ER, .lv = 1 },
	{ E4 | NX, E3, E2, E1, .efer = NXE, .acc = FE, .st = FAULT, .ec = EP | EF, .lv = 1 },
	{ E4, E3, E2 | NX, E1, .efer = NXE, .st = OK, .ec = ALL & ~PT_EXEC, .lv = 1 },
	/* user */
	{ E4, E3, E2 & ~U, E1, .acc = US, .st = FAULT, .ec = EP | EU, .lv = 1 },
	{ E4 & ~U, E3, E2, E1, .st = OK, .ec = PT_RWX, .lv = 1 },
	/* write: CR0.WP */
	{ E4, E3 & ~W, E2, E1, .acc = US | WR, .st = FAULT, .ec = EP | EU | EW, .lv = 1 },
	{ E4, E3 & ~W, E2, E1, .acc = WR, .st = OK, .ec = ALL & ~PT_WRITE, .lv = 1 },
	{ E4, E3 & ~W, E2, E1, .cr0 = WP, .acc = WR, .st = FAULT, .ec = EP | EW, .lv = 1 },
	{ E4, E3 & ~W, E2, E1, .cr0 = WP, .st = OK, .ec = ALL & ~PT_WRITE, .lv = 1 },
	/* SMEP */
	{ E4, E3, E2, E1, .cr4 = SMEP, .acc = FE, .st = FAULT, .ec = EP | EF, .lv = 1 },
	{ E4, E3, E2, E1 & ~U, .cr4 = SMEP, .acc = FE, .st = OK, .ec = PT_RWX, .lv = 1 },
	{ E4, E3, E2, E1, .cr4 = SMEP, .acc = FE | US, .st = OK, .ec = ALL, .lv = 1 },
	{ E4, E3, E2, E1, .cr4 = SMEP, .acc = WR, .st = OK, .ec = ALL, .lv = 1 },
	/* SMAP: AC opens it, but not for implicit accesses; no say over fetches */
	{ E4, E3, E2, E1, .cr4 = SMAP, .st = FAULT, .ec = EP, .lv = 1 },
	{ E4, E3, E2, E1, .cr4 = SMAP, .rflags = AC, .acc = WR, .st = OK, .ec = ALL, .lv = 1 },
	{ E4, E3, E2, E1, .cr4 = SMAP, .rflags = AC, .acc = IM | US, .st = FAULT, .ec = EP,
		  .lv = 1 },
	{ E4, E3, E2, E1 & ~U, .cr4 = SMAP, .acc = IM | US, .st = OK, .ec = PT_RWX, .lv = 1 },
	{ E4, E3, E2, E1, .cr4 = SMAP, .acc = US, .st = OK, .ec = ALL, .lv = 1 },
	{ E4, E3, E2, E1, .cr4 = SMAP, .acc = FE, .st = OK, .ec = ALL, .lv = 1 },
	/* tables that are not there; the entry's address comes back */
	{ 0xff0000ff000 | P, E3, E2, E1, .maxphyaddr = 52, .st = READ_FAILED, .lv = 3,
		  .gpa = 0xff0000ff008 },
};

static const struct row pae_rows[] = {
	{ 0, 0x3000 | P, E2, E1, .st = OK, .ec = ALL, .lv = 1 },
	{ 0, 0x3000 | P | 0xe18, E2, E1, .st = OK, .ec = ALL, .lv = 1 },
	{ 0, 0x3000, E2, E1, .st = FAULT, .lv = 3 },
	/* the top level's entries have no rights and no size */
	{ 0, 0x3000 | P | W, E2, E1, .st = FAULT, .ec = EP | ER, .lv = 3 },
	{ 0, 0x3000 | P | U, E2, E1, .st = FAULT, .ec = EP | ER, .lv = 3 },
	{ 0, 0x3000 | P | PS, E2, E1, .st = FAULT, .ec = EP | ER, .lv = 3 },
	{ 0, 0x3000 | P | NX, E2, E1, .efer = NXE, .st = FAULT, .ec = EP | ER, .lv = 3 },
	{ 0, 0x3000 | P | 1ull << 40, E2, E1, .st = FAULT, .ec = EP | ER, .lv = 3 },
	{ 0, 0x3000 | P, E2 | 1ull << 52, E1, .st = FAULT, .ec = EP | ER, .lv = 2 },
	{ 0, 0x3000 | P, E2, E1 | 1ull << 62, .st = FAULT, .ec = EP | ER, .lv = 1 },
	{ 0, 0x3000 | P, E2, E1 | NX, .st = FAULT, .ec = EP | ER, .lv = 1 },
	{ 0, 0x3000 | P, E2, E1 | NX, .efer = NXE, .acc = FE, .st = FAULT, .ec = EP | EF, .lv = 1 },
	{ 0, 0x3000 | P, 0xff00200000 | PS | P | W | U, 0, .st = OK, .ec = ALL, .lv = 2,
		  .gpa = 0xff00201123 },
	{ 0, 0x3000 | P, 0x202000 | PS | P, 0, .st = FAULT, .ec = EP | ER, .lv = 2 },
	{ 0, 0x3000 | P, E2 & ~U, E1, .acc = US, .st = FAULT, .ec = EP | EU, .lv = 1 },
	{ 0, 0x3000 | P, E2, E1, .cr4 = SMEP, .acc = FE, .st = FAULT, .ec = EP | EF, .lv = 1 },
};

/* 32-bit entries: e2 at 0x1000, e1 at 0x4000 */
static const struct row legacy_rows[] = {
	{ 0, 0, E2, E1, .st = OK, .ec = ALL, .lv = 1 },
	{ 0, 0, E2, E1 | PS, .st = OK, .ec = ALL, .lv = 1 },
	{ 0, 0, 0, E1, .st = FAULT, .lv = 2 },
	{ 0, 0, E2, 0, .efer = NXE, .acc = FE | US, .st = FAULT, .ec = EU, .lv = 1 },
	{ 0, 0, E2, 0, .cr4 = SMEP, .acc = FE | US, .st = FAULT, .ec = EU | EF, .lv = 1 },
	/* without PSE the size bit means nothing */
	{ 0, 0, E2 | PS, E1, .st = OK, .ec = ALL, .lv = 1 },
	{ 0, 0, 0x800000 | PS | P | W | U, E1, .cr4 = PSE, .st = OK, .ec = ALL, .lv = 2,
		  .gpa = 0x801123 },
	{ 0, 0, 0x800000 | 0x1fe000 | PS | P | W | U, 0, .cr4 = PSE, .st = OK, .ec = ALL, .lv = 2,
		  .gpa = 0xff00801123 },
	{ 0, 0, 0xa00000 | PS | P, 0, .cr4 = PSE, .st = FAULT, .ec = EP | ER, .lv = 2 },
	{ 0, 0, 0x810000 | PS | P, 0, .cr4 = PSE, .maxphyaddr = 36, .st = OK,
		  .ec = PT_READ | PT_EXEC, .lv = 2, .gpa = 0x800801123 },
	{ 0, 0, 0x820000 | PS | P, 0, .cr4 = PSE, .maxphyaddr = 36, .st = FAULT, .ec = EP | ER,
		  .lv = 2 },
	{ 0, 0, 0x802000 | PS | P, 0, .cr4 = PSE, .maxphyaddr = 32, .st = FAULT, .ec = EP | ER,
		  .lv = 2 },
	{ 0, 0, 0x900000 | PS | P, 0, .cr4 = PSE, .maxphyaddr = 39, .st = FAULT, .ec = EP | ER,
		  .lv = 2 },
	{ 0, 0, 0x900000 | PS | P, 0, .cr4 = PSE, .st = OK, .ec = PT_READ | PT_EXEC, .lv = 2,
		  .gpa = 0x8000801123 },
	{ 0, 0, E2, E1 & ~W, .cr0 = WP, .acc = WR, .st = FAULT, .ec = EP | EW, .lv = 1 },
};

/* Nested tables: every access is a user's; CR0.WP, SMEP and SMAP of the host have no say. */
static const struct row nested_rows[] = {
	{ E4, E3, E2, E1, .cr4 = SMEP | SMAP, .acc = WR, .st = OK, .ec = ALL, .lv = 1 },
	{ 0, E3, E2, E1, .st = FAULT, .ec = EU, .lv = 4 },
	{ E4, E3, E2, 0, .efer = NXE, .acc = FE, .st = FAULT, .ec = EU | EF, .lv = 1 },
	{ E4, E3, E2, E1 & ~U, .st = FAULT, .ec = EP | EU, .lv = 1 },
	{ E4, E3, E2, E1 & ~W, .acc = WR, .st = FAULT, .ec = EP | EU | EW, .lv = 1 },
	{ E4, E3 & ~W, E2, E1, .st = OK, .ec = ALL & ~PT_WRITE, .lv = 1 },
	{ E4, E3, E2, E1 | NX, .efer = NXE, .acc = FE, .st = FAULT, .ec = EP | EU | EF, .lv = 1 },
	{ E4, E3, E2, E1 | NX, .acc = FE, .st = FAULT, .ec = EP | EU | ER, .lv = 1 },
	{ E4, E3, 0x40000000 | PS | P | W | U, 0, .st = OK, .ec = ALL, .lv = 2, .gpa = 0x40001123 },
	{ E4, 0x80000000 | PS | P | W | U, 0, 0, .st = OK, .ec = ALL, .lv = 3, .gpa = 0x80201123 },
	{ E4, E3, 0x40002000 | PS | P | U, 0, .acc = WR, .st = FAULT, .ec = EP | EU | ER | EW,
		  .lv = 2 },
	{ E4 | PS, E3, E2, E1, .st = FAULT, .ec = EP | EU | ER, .lv = 4 },
};
/* clang-format on */

static void put_tables(const struct row *r, unsigned int entry_bytes)
{
	mem_reset();
	if (entry_bytes == 4) {
		put(0x1000 + 4, 4, r->e2);
		put(0x4000 + 4, 4, r->e1);
		return;
	}
	put(0x1000 + 8, 8, r->e4);
	put(0x2000 + 8, 8, r->e3);
	put(0x3000 + 8, 8, r->e2);
	put(0x4000 + 8, 8, r->e1);
}

static void test_long_mode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(long_rows); i++) {
		const struct row *r = &long_rows[i];
		struct guest_paging paging = paging_of(r, PAE, LMA);
		struct guest_walk_result got;

		put_tables(r, 8);
		check_result(r, i, guest_walk(&paging, VA_LONG, r->acc, &got), &got);
		/* five levels, and CR3's low and high bits, which address nothing */
		put_tables(r, 8);
		put(0x6000 + 8, 8, 0x1000 | P | W | U);
		paging.cr3 = 0xfff0000000006fff;
		paging.cr4 |= LA57;
		check_result(r, i, guest_walk(&paging, VA_57, r->acc, &got), &got);
	}
}

static void test_pae(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pae_rows); i++) {
		const struct row *r = &pae_rows[i];
		struct guest_paging paging = paging_of(r, PAE, 0);
		struct guest_walk_result got;

		put_tables(r, 8);
		/* the top is 32-byte aligned; the upper half of an address and of CR3 is nothing */
		paging.cr3 = 0xabcdef0000002fe0 | 0x1f;
		put(0x2fe0 + 8, 8, r->e3);
		check_result(r, i, guest_walk(&paging, 0x1234567840201123, r->acc, &got), &got);
	}
}

static void test_legacy(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(legacy_rows); i++) {
		const struct row *r = &legacy_rows[i];
		struct guest_paging paging = paging_of(r, 0, 0);
		struct guest_walk_result got;

		put_tables(r, 4);
		check_result(r, i, guest_walk(&paging, VA_LEGACY | 7ull << 40, r->acc, &got), &got);
	}
}

static void test_nested(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nested_rows); i++) {
		const struct row *r = &nested_rows[i];
		struct guest_paging paging = paging_of(r, PAE, LMA);
		struct guest_walk_result got;

		put_tables(r, 8);
		check_result(r, i, npt_walk(&paging, L2GPA(VA_LONG), r->acc, &got), &got);
		/* WP and the host's AC change nothing */
		put_tables(r, 8);
		paging.cr0 |= WP;
		paging.rflags |= AC;
		check_result(r, i, npt_walk(&paging, L2GPA(VA_LONG), r->acc, &got), &got);
	}
}

static void test_nested_in_other_modes(void **state)
{
	const struct row *pae = &pae_rows[0];
	const struct row *legacy = &legacy_rows[0];
	struct guest_paging paging = paging_of(pae, PAE, 0);
	struct guest_walk_result got;

	(void)state;
	put_tables(pae, 8);
	paging.cr3 = 0x2000;
	assert_int_equal(npt_walk(&paging, L2GPA(0x40201123), WR, &got), OK);
	assert_int_equal(got.gpa, 0x5123);
	/* no L2 GPA beyond 4 GiB can be mapped */
	assert_int_equal(npt_walk(&paging, L2GPA(0x140201123), WR, &got), FAULT);
	assert_int_equal(got.error_code, PF_USER | PF_WRITE);
	put_tables(legacy, 4);
	paging = paging_of(legacy, 0, 0);
	assert_int_equal(npt_walk(&paging, L2GPA(VA_LEGACY), 0, &got), OK);
	assert_int_equal(got.gpa, 0x5123);
}

static void test_addresses(void **state)
{
	static const struct {
		u64 va;
		u64 cr4;
		enum guest_walk_status guest;
		enum guest_walk_status nested;
	} rows[] = {
		{ 0x00007fffffffffff, 0, FAULT, FAULT },
		{ 0x0000800000000000, 0, GUEST_WALK_NON_CANONICAL, FAULT },
		{ 0x0001000000000000, 0, GUEST_WALK_NON_CANONICAL, FAULT },
		{ 0xffff7fffffffffff, 0, GUEST_WALK_NON_CANONICAL, FAULT },
		{ 0xffff800000000000, 0, FAULT, FAULT },
		{ 0xffffffffffffffff, 0, FAULT, FAULT },
		{ 0x0000800000000000, LA57, FAULT, FAULT },
		{ 0x0100000000000000, LA57, GUEST_WALK_NON_CANONICAL, FAULT },
		{ 0xff00000000000000, LA57, FAULT, FAULT },
		{ 0x8000000000000000, LA57, GUEST_WALK_NON_CANONICAL, FAULT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct row r = { .cr4 = rows[i].cr4 };
		struct guest_paging paging = paging_of(&r, PAE, LMA);
		struct guest_walk_result got;

		mem_reset();
		assert_int_equal(guest_walk(&paging, rows[i].va, 0, &got), rows[i].guest);
		mem_reset();
		assert_int_equal(npt_walk(&paging, L2GPA(rows[i].va), 0, &got), rows[i].nested);
		assert_int_equal(got.error_code, PF_USER);
	}
}

static void test_no_paging(void **state)
{
	struct row r = { 0 };
	struct guest_paging paging = paging_of(&r, PAE, 0);
	struct guest_walk_result got;

	(void)state;
	mem_reset();
	mem.max_reads = 0;
	paging.cr0 = WP;
	assert_int_equal(guest_walk(&paging, 0x1fffff123, WR | US | SETAD, &got), OK);
	assert_int_equal(got.gpa, 0xfffff123);
	assert_int_equal(got.perms, ALL);
	assert_int_equal(got.level, 0);
}

/* Facts G3: a table that is its own table, at every level, ends after as many steps. */
static void test_G3_self_map(void **state)
{
	struct row r = { 0 };
	struct guest_paging paging = paging_of(&r, PAE, LMA);
	struct guest_walk_result got;

	(void)state;
	mem_reset();
	mem.max_reads = 4;
	put(0x1000 + 8, 8, 0x1000 | P | W | U);
	assert_int_equal(guest_walk(&paging, VA_LONG, WR, &got), OK);
	assert_int_equal(got.gpa, 0x1123);
	assert_int_equal(mem.reads[0x1008 / 8], 4);
	/* the one entry gets its accessed bit once per walk; the leaf's turn needs a new one */
	mem.max_reads = 255;
	assert_int_equal(guest_walk(&paging, VA_LONG, WR | SETAD, &got), GUEST_WALK_RETRY);
	assert_int_equal(guest_walk(&paging, VA_LONG, WR | SETAD, &got), OK);
	assert_int_equal(mem.word[0x1008 / 8], 0x1000 | P | W | U | A | D);
}

static void test_failing_reads(void **state)
{
	struct row r = { .e4 = E4, .e3 = E3, .e2 = E2, .e1 = E1 };
	struct guest_paging paging = paging_of(&r, PAE, LMA);
	struct guest_walk_result got;

	(void)state;
	for (u8 level = 1; level <= 4; level++) {
		put_tables(&r, 8);
		mem.no_read = 0x5008 - 0x1000ull * level;
		assert_int_equal(guest_walk(&paging, VA_LONG, US, &got), GUEST_WALK_READ_FAILED);
		assert_int_equal(got.level, level);
		assert_int_equal(got.gpa, mem.no_read);
	}
	put_tables(&r, 4);
	paging = paging_of(&r, 0, 0);
	mem.no_read = 0x4000;
	assert_int_equal(guest_walk(&paging, VA_LEGACY, US, &got), GUEST_WALK_READ_FAILED);
	assert_int_equal(got.gpa, 0x4004); /* the entry, not the 8 bytes around it */
}

static void test_accessed_dirty(void **state)
{
	const struct row r = { .e4 = E4, .e3 = E3, .e2 = E2 | A, .e1 = E1 };
	struct guest_paging paging = paging_of(&r, PAE, LMA);
	struct guest_walk_result got;

	(void)state;
	put_tables(&r, 8);
	assert_int_equal(npt_walk(&paging, L2GPA(VA_LONG), SETAD, &got), OK);
	assert_int_equal(mem.exchanges, 3);
	assert_int_equal(mem.word[0x4008 / 8], E1 | A);
	assert_false(got.dirty);
	assert_int_equal(got.entry, E1 | A);
	memset(mem.reads, 0, sizeof(mem.reads));
	assert_int_equal(npt_walk(&paging, L2GPA(VA_LONG), SETAD | WR, &got), OK);
	assert_int_equal(mem.exchanges, 4);
	assert_int_equal(mem.word[0x3008 / 8], E2 | A);
	assert_int_equal(mem.word[0x4008 / 8], E1 | A | D);
	assert_true(got.dirty);
	assert_int_equal(got.entry, E1 | A | D);
	/* a refused access sets nothing */
	put_tables(&r, 8);
	mem.word[0x4008 / 8] = E1 & ~U;
	assert_int_equal(npt_walk(&paging, L2GPA(VA_LONG), SETAD | WR, &got), FAULT);
	assert_int_equal(mem.exchanges, 0);
	/* a table that cannot be written, an entry that changes under the walk */
	put_tables(&r, 8);
	mem.no_write = 0x2008;
	assert_int_equal(guest_walk(&paging, VA_LONG, SETAD, &got), GUEST_WALK_WRITE_FAILED);
	assert_int_equal(got.gpa, 0x2008);
	assert_int_equal(got.level, 3);
	put_tables(&r, 8);
	mem.changes = 0x4008;
	assert_int_equal(guest_walk(&paging, VA_LONG, SETAD, &got), GUEST_WALK_RETRY);
	/* 32-bit entries: only the entry's half changes; PAE's top entry has no such bit */
	put_tables(&r, 4);
	put(0x4000, 4, 0xdeadbe00);
	paging = paging_of(&r, 0, 0);
	assert_int_equal(guest_walk(&paging, VA_LEGACY, SETAD | WR, &got), OK);
	assert_int_equal(mem.word[0x4000 / 8], (E1 | A | D) << 32 | 0xdeadbe00);
	put_tables(&r, 8);
	put(0x2008, 8, 0x3000 | P);
	paging = paging_of(&r, PAE, 0);
	paging.cr3 = 0x2000;
	assert_int_equal(guest_walk(&paging, 0x40201123, SETAD | WR, &got), OK);
	assert_int_equal(mem.word[0x2008 / 8], 0x3000 | P);
	assert_int_equal(mem.word[0x4008 / 8], E1 | A | D);
}

/* The short form where there is nothing to find. */
static void test_executed_gives_up(void **state)
{
	const struct row r = { .e4 = E4, .e3 = E3, .e2 = E2, .e1 = E1 };
	u64 gpa;

	(void)state;
	for (u64 level = 1; level <= 4; level++) {
		put_tables(&r, 8);
		mem.no_read = 0x5008 - 0x1000ull * level;
		assert_false(guest_walk_executed(0x1000, VA_LONG, mem_read64, &mem, &gpa));
		put_tables(&r, 8);
		mem.word[(0x5008 - 0x1000ull * level) / 8] &= ~P;
		assert_false(guest_walk_executed(0x1000, VA_LONG, mem_read64, &mem, &gpa));
	}
	put_tables(&r, 8);
	assert_true(guest_walk_executed(0x8000000000001018, VA_LONG, mem_read64, &mem, &gpa));
	assert_int_equal(gpa, 0x5123);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_mode),
		cmocka_unit_test(test_pae),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_nested_in_other_modes),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_paging),
		cmocka_unit_test(test_G3_self_map),
		cmocka_unit_test(test_failing_reads),
		cmocka_unit_test(test_accessed_dirty),
		cmocka_unit_test(test_executed_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
