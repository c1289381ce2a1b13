/* SPDX-License-Identifier: MIT */
/* The shell on COM2 and its NMI. */
#include "arch/x86/shell_io.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/io.h"
#include "arch/x86/memory.h"
#include "arch/x86/mmio.h"
#include "arch/x86/panic.h"
#include "arch/x86/power.h"
#include "arch/x86/shell_commands.h"
#include "arch/x86/time.h"
#include "arch/x86/vendor.h"
#include "arch/x86/version.h"
#include "lib/string.h"

#define ECHO_US		   50000
#define POLLS_MAX	   64
#define UART_PORTS	   8
#define ESCAPE_KEY	   0x1d /* Ctrl-] */
#define UART_IIR	   2
#define IIR_NONE	   BIT(0)
#define COM2_IRQ	   3
#define IOAPIC_DATA	   0x10
#define IOAPIC_VERSION	   1
#define IOAPIC_LAST_PIN	   GENMASK(23, 16)
#define REDIR_TABLE	   0x10
#define REDIR_NMI	   (4u << 8)
#define REDIR_LOW	   BIT(13)
#define REDIR_LEVEL	   BIT(15)
#define MADT_POLARITY_LOW  3
#define MADT_TRIGGER_LEVEL 3

static struct uart uart;
static struct shell shell;
static bool routed;

/* In mode records a line that begins with a key lacks the word before it. */
static void line_to_shell(void *ctx, const char *text)
{
	const struct shell *sh = ctx;
	bool is_record = strncmp(text, "vp=", 3) != 0;

	shell_printf(ctx, "%s%s\n", sh->records && !is_record ? "vcpu " : "", text);
}

static int vp_argument(struct shell *sh, int argc, char **argv, u64 *first, u64 *last)
{
	*first = 0;
	*last = cpu_count() - 1;
	if (argc < 2) {
		return SHELL_OK;
	}
	if (argc > 2 || !shell_number(argv[1], cpu_count() - 1, first)) {
		return SHELL_USAGE;
	}
	*last = *first;
	return vcpus[*first] ? SHELL_OK : shell_fail(sh, "there is no such VP");
}

static int describe(struct shell *sh, int argc, char **argv, bool whole)
{
	u64 first, last;
	int status = vp_argument(sh, argc, argv, &first, &last);

	if (status != SHELL_OK) {
		return status;
	}
	for (u64 i = first; i <= last; i++) {
		if (vcpus[i]) {
			vendor->describe(vcpus[i], whole, line_to_shell, sh);
		}
	}
	return SHELL_OK;
}

static int command_vcpu(struct shell *sh, int argc, char **argv)
{
	static const char *const names[GPR_COUNT] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp",
						      "rsi", "rdi", "r8",  "r9",  "r10", "r11",
						      "r12", "r13", "r14", "r15" };
	int status = describe(sh, argc, argv, false);
	u64 n;

	if (status != SHELL_OK || argc < 2 || !shell_number(argv[1], cpu_count() - 1, &n)) {
		return status;
	}
	for (u32 i = 0; i < GPR_COUNT; i++) {
		if (sh->records && i % 4 == 0) {
			shell_printf(sh, "regs vp=%llu ", (unsigned long long)n);
		}
		shell_printf(sh, "%s=%016llx%s", names[i], (unsigned long long)vcpus[n]->gpr[i],
			     i % 4 == 3 ? "\n" : " ");
	}
	return SHELL_OK;
}

static int command_vmcb(struct shell *sh, int argc, char **argv)
{
	return describe(sh, argc, argv, true);
}

