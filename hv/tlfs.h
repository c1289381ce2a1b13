/* SPDX-License-Identifier: MIT */
/*
 * Numbers and layouts of the Hypervisor Top Level Functional Specification, under its own names:
 * leaves, synthetic MSRs, the hypercall control word and result, status codes, structures in guest
 * memory. Data only; what Plinth offers of it is decided by hv/policy.h.
 */
#ifndef HV_TLFS_H
#define HV_TLFS_H

#include "lib/bits.h"

/* CPUID leaves [TLFS "Feature and Interface Discovery"] */
#define HV_CPUID_VENDOR_AND_MAX_FUNCTION	0x40000000u
#define HV_CPUID_INTERFACE			0x40000001u
#define HV_CPUID_VERSION			0x40000002u
#define HV_CPUID_FEATURES			0x40000003u
#define HV_CPUID_ENLIGHTENMENT_INFO		0x40000004u
#define HV_CPUID_IMPLEMENTATION_LIMITS		0x40000005u
#define HV_CPUID_IMPLEMENTATION_HARDWARE	0x40000006u
#define HV_CPUID_NESTED_HYPERVISOR_FEATURES	0x40000009u
#define HV_CPUID_NESTED_VIRTUALIZATION_FEATURES 0x4000000Au
#define HV_CPUID_LEAF_LAST			0x400000FFu

#define HV_CPUID_RANGE_FIRST			0x40000000u /* what CPUs leave to hypervisors */
#define HV_CPUID_RANGE_LAST			0x4FFFFFFFu

#define HV_VENDOR_EBX				0x7263694Du /* "Micr" */
#define HV_VENDOR_ECX				0x666F736Fu /* "osof" */
#define HV_VENDOR_EDX				0x76482074u /* "t Hv" */
#define HV_INTERFACE_HV1			0x31237648u /* "Hv#1" */

/* Leaf 0x40000003 EAX, low half of HV_PARTITION_PRIVILEGE_MASK: access to synthetic MSRs */
#define HV_ACCESS_VP_RUN_TIME_REG	      BIT(0)
#define HV_ACCESS_PARTITION_REFERENCE_COUNTER BIT(1)
#define HV_ACCESS_SYNIC_REGS		      BIT(2)
#define HV_ACCESS_SYNTHETIC_TIMER_REGS	      BIT(3)
#define HV_ACCESS_INTR_CTRL_REGS	      BIT(4) /* EOI, ICR, TPR, and the VP assist page */
#define HV_ACCESS_HYPERCALL_MSRS	      BIT(5)
#define HV_ACCESS_VP_INDEX		      BIT(6)
#define HV_ACCESS_RESET_REG		      BIT(7)
#define HV_ACCESS_STATS_REG		      BIT(8)
#define HV_ACCESS_PARTITION_REFERENCE_TSC     BIT(9)
#define HV_ACCESS_GUEST_IDLE_REG	      BIT(10)
#define HV_ACCESS_FREQUENCY_REGS	      BIT(11)
#define HV_ACCESS_REENLIGHTENMENT_CONTROLS    BIT(13)
#define HV_ACCESS_TSC_INVARIANT_CONTROLS      BIT(15)

/* Leaf 0x40000003 EBX, high half of the mask: access to hypercalls */
#define HV_CREATE_PARTITIONS	      BIT(0)
#define HV_ACCESS_PARTITION_ID	      BIT(1)
#define HV_POST_MESSAGES	      BIT(4)
#define HV_SIGNAL_EVENTS	      BIT(5)
#define HV_DEBUGGING		      BIT(11)
#define HV_CPU_MANAGEMENT	      BIT(12)
#define HV_ACCESS_VSM		      BIT(16)
#define HV_ACCESS_VP_REGISTERS	      BIT(17)
#define HV_ENABLE_EXTENDED_HYPERCALLS BIT(20)
#define HV_START_VIRTUAL_PROCESSOR    BIT(21)
#define HV_ISOLATION		      BIT(22)

