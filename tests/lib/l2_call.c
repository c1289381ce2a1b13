/* SPDX-License-Identifier: MIT */
/* Patches the calls of L1 in the image for VMX; the image is writable and not yet executed there.
 */
#include "tests/lib/l2_call.h"

#include "lib/types.h"

#define VMCALL_LAST_BYTE 0xc1

extern u64 __l2_calls_start[], __l2_calls_end[];

void l2_calls_use_vmcall(void)
{
	for (u64 *at = __l2_calls_start; at < __l2_calls_end; at++) {
		((volatile u8 *)*at)[L2_CALL_LENGTH - 1] = VMCALL_LAST_BYTE;
	}
}