static int command_mem(struct shell *sh, int argc, char **argv __maybe_unused)
{
	static const char *const types[] = { "hole", "ram", "reserved", "acpi", "nvs", "bad" };
	const struct memmap *map = memory_l1_map();

	if (argc > 1) {
		return SHELL_USAGE;
	}
	for (u32 i = 0; i < map->count; i++) {
		const struct mem_region *r = &map->regions[i];

		shell_printf(sh, "map start=%llx end=%llx type=%s\n", (unsigned long long)r->base,
			     (unsigned long long)(r->base + r->len),
			     r->type < ARRAY_SIZE(types) ? types[r->type] : "other");
	}
	shell_printf(sh, "plinth image=%llx size=%llx\n", (unsigned long long)memory_image_base(),
		     (unsigned long long)memory_image_size());
	shell_printf(sh, "plinth heap=%llx size=%llx free=%llx\n",
		     (unsigned long long)memory_heap_base(), (unsigned long long)memory_heap_size(),
		     (unsigned long long)memory_heap_free());
	return SHELL_OK;
}

static const struct shell_command commands[] = {
	{ "vcpu", "[VP]", "where each VP is; with VP its registers", command_vcpu },
	{ "vmcb", "[VP]", "the VMCBs 01, 02 and 12 of a VP", command_vmcb },
	{ "vmcs", "[VP]", "on Intel, its VMCSs: the one in use, and 12", command_vmcb },
	{ "mem", "", "L1's memory map and Plinth's own memory", command_mem },
};

static void reboot(void)
{
	power_finish(PANIC_THEN_REBOOT);
}

/* COM1, shared with L1: the escape key opens the shell and closes it. */

static struct uart *shared;
static bool leaving;

static int shared_getc(void *ctx __maybe_unused)
{
	int c = uart_getc(shared);

	if (c == ESCAPE_KEY) {
		leaving = true;
		return -1;
	}
	return c;
}

static size_t shared_write(void *ctx __maybe_unused, const char *bytes, size_t len)
{
	uart_write(shared, bytes, len);
	return len;
}

/* What L1 reads from COM1. At the escape key L1's CPU stays here until the key comes again. */
static u8 filter_com1(u8 byte)
{
	static const struct shell_ops ops = { shared_getc, shared_write, NULL };

	if (byte != ESCAPE_KEY) {
		return byte;
	}
	leaving = false;
	shell_init(&shell, &ops, NULL);
	while (!leaving) {
		shell_poll(&shell);
		if (panic_active()) {
			panic_stop();
		}
		cpu_pause();
	}
	shell_printf(&shell, "back to L1\n");
	shell_flush(&shell);
	return 0;
}

static void open_on_com1(struct uart *com1)
{
	if (!com1 || !uart_is_ready(com1)) {
		log_info("shell: off (there is no UART for it)");
		return;
	}
	shared = com1;
	io_filter_input(com1->port, filter_com1);
	log_info(
		"shell: on COM1 by Ctrl-], which stops the CPU that reads it; Ctrl-] again leaves");
}

void shell_io_init(const struct options *options, struct uart *com1)
{
	static const struct shell_hooks hooks = { plinth_version, time_microseconds, reboot };

	shell_commands_init(&hooks);
	shell_register(commands, ARRAY_SIZE(commands));
	if (options->shell == OPTION_NONE) {
		log_info("shell: off (shell=com2 opens it)");
	} else if (options->shell == OPTION_COM2 && uart_init(&uart, UART_PORT_COM2) == 0) {
		io_hide(UART_PORT_COM2, UART_PORTS);
	} else {
		open_on_com1(com1);
	}
}

static u32 redirection(const struct acpi_isa_irq *irq)
{
	u32 entry = REDIR_NMI;

	/* ISA is edge, active high, unless the MADT overrides it. */
	if ((irq->flags & 3) == MADT_POLARITY_LOW) {
		entry |= (u32)REDIR_LOW;
	}
	if ((irq->flags >> 2 & 3) == MADT_TRIGGER_LEVEL) {
		entry |= (u32)REDIR_LEVEL;
	}
	return entry;
}

