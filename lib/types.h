/* SPDX-License-Identifier: MIT */
/*
 * The base types of every layer. Freestanding: the hypervisor, the host tests and the fuzzers
 * compile the same pure files against it.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define __packed	    __attribute__((packed))
#define __aligned(n)	    __attribute__((aligned(n)))
#define __noreturn	    __attribute__((noreturn))
#define __must_check	    __attribute__((warn_unused_result))
#define __printf_like(f, a) __attribute__((format(printf, f, a)))
#define __maybe_unused	    __attribute__((unused))
#define __cold		    __attribute__((cold))
/* On the path of every exit, and without a buffer of bytes: no stack canary. */
#define __hot		      __attribute__((hot, no_stack_protector))
#define likely(x)	      __builtin_expect(!!(x), 1)
#define unlikely(x)	      __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a)	      (sizeof(a) / sizeof((a)[0]))
#define container_of(p, t, m) ((t *)((char *)(p)-offsetof(t, m)))

/* A layout that hardware or a specification fixes is asserted member by member. */
#define ASSERT_OFFSET(t, m, off) _Static_assert(offsetof(t, m) == (off), #t "." #m)
#define ASSERT_SIZE(t, size)	 _Static_assert(sizeof(t) == (size), "size of " #t)

#endif
