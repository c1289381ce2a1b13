/* SPDX-License-Identifier: MIT */
/* INIT/SIPI start-up and the job loop of the started CPUs. entry.S holds the trampoline itself. */
#include "tests/lib/smp.h"

#include "tests/lib/apic.h"
#include "tests/lib/cmdline.h"
#include "lib/string.h"

extern char trampoline[], trampoline_end[];
extern volatile u32 cpu_count;

unsigned int smp_expected(void)
{
	u64 n = cmdline_u64("cpus", cpuid(1, 0).ebx >> 16 & 0xff);

	return n == 0 ? 1 : n > MAX_CPUS ? MAX_CPUS : (unsigned int)n;
}

unsigned int smp_count(void)
{
	return cpu_count;
}

static void copy_trampoline(u8 vector)
{
	memcpy((void *)((uintptr_t)vector << 12), trampoline,
	       (size_t)(trampoline_end - trampoline));
}

void smp_send_sipi(u32 dest, u32 shorthand, u8 vector)
{
	apic_send(dest, shorthand | ICR_INIT | ICR_ASSERT);
	wait_a_little();
	apic_send(dest, shorthand | ICR_STARTUP | ICR_ASSERT | vector);
}

void smp_send_start(u32 dest, u32 shorthand, u8 vector)
{
	copy_trampoline(vector);
	smp_send_sipi(dest, shorthand, vector);
}

static u32 total_starts(void)
{
	u32 n = 0;

	for (unsigned int i = 1; i < MAX_CPUS; i++) {
		n += cpus[i].starts;
	}
	return n;
}

unsigned int smp_start_all(void)
{
	unsigned int others = smp_expected() - 1;
	u32 want = total_starts() + others;

	if (others > 0) {
		smp_send_start(0, ICR_ALL_BUT_SELF, TRAMPOLINE_PAGE >> 12);
		(void)WAIT_FOR(total_starts() >= want);
	}
	return cpu_count;
}

bool smp_start_one(u32 id, u8 vector)
{
	u32 want = total_starts() + 1;

	smp_send_start(id, 0, vector);
	return WAIT_FOR(total_starts() >= want);
}

void cpu_run(unsigned int cpu, void (*fn)(void *), void *arg)
{
	struct cpu *c = &cpus[cpu];

	c->job = fn;
	c->job_arg = arg;
	__atomic_store_n(&c->job_seq, c->job_seq + 1, __ATOMIC_RELEASE);
}

bool cpu_wait(unsigned int cpu)
{
	struct cpu *c = &cpus[cpu];

	return WAIT_LONG_FOR(__atomic_load_n(&c->job_done, __ATOMIC_ACQUIRE) == c->job_seq);
}

bool cpu_run_all(void (*fn)(void *), void *arg)
{
	bool all = true;

	for (unsigned int i = 1; i < cpu_count; i++) {
		cpu_run(i, fn, arg);
	}
	fn(arg);
	for (unsigned int i = 1; i < cpu_count; i++) {
		all &= cpu_wait(i);
	}
	return all;
}

bool barrier_wait(struct barrier *b, unsigned int n)
{
	u32 generation = b->generation;

	if (__atomic_add_fetch(&b->arrived, 1, __ATOMIC_ACQ_REL) == n) {
		b->arrived = 0;
		__atomic_store_n(&b->generation, generation + 1, __ATOMIC_RELEASE);
		return true;
	}
	return WAIT_LONG_FOR(__atomic_load_n(&b->generation, __ATOMIC_ACQUIRE) != generation);
}

void __noreturn smp_ap_main(unsigned int index, u8 vector)
{
	struct cpu *c = &cpus[index];

	cpu_init(index);
	apic_enable();
	c->start_vector = vector;
	c->job_done = c->job_seq;
	__atomic_store_n(&c->starts, c->starts + 1, __ATOMIC_RELEASE);
	for (;;) {
		u32 seq = __atomic_load_n(&c->job_seq, __ATOMIC_ACQUIRE);

		if (seq != c->job_done) {
			c->job(c->job_arg);
			__atomic_store_n(&c->job_done, seq, __ATOMIC_RELEASE);
		}
		cpu_pause();
	}
}
