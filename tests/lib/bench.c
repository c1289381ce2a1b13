/* SPDX-License-Identifier: MIT */
/* Medians of TSC differences. Where the machine counts instructions they are the same each time. */
#include "tests/lib/bench.h"

#include "tests/lib/console.h"
#include "tests/lib/x86.h"

static u64 samples[BENCH_SAMPLES];

static u64 median(void)
{
	for (unsigned int i = 1; i < BENCH_SAMPLES; i++) {
		for (unsigned int j = i; j > 0 && samples[j] < samples[j - 1]; j--) {
			u64 t = samples[j];

			samples[j] = samples[j - 1];
			samples[j - 1] = t;
		}
	}
	return samples[BENCH_SAMPLES / 2];
}

static u64 measure(void (*operation)(void))
{
	operation();
	for (unsigned int i = 0; i < BENCH_SAMPLES; i++) {
		u64 start = rdtsc();

		operation();
		samples[i] = rdtsc() - start;
	}
	return median();
}

static void nothing(void)
{
	asm volatile("");
}

void bench(const char *name, void (*operation)(void))
{
	u64 own_cost = measure(nothing), ticks = measure(operation);

	printf("bench: %s %lu\n", name, ticks > own_cost ? ticks - own_cost : 0);
}