/* Leaf 0x40000003 EDX */
#define HV_XMM_REGISTERS_FOR_FAST_HYPERCALL_AVAILABLE	BIT(4)
#define HV_FREQUENCY_REGS_AVAILABLE			BIT(8)
#define HV_GUEST_CRASH_MSRS_AVAILABLE			BIT(10)
#define HV_DEBUG_MSRS_AVAILABLE				BIT(11)
#define HV_EXTENDED_GVA_RANGES_FOR_FLUSH_LIST_AVAILABLE BIT(14)
#define HV_FAST_HYPERCALL_OUTPUT_AVAILABLE		BIT(15)
#define HV_HYPERCALL_MSR_LOCK_AVAILABLE			BIT(18)
#define HV_DIRECT_SYNTHETIC_TIMERS			BIT(19)

/* Leaf 0x40000004 EAX, recommendations */
#define HV_USE_HYPERCALL_FOR_ADDRESS_SPACE_SWITCH BIT(0)
#define HV_USE_HYPERCALL_FOR_LOCAL_FLUSH	  BIT(1)
#define HV_USE_HYPERCALL_FOR_REMOTE_FLUSH	  BIT(2)
#define HV_USE_APIC_MSRS			  BIT(3)
#define HV_USE_RESET_MSR			  BIT(4)
#define HV_USE_RELAXED_TIMING			  BIT(5)
#define HV_USE_SYNTHETIC_CLUSTER_IPI		  BIT(10)
#define HV_USE_EX_PROCESSOR_MASKS		  BIT(11)
#define HV_IS_NESTED				  BIT(12)
#define HV_USE_EVMCS				  BIT(14)
#define HV_NO_NON_ARCHITECTURAL_CORE_SHARING	  BIT(18)

#define HV_SPIN_RETRIES_NEVER_NOTIFY		  0xFFFFFFFFu /* leaf 0x40000004 EBX */

/* Leaf 0x4000000A EAX and EBX */
#define HV_NESTED_EVMCS_VERSION_LOW	    GENMASK(7, 0)
#define HV_NESTED_EVMCS_VERSION_HIGH	    GENMASK(15, 8)
#define HV_NESTED_EVMCS_VERSION_1	    (BIT(0) | BIT(8)) /* from 1 to 1 */
#define HV_NESTED_DIRECT_VIRTUAL_FLUSH	    BIT(17)
#define HV_NESTED_FLUSH_GUEST_PHYSICAL	    BIT(18)
#define HV_NESTED_ENLIGHTENED_MSR_BITMAP    BIT(19)
#define HV_NESTED_VIRTUALIZATION_EXCEPTIONS BIT(20)
#define HV_NESTED_DEBUG_CTL		    BIT(21)
#define HV_NESTED_ENLIGHTENED_TLB	    BIT(22)
#define HV_NESTED_EBX_PERF_GLOBAL_CTRL	    BIT(0)

/* Synthetic MSRs */
#define HV_X64_MSR_GUEST_OS_ID		   0x40000000u
#define HV_X64_MSR_HYPERCALL		   0x40000001u
#define HV_X64_MSR_VP_INDEX		   0x40000002u
#define HV_X64_MSR_RESET		   0x40000003u
#define HV_X64_MSR_VP_RUNTIME		   0x40000010u
#define HV_X64_MSR_TIME_REF_COUNT	   0x40000020u
#define HV_X64_MSR_REFERENCE_TSC	   0x40000021u
#define HV_X64_MSR_TSC_FREQUENCY	   0x40000022u
#define HV_X64_MSR_APIC_FREQUENCY	   0x40000023u
#define HV_X64_MSR_EOI			   0x40000070u
#define HV_X64_MSR_ICR			   0x40000071u
#define HV_X64_MSR_TPR			   0x40000072u
#define HV_X64_MSR_VP_ASSIST_PAGE	   0x40000073u
#define HV_X64_MSR_SCONTROL		   0x40000080u
#define HV_X64_MSR_EOM			   0x40000084u
#define HV_X64_MSR_SINT0		   0x40000090u
#define HV_X64_MSR_SINT15		   0x4000009Fu
#define HV_X64_MSR_STIMER0_CONFIG	   0x400000B0u
#define HV_X64_MSR_STIMER3_COUNT	   0x400000B7u
#define HV_X64_MSR_GUEST_IDLE		   0x400000F0u
#define HV_X64_MSR_SYNDBG_CONTROL	   0x400000F1u
#define HV_X64_MSR_SYNDBG_STATUS	   0x400000F2u
#define HV_X64_MSR_SYNDBG_PENDING_BUFFER   0x400000F5u
#define HV_X64_MSR_CRASH_P0		   0x40000100u
#define HV_X64_MSR_CRASH_P4		   0x40000104u
#define HV_X64_MSR_CRASH_CTL		   0x40000105u
#define HV_X64_MSR_REENLIGHTENMENT_CONTROL 0x40000106u
#define HV_X64_MSR_TSC_EMULATION_CONTROL   0x40000107u
#define HV_X64_MSR_TSC_EMULATION_STATUS	   0x40000108u
#define HV_X64_MSR_TSC_INVARIANT_CONTROL   0x40000118u
#define HV_X64_MSR_FIRST		   0x40000000u
#define HV_X64_MSR_LAST			   0x4000FFFFu

