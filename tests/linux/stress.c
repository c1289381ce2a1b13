/* SPDX-License-Identifier: MIT */
/*
 * stress SECONDS: fork, mmap, mremap, munmap and mprotect load on all CPUs of
 * one address space, arranged so that a translation used after its flush shows.
 * Exits 0 when every look at memory was right and no fault was stray.
 *
 * One thread changes mappings and then announces the change; one thread on each
 * CPU keeps looking. What was announced before a look must be seen by the look:
 *   window   pages that are replaced by mmap() and mremap(), stamped with a generation
 *   fence    a page that turns read-only and writable: stores must fault, or must not
 *   tally    counters in private memory that a forked child must see standing still
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	WINDOW_PAGES = 64, /* above Linux' limit of 33 for flushes page by page */
	VERSIONS = 8,	   /* versions of the window that are alive in the file */
	MAX_THREADS = 64,
	CHURN_PAGES = 24,
	PROGRESS_SECS = 10,
	MAX_SECS = 86400,
};

static int file;
static uint8_t *file_view; /* the whole file, never remapped */
static uint8_t *window;	   /* WINDOW_PAGES, any page at any version */
static uint8_t *staging;   /* where mremap() brings window pages from */
static _Atomic uint64_t announced[WINDOW_PAGES];

/* Low places, which the kernel never picks for mmap(NULL): holes in them stay holes. */
static uint8_t *const window_place = (uint8_t *)0x100000000000;
static uint8_t *const staging_place = (uint8_t *)0x100010000000;

/* The phase is the generation modulo 4; in the two phases between nothing is promised. */
enum {
	FENCE_OPEN = 0,
	FENCE_CLOSED = 2,
	FENCE_PHASES = 4
};
static volatile uint64_t *fence;
static _Atomic uint64_t fence_generation;

static volatile uint64_t *tally; /* a private page, one counter for each thread */

static _Atomic bool stopping;
static _Atomic uint64_t looks, switches, moves, fences, churns, forks;

static __thread sigjmp_buf *volatile fault_expected;

/* async-signal-safe: one line by one write(), then the whole process ends */
__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	char text[200];
	va_list args;
	int len = 0;

	va_start(args, format);
	len += snprintf(text, sizeof(text), "stress: FAILED: ");
	len += vsnprintf(text + len, sizeof(text) - (size_t)len - 1, format, args);
	va_end(args);
	len = len > (int)sizeof(text) - 2 ? (int)sizeof(text) - 2 : len;
	text[len++] = '\n';
	(void)!write(STDOUT_FILENO, text, (size_t)len);
	_exit(1);
}

