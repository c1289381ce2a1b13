/* SPDX-License-Identifier: MIT */
/*
 * L2 starts in real mode and walks through protected mode, PAE and two-level paging into long
 * mode; L1 sees the right registers at each step, and each mode can also be entered directly from
 * a VMCB or VMCS.
 */
#include "tests/lib/payload.h"
#include "tests/lib/vp.h"

const char test_title[] = "L2 in 16-bit, 32-bit, PAE and 64-bit mode";

#define BLOB   0x40000 /* the real-mode code; its IVT is above it */
#define IVT    0x41000
#define ALIAS  0x80000000u /* L2's linear address of `data` in each kind of table */
#define MAGIC1 0x600dda7a

extern const char blob[], blob_int[], blob_end[], direct32[];

static volatile u32 data __aligned(4096) = MAGIC1;
static u64 pae[4] __aligned(32), pae_low[512] __aligned(4096), pae_alias[512] __aligned(4096);
static u32 two_level[1024] __aligned(4096);
static struct vp vp;

static const struct step {
	u64 rbx, cr0, cr4, lma;
	bool cs_d, cs_l;
} steps[] = {
	{ 0, 0, 0, 0, false, false },
	{ 0x2121, 0, 0, 0, false, false },
	{ SEL_CODE32, CR0_PE, 0, 0, true, false },
	{ MAGIC1, CR0_PE | CR0_PG, CR4_PAE, 0, true, false },
	{ MAGIC1, CR0_PE | CR0_PG, CR4_PSE, 0, true, false },
	{ MAGIC1, CR0_PE | CR0_PG, CR4_PAE, EFER_LMA, true, false },
	{ BIT(40), CR0_PE | CR0_PG, CR4_PAE, EFER_LMA, false, true },
};

static void build_tables(void)
{
	pae[0] = phys(pae_low) | PTE_P;
	pae[ALIAS >> 30] = phys(pae_alias) | PTE_P;
	for (u32 i = 0; i < 512; i++) {
		pae_low[i] = i * MIB(2) | PT_RW | PTE_PS;
		two_level[i / 2] = (u32)((i / 2) * MIB(4) | PT_RW | PTE_PS);
	}
	pae_alias[0] = ALIGN_DOWN(phys(&data), MIB(2)) | PT_RW | PTE_PS;
	two_level[ALIAS >> 22] = (u32)(ALIGN_DOWN(phys(&data), MIB(4)) | PT_RW | PTE_PS);
}

static u32 alias_of_data(bool is_pae)
{
	return ALIAS + (u32)(phys(&data) & (is_pae ? MIB(2) - 1 : MIB(4) - 1));
}

static void check_step(unsigned int i)
{
	const struct step *s = &steps[i];
	struct vp_mode mode = vp_mode(&vp);
	char what[] = "step 0";

	what[5] = (char)('1' + i);
	check_eq(what, *vp_reg(&vp, VP_RAX), i + 1);
	check_eq(what, *vp_reg(&vp, VP_RBX), s->rbx);
	check_eq(what, mode.cr0 & (CR0_PE | CR0_PG), s->cr0);
	check_eq(what, mode.cr4 & (CR4_PAE | CR4_PSE), s->cr4);
	check_eq(what, mode.efer & EFER_LMA, s->lma);
	check_eq(what, mode.cs_d, s->cs_d);
	check_eq(what, mode.cs_l, s->cs_l);
	vp_skip_call(&vp);
}

static void walk_through_modes(void)
{
	memcpy((void *)BLOB, blob, (size_t)(blob_end - blob));
	((volatile u32 *)IVT)[0x21] = (BLOB >> 4) << 16 | (u32)(blob_int - blob);
	vp_set_real(&vp, BLOB, IVT);
	*vp_reg(&vp, VP_RDI) = phys(pae);
	*vp_reg(&vp, VP_RSI) = phys(two_level);
	*vp_reg(&vp, VP_RBP) = read_cr3();
	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
		/*
		 * The tables of step i + 1 are in force when it reads; long mode maps all to
		 * itself.
		 */
		*vp_reg(&vp, VP_RDX) = i == 5 ? phys(&data) : alias_of_data(i == 3);
		if (!vp_expect(&vp, "walk through the modes", VP_CALL)) {
			return;
		}
		check_step(i);
	}
}

static void enter_directly(const char *what, u32 edx)
{
	*vp_reg(&vp, VP_RDX) = edx;
	*vp_reg(&vp, VP_RBX) = 0;
	if (vp_expect(&vp, what, VP_CALL)) {
		check_eq(what, *vp_reg(&vp, VP_RBX), MAGIC1);
	}
}

void test_main(void)
{
	const u32 eip = (u32)phys(direct32);

	vp_require();
	build_tables();
	vp_init(&vp);
	vp_use_slat_of_cmdline(&vp);
	walk_through_modes();
	vp_set_protected32(&vp, eip);
	enter_directly("protected mode without paging", (u32)phys(&data));
	vp_set_paged32(&vp, eip, phys(pae), true);
	enter_directly("PAE paging", alias_of_data(true));
	vp_set_paged32(&vp, eip, phys(two_level), false);
	enter_directly("two-level paging", alias_of_data(false));
	report_success();
}