/* HYPERCALL, REFERENCE_TSC and VP_ASSIST_PAGE share this shape. */
#define HV_OVERLAY_MSR_ENABLE		BIT(0)
#define HV_OVERLAY_MSR_GPFN		GENMASK(63, 12)
#define HV_HYPERCALL_MSR_LOCKED		BIT(1)

#define HV_RESET_MSR_RESET		BIT(0)
#define HV_TSC_INVARIANT_CONTROL_EXPOSE BIT(0)

#define HV_CRASH_CTL_CRASH_MESSAGE	BIT(62) /* P3 is a GPA, P4 a length in bytes */
#define HV_CRASH_CTL_CRASH_NOTIFY	BIT(63)
#define HV_CRASH_MESSAGE_MAX		4096u
#define HV_CRASH_PARAMETERS		5u

/* Hypercall input value [TLFS "Hypercall Inputs"] */
#define HV_HYPERCALL_CODE		  GENMASK(15, 0)
#define HV_HYPERCALL_FAST		  BIT(16)
#define HV_HYPERCALL_VARIABLE_HEADER_SIZE GENMASK(26, 17) /* in units of 8 bytes */
#define HV_HYPERCALL_IS_NESTED		  BIT(31)
#define HV_HYPERCALL_REP_COUNT		  GENMASK(43, 32)
#define HV_HYPERCALL_REP_START		  GENMASK(59, 48)
#define HV_HYPERCALL_RSVDZ		  (GENMASK(30, 27) | GENMASK(47, 44) | GENMASK(63, 60))

/* Hypercall result value [TLFS "Hypercall Outputs"] */
#define HV_HYPERCALL_RESULT_STATUS GENMASK(15, 0)
#define HV_HYPERCALL_RESULT_REPS   GENMASK(43, 32)

#define HV_FAST_INPUT_GPR_BYTES	   16u	/* RDX, R8 */
#define HV_FAST_INPUT_MAX_BYTES	   112u /* RDX, R8, XMM0-5 */
#define HV_FAST_INPUT_XMM	   6u

/* Call codes */
#define HvCallFlushVirtualAddressSpace	 0x0002u
#define HvCallFlushVirtualAddressList	 0x0003u
#define HvCallNotifyLongSpinWait	 0x0008u
#define HvCallSendSyntheticClusterIpi	 0x000Bu
#define HvCallFlushVirtualAddressSpaceEx 0x0013u
#define HvCallFlushVirtualAddressListEx	 0x0014u
#define HvCallSendSyntheticClusterIpiEx	 0x0015u
#define HvCallPostMessage		 0x005Cu
#define HvCallSignalEvent		 0x005Du
#define HvExtCallQueryCapabilities	 0x8001u

/* Status codes that Plinth returns or names in its log; hv/status.def has the texts. */
#define HV_STATUS(name, code, text) HV_STATUS_##name = (code),
enum hv_status {
#include "hv/status.def"
};
#undef HV_STATUS

/* HV_FLUSH_FLAGS [TLFS "HvCallFlushVirtualAddressSpace"] */
#define HV_FLUSH_ALL_PROCESSORS		    BIT(0)
#define HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES BIT(1)
#define HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY   BIT(2)
#define HV_FLUSH_USE_EXTENDED_RANGE_FORMAT  BIT(3)