static void must(bool ok, const char *what)
{
	if (!ok) {
		fail("%s: %s", what, strerror(errno));
	}
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	if (sig == SIGSEGV && fault_expected &&
	    (uintptr_t)info->si_addr - (uintptr_t)fence < PAGE) {
		siglongjmp(*fault_expected, 1);
	}
	fail("stray %s at %p, rip 0x%llx, cpu %d", sig == SIGSEGV ? "SIGSEGV" : "SIGBUS",
	     info->si_addr, (unsigned long long)uc->uc_mcontext.gregs[REG_RIP], sched_getcpu());
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static volatile uint64_t *stamp_of(uint8_t *base, unsigned int page)
{
	return (volatile uint64_t *)(base + (size_t)page * PAGE);
}

/* The looks: one round of each worker. */

static void look_through_window(uint32_t *random)
{
	for (int i = 0; i < 64; i++) {
		unsigned int page = next_random(random) % WINDOW_PAGES;
		uint64_t least = atomic_load(&announced[page]);
		uint64_t seen = *stamp_of(window, page);

		if (seen < least) {
			fail("page %u shows generation %llu after %llu was announced, cpu %d", page,
			     (unsigned long long)seen, (unsigned long long)least, sched_getcpu());
		}
	}
}

static void store_into_fence(unsigned int slot)
{
	sigjmp_buf here;
	volatile uint64_t before = atomic_load(&fence_generation);

	if (sigsetjmp(here, 1) == 0) {
		fault_expected = &here;
		fence[slot] = before;
		fault_expected = NULL;
		if (before % FENCE_PHASES == FENCE_CLOSED &&
		    atomic_load(&fence_generation) == before) {
			fail("store into a read-only page went through, cpu %d", sched_getcpu());
		}
		return;
	}
	fault_expected = NULL;
	if (before % FENCE_PHASES == FENCE_OPEN && atomic_load(&fence_generation) == before) {
		fail("store into a writable page faulted, cpu %d", sched_getcpu());
	}
}

static void count_in_tally(unsigned int slot, uint64_t *mine)
{
	for (int i = 0; i < 256; i++) {
		if (tally[slot] != *mine) {
			fail("counter %u is %llu, %llu was stored, cpu %d", slot,
			     (unsigned long long)tally[slot], (unsigned long long)*mine,
			     sched_getcpu());
		}
		tally[slot] = ++*mine;
	}
}

/* Grows, moves, shrinks and frees memory of its own and looks at each page in between. */
static void churn_memory(uint32_t *random)
{
	size_t pages = 1 + next_random(random) % CHURN_PAGES;
	uint64_t salt = next_random(random);
	uint8_t *area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(area != MAP_FAILED, "mmap");
	for (unsigned int i = 0; i < pages; i++) {
		must(*stamp_of(area, i) == 0, "fresh memory is not zero");
		*stamp_of(area, i) = salt + i;
	}
	area = mremap(area, pages * PAGE, 2 * pages * PAGE, MREMAP_MAYMOVE);
	must(area != MAP_FAILED, "mremap, growing");
	for (unsigned int i = 0; i < 2 * pages; i++) {
		if (*stamp_of(area, i) != (i < pages ? salt + i : 0)) {
			fail("page %u of %zu is wrong after mremap, cpu %d", i, pages,
			     sched_getcpu());
		}
	}
	area = mremap(area, 2 * pages * PAGE, pages * PAGE, 0);
	must(area != MAP_FAILED, "mremap, shrinking");
	must(mprotect(area, pages * PAGE, PROT_READ) == 0, "mprotect");
	for (unsigned int i = 0; i < pages; i++) {
		if (*stamp_of(area, i) != salt + i) {
			fail("page %u of %zu is wrong after mprotect, cpu %d", i, pages,
			     sched_getcpu());
		}
	}
	must(munmap(area, pages * PAGE) == 0, "munmap");
	atomic_fetch_add(&churns, 1);
}

static void *worker(void *arg)
{
	unsigned int slot = (unsigned int)(uintptr_t)arg;
	uint32_t random = slot * 7919 + 1;
	uint64_t mine = 0;

	while (!atomic_load(&stopping)) {
		look_through_window(&random);
		count_in_tally(slot, &mine);
		store_into_fence(slot);
		if (next_random(&random) % 4 == 0) {
			churn_memory(&random);
		}
		atomic_fetch_add(&looks, 1);
	}
	return NULL;
}

/* The changes. */

/* Replaces len window pages by generation g of theirs: by mmap() or by mremap(). */
static void switch_window(unsigned int first, unsigned int len, uint64_t g, bool by_mremap)
{
	off_t offset = (off_t)(((g % VERSIONS) * WINDOW_PAGES + first) * PAGE);
	uint8_t *place = (by_mremap ? staging : window) + (size_t)first * PAGE;
	size_t bytes = (size_t)len * PAGE;
	uint8_t *got;

	for (unsigned int i = 0; i < len; i++) {
		*stamp_of(file_view + offset, i) = g;
	}
	got = mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, offset);
	must(got == place, "mmap of the window");
	if (by_mremap) {
		must(*stamp_of(staging, first) == g, "staging shows another generation");
		got = mremap(place, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
			     window + (size_t)first * PAGE);
		must(got == window + (size_t)first * PAGE, "mremap of the window");
		atomic_fetch_add(&moves, 1);
	} else {
		atomic_fetch_add(&switches, 1);
	}
	for (unsigned int i = first; i < first + len; i++) {
		atomic_store(&announced[i], g);
	}
}

static void turn_fence(void)
{
	uint64_t g = atomic_load(&fence_generation);
	int prot = g % FENCE_PHASES == FENCE_OPEN ? PROT_READ : PROT_READ | PROT_WRITE;

	atomic_store(&fence_generation, g + 1);
	must(mprotect((void *)(uintptr_t)fence, PAGE, prot) == 0, "mprotect of the fence");
	atomic_store(&fence_generation, g + 2);
	atomic_fetch_add(&fences, 1);
}

static void *changer(void *arg)
{
	static const unsigned int lengths[] = { 1, 3, 8, 40, WINDOW_PAGES };
	uint32_t random = 1;

	(void)arg;
	for (uint64_t g = 1; !atomic_load(&stopping); g++) {
		unsigned int len = lengths[next_random(&random) % 5];
		unsigned int first = next_random(&random) % (WINDOW_PAGES - len + 1);

		switch_window(first, len, g, g % 2);
		if (g % 8 == 0) {
			turn_fence();
		}
	}
	return NULL;
}

