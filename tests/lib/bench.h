/* SPDX-License-Identifier: MIT */
/* What an operation costs in TSC ticks: the median of many, less the cost of the measuring. */
#ifndef TESTS_LIB_BENCH_H
#define TESTS_LIB_BENCH_H

#define BENCH_SAMPLES 101

/* Runs it once to warm up, then BENCH_SAMPLES times, and prints "bench: NAME TICKS". */
void bench(const char *name, void (*operation)(void));

#endif
