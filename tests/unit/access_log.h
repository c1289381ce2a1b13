/* SPDX-License-Identifier: MIT */
/*
 * Sees each access of the code under test to one page: the page is unmapped, the access faults, is
 * written down, runs alone by the trap flag, and the page is unmapped again. So a byte that is read
 * twice cannot hide (facts G7). How wide an access is says Plinth's own decoder.
 */
#ifndef TESTS_UNIT_ACCESS_LOG_H
#define TESTS_UNIT_ACCESS_LOG_H

#include <signal.h>
#include <sys/mman.h>
#include <sys/ucontext.h>

#include "arch/x86/decode.h"
#include "lib/bits.h"

struct access_log {
	u8 *page;
	unsigned int accesses;
	u8 reads[PAGE_SIZE]; /* of each byte */
	u8 writes[PAGE_SIZE];
	/* When set: every byte of the page becomes the number of accesses after each of them. */
	bool changing;
	struct sigaction old_segv, old_trap;
};

static struct access_log access_log;

#define EFLAGS_TF	 0x100
#define PAGE_FAULT_WRITE 2

/* Bytes that the instruction moves; the decoder leaves the sizes of SSE's moves open. */
static unsigned int access_log_width(const u8 *code)
{
	struct insn insn;

	if (decode_insn(code, INSN_MAX_LENGTH, DECODE_64, &insn) == DECODE_OK && insn.memsize) {
		return insn.memsize;
	}
	/* MOVUPS and MOVAPS, with and without REX */
	code += (code[0] & 0xf0) == 0x40;
	if (code[0] == 0x0f && (code[1] == 0x10 || code[1] == 0x11 || code[1] == 0x29)) {
		return 16;
	}
	fprintf(stderr, "access log: cannot tell the width of %02x %02x %02x %02x\n", code[0],
		code[1], code[2], code[3]);
	abort();
}

static void access_log_note(const greg_t *regs, u64 offset)
{
	u8 *counts = regs[REG_ERR] & PAGE_FAULT_WRITE ? access_log.writes : access_log.reads;
	unsigned int width = access_log_width((const u8 *)regs[REG_RIP]);

	if (offset + width > PAGE_SIZE) {
		abort();
	}
	access_log.accesses++;
	for (unsigned int i = 0; i < width; i++) {
		counts[offset + i]++;
	}
}

static void access_log_segv(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	u64 offset = (u64)info->si_addr - (u64)access_log.page;

	(void)number;
	if (offset >= PAGE_SIZE) {
		sigaction(SIGSEGV, &access_log.old_segv, NULL);
		return;
	}
	access_log_note(regs, offset);
	mprotect(access_log.page, PAGE_SIZE, PROT_READ | PROT_WRITE);
	regs[REG_EFL] |= EFLAGS_TF;
}

static void access_log_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~EFLAGS_TF;
	if (access_log.changing) {
		memset(access_log.page, (int)access_log.accesses, PAGE_SIZE);
	}
	mprotect(access_log.page, PAGE_SIZE, PROT_NONE);
}

/* A fresh page of zeros that is not watched yet; free it with munmap(). */
static void *access_log_page(void)
{
	void *page =
		mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	return page;
}

static void access_log_start(void *page, bool changing)
{
	struct sigaction segv = { .sa_sigaction = access_log_segv, .sa_flags = SA_SIGINFO };
	struct sigaction trap = { .sa_sigaction = access_log_trap, .sa_flags = SA_SIGINFO };

	memset(&access_log, 0, sizeof(access_log));
	access_log.page = page;
	access_log.changing = changing;
	sigaction(SIGSEGV, &segv, &access_log.old_segv);
	sigaction(SIGTRAP, &trap, &access_log.old_trap);
	mprotect(page, PAGE_SIZE, PROT_NONE);
}

static void access_log_stop(void)
{
	mprotect(access_log.page, PAGE_SIZE, PROT_READ | PROT_WRITE);
	sigaction(SIGSEGV, &access_log.old_segv, NULL);
	sigaction(SIGTRAP, &access_log.old_trap, NULL);
}

#endif