/* An element of a GVA list: a page address whose low 12 bits count additional pages. */
#define HV_GVA_RANGE_EXTRA_PAGES GENMASK(11, 0)

struct hv_input_flush { /* 0x0002; header of 0x0003 */
	u64 address_space;
	u64 flags;
	u64 processor_mask;
};
ASSERT_SIZE(struct hv_input_flush, 24);
ASSERT_OFFSET(struct hv_input_flush, flags, 8);
ASSERT_OFFSET(struct hv_input_flush, processor_mask, 16);

/* [TLFS "HV_VP_SET"]; bank contents follow, one for each bit of valid_banks_mask. */
struct hv_vp_set {
	u64 format;
	u64 valid_banks_mask;
};
ASSERT_SIZE(struct hv_vp_set, 16);
ASSERT_OFFSET(struct hv_vp_set, valid_banks_mask, 8);

#define HV_GENERIC_SET_SPARSE_4K 0ull
#define HV_GENERIC_SET_ALL	 1ull
#define HV_VP_SET_BANK_SIZE	 64u
#define HV_VP_SET_BANKS_MAX	 64u

struct hv_input_flush_ex { /* fixed header of 0x0013 and 0x0014 */
	u64 address_space;
	u64 flags;
	struct hv_vp_set processor_set;
};
ASSERT_SIZE(struct hv_input_flush_ex, 32);
ASSERT_OFFSET(struct hv_input_flush_ex, processor_set, 16);

/* [TLFS "Partition Reference Time Enlightenment"] */
struct hv_reference_tsc_page {
	u32 tsc_sequence; /* 0: not usable, read HV_X64_MSR_TIME_REF_COUNT instead */
	u32 reserved1;
	u64 tsc_scale;
	s64 tsc_offset;
	u64 reserved2[509];
};
ASSERT_SIZE(struct hv_reference_tsc_page, 4096);
ASSERT_OFFSET(struct hv_reference_tsc_page, tsc_scale, 8);
ASSERT_OFFSET(struct hv_reference_tsc_page, tsc_offset, 16);

/* [TLFS "HV_VP_VTL_CONTROL"] */
struct hv_vp_vtl_control {
	u32 entry_reason;
	u8 vina_status;
	u8 reserved_z00;
	u16 reserved_z01;
	u64 vtl_return_x64_rax;
	u64 vtl_return_x64_rcx;
};
ASSERT_SIZE(struct hv_vp_vtl_control, 24);

/* [TLFS "HV_NESTED_ENLIGHTENMENTS_CONTROL"] */
struct hv_nested_enlightenments_control {
	u32 features;
	u32 hypercall_controls;
};
ASSERT_SIZE(struct hv_nested_enlightenments_control, 8);

#define HV_NESTED_CONTROL_DIRECT_HYPERCALL		BIT(0)
#define HV_NESTED_CONTROL_VIRTUALIZATION_EXCEPTION	BIT(1)
#define HV_NESTED_CONTROL_INTER_PARTITION_COMMUNICATION BIT(0) /* hypercall_controls */

/* [TLFS "HV_VP_ASSIST_PAGE"] */
struct hv_vp_assist_page {
	u32 apic_assist;
	u32 reserved_z0;
	struct hv_vp_vtl_control vtl_control;
	struct hv_nested_enlightenments_control nested_enlightenments_control;
	u8 enlighten_vm_entry;
	u8 reserved_z1[7];
	u64 current_nested_vmcs;
	u8 synthetic_time_unhalted_timer_expired;
	u8 reserved_z2[7];
	u8 virtualization_fault_information[16];
	u8 padding[4016];
};
ASSERT_SIZE(struct hv_vp_assist_page, 4096);
ASSERT_OFFSET(struct hv_vp_assist_page, vtl_control, 8);
ASSERT_OFFSET(struct hv_vp_assist_page, nested_enlightenments_control, 32);
ASSERT_OFFSET(struct hv_vp_assist_page, enlighten_vm_entry, 40);
ASSERT_OFFSET(struct hv_vp_assist_page, current_nested_vmcs, 48);
ASSERT_OFFSET(struct hv_vp_assist_page, virtualization_fault_information, 64);

#endif