/* In the child: the parent's threads go on counting, our copy must stand still. */
__attribute__((noreturn)) static void watch_still_tally(void)
{
	uint64_t copy[MAX_THREADS];
	const struct timespec pause = { .tv_nsec = 2000000 };

	for (int i = 0; i < MAX_THREADS; i++) {
		copy[i] = tally[i];
	}
	nanosleep(&pause, NULL);
	for (int i = 0; i < MAX_THREADS; i++) {
		if (tally[i] != copy[i]) {
			fail("a child saw its parent's store to counter %d", i);
		}
	}
	_exit(0);
}

static void *forker(void *arg)
{
	(void)arg;
	while (!atomic_load(&stopping)) {
		int status = 0;
		pid_t child = fork();

		must(child >= 0, "fork");
		if (child == 0) {
			watch_still_tally();
		}
		must(waitpid(child, &status, 0) == child, "waitpid");
		if (status != 0) {
			fail("a child ended with status 0x%x", (unsigned int)status);
		}
		atomic_fetch_add(&forks, 1);
	}
	return NULL;
}

static void *map_pages(void *place, size_t pages, int flags, int fd)
{
	void *area = mmap(place, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	must(area != MAP_FAILED, "mmap at start");
	return area;
}

static void set_up_memory(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	size_t pages = (size_t)WINDOW_PAGES * VERSIONS;

	must(sigaction(SIGSEGV, &action, NULL) == 0, "sigaction");
	must(sigaction(SIGBUS, &action, NULL) == 0, "sigaction");
	file = memfd_create("window", 0);
	must(file >= 0 && ftruncate(file, (off_t)(pages * PAGE)) == 0, "memfd_create");
	file_view = map_pages(NULL, pages, MAP_SHARED, file);
	window = map_pages(window_place, WINDOW_PAGES, MAP_SHARED | MAP_FIXED, file);
	staging =
		map_pages(staging_place, WINDOW_PAGES, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
	fence = map_pages(NULL, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	tally = map_pages(NULL, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void start_thread(pthread_t *thread, void *(*function)(void *), unsigned int slot, int cpu)
{
	pthread_attr_t attr;
	cpu_set_t set;

	CPU_ZERO(&set);
	pthread_attr_init(&attr);
	if (cpu >= 0) {
		CPU_SET(cpu, &set);
		pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	must(pthread_create(thread, &attr, function, (void *)(uintptr_t)slot) == 0,
	     "pthread_create");
	pthread_attr_destroy(&attr);
}

static unsigned int start_all(pthread_t *threads)
{
	unsigned int count = 0;
	cpu_set_t online;

	must(sched_getaffinity(0, sizeof(online), &online) == 0, "sched_getaffinity");
	for (int cpu = 0; cpu < CPU_SETSIZE && count < MAX_THREADS - 2; cpu++) {
		if (CPU_ISSET(cpu, &online)) {
			start_thread(&threads[count], worker, count, cpu);
			count++;
		}
	}
	printf("stress: %u CPUs\n", count);
	start_thread(&threads[count++], changer, 0, -1);
	start_thread(&threads[count++], forker, 0, -1);
	return count;
}

static void report(const char *what, long seconds)
{
	printf("stress: %s, %ld s: %llu looks, %llu switches, %llu moves, %llu fences, %llu churns, "
	       "%llu forks\n",
	       what, seconds, (unsigned long long)looks, (unsigned long long)switches,
	       (unsigned long long)moves, (unsigned long long)fences, (unsigned long long)churns,
	       (unsigned long long)forks);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];
	long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
	unsigned int count;

	if (seconds < 1 || seconds > MAX_SECS) {
		fprintf(stderr, "stress: SECONDS is 1 to %d\n", MAX_SECS);
		return 2;
	}
	set_up_memory();
	count = start_all(threads);
	for (long now = 0; now < seconds; now++) {
		sleep(1);
		if (now % PROGRESS_SECS == PROGRESS_SECS - 1) {
			report("running", now + 1);
		}
	}
	atomic_store(&stopping, true);
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
	}
	if (!looks || !switches || !moves || !fences || !churns || !forks) {
		report("FAILED: an activity never ran", seconds);
		return 1;
	}
	report("passed", seconds);
	return 0;
}