/* A wrong table must not make Plinth write to memory: neither to L1's nor to its own. */
static bool may_be_device(u64 spa)
{
	return IS_ALIGNED(spa, PAGE_SIZE) && memmap_type_at(memory_l1_map(), spa) != MEM_RAM &&
	       !ranges_overlap(spa, PAGE_SIZE, memory_heap_base(), memory_heap_size()) &&
	       !ranges_overlap(spa, PAGE_SIZE, memory_image_base(), memory_image_size());
}

static u32 ioapic_read(volatile u8 *regs, u32 index)
{
	*(volatile u32 *)regs = index;
	return *(volatile u32 *)(regs + IOAPIC_DATA);
}

static void ioapic_write(volatile u8 *regs, u32 index, u32 value)
{
	*(volatile u32 *)regs = index;
	*(volatile u32 *)(regs + IOAPIC_DATA) = value;
}

/* NULL, or why the UART's interrupt cannot be made an NMI. */
static const char *route(const struct acpi_info *acpi, u32 boot_apic_id)
{
	const struct acpi_isa_irq *irq = &acpi->isa_irqs[COM2_IRQ];
	const struct acpi_ioapic *io = NULL;
	volatile u8 *regs;
	u32 version, pin;

	for (u32 i = 0; i < acpi->ioapic_count; i++) {
		if (irq->gsi >= acpi->ioapics[i].gsi_base &&
		    (!io || acpi->ioapics[i].gsi_base > io->gsi_base)) {
			io = &acpi->ioapics[i];
		}
	}
	if (!io) {
		return "ACPI describes no I/O APIC for its interrupt";
	}
	regs = may_be_device(io->addr) ? memory_map_mmio(io->addr, PAGE_SIZE) : NULL;
	if (!regs) {
		return "ACPI's address of the I/O APIC is impossible";
	}
	/* [82093AA "IOAPICVER"]: bits 23:16, the last pin. Without a device, ones come back. */
	version = ioapic_read(regs, IOAPIC_VERSION);
	pin = irq->gsi - io->gsi_base;
	if (version == ~0u || version == 0 || pin > FIELD_GET(IOAPIC_LAST_PIN, version)) {
		return "the I/O APIC has no pin for its interrupt";
	}
	ioapic_write(regs, REDIR_TABLE + 2 * pin + 1, boot_apic_id << 24);
	ioapic_write(regs, REDIR_TABLE + 2 * pin, redirection(irq));
	mmio_guard_ioapic(io->addr, pin);
	return NULL;
}

void shell_io_route(const struct acpi_info *acpi, u32 boot_apic_id)
{
	const char *why;

	if (!uart_is_ready(&uart)) {
		return;
	}
	why = route(acpi, boot_apic_id);
	if (why) {
		log_warn("shell: off: %s", why);
		return;
	}
	routed = true;
	shell_open_uart(&shell, &uart, true);
	log_info("shell: on COM2");
}

/* Reading it takes the question back where it was for more to send. */
static bool uart_asks(void)
{
	return !(inb((u16)(uart.port + UART_IIR)) & IIR_NONE);
}

/* Until then an NMI that finds nothing to do is the console's. */
static u64 echo_until;

bool shell_serve(const struct percpu *cpu)
{
	bool raised = false;

	if (!routed || cpu->id != 0) {
		return false;
	}
	/* As long as its line stays up there is no other edge, so no other NMI. */
	for (unsigned int i = 0; i < POLLS_MAX && uart_asks(); i++) {
		shell_poll(&shell);
		raised = true;
	}
	if (raised) {
		echo_until = time_microseconds() + ECHO_US;
	}
	return raised;
}

/*
 * An edge may reach the CPU after the poll that served what it stands for: one NMI that finds
 * nothing to do, soon after a poll, is the console's too.
 */
bool shell_nmi(const struct percpu *cpu)
{
	bool echo;

	if (shell_serve(cpu)) {
		return true;
	}
	echo = cpu->id == 0 && time_microseconds() < echo_until;
	if (echo) {
		echo_until = 0;
	}
	return echo;
}
