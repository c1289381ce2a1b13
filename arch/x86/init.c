/* SPDX-License-Identifier: MIT */
/*
 * From the loader's jump to the first instruction of L1, in the order of one page: options, memory,
 * firmware's tables, the CPUs, L1. What the machine lacks is one message that says what to do.
 */
#include "arch/x86/init.h"

#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/idt.h"
#include "arch/x86/io.h"
#include "arch/x86/l1.h"
#include "arch/x86/lapic.h"
#include "arch/x86/memory.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/power.h"
#include "arch/x86/shell_io.h"
#include "arch/x86/slat01.h"
#include "arch/x86/smp.h"
#include "arch/x86/time.h"
#include "arch/x86/vendor.h"
#include "arch/x86/version.h"
#include "boot/multiboot2.h"
#include "boot/options.h"

/* Plinth's share of memory: a fixed part, and for each CPU its VP and its shadow tables. */
#define HEAP_FIXED   MIB(3)
#define HEAP_PER_CPU MIB(1)
#define POOL_DEFAULT MIB(4)
#define MB2_MAX_SIZE MIB(1)

static struct boot_info info;
static struct options options;
static struct acpi_info acpi;
static struct uart log_uart;

const struct vendor_ops *vendor;

static __noreturn void refuse(const char *why)
{
	log_write("refused: %s", why);
	power_off_or_halt();
}

static void warn_option(void *ctx __maybe_unused, const char *text)
{
	log_warn("%s", text);
}

static void open_console(void)
{
	u16 port = options.console == OPTION_COM2 ? UART_PORT_COM2 : UART_PORT_COM1;

	log_set_level(options.loglvl);
	if (options.console == OPTION_NONE) {
		return;
	}
	if (uart_init(&log_uart, port) == 0) {
		console_attach(&log_uart);
	}
}

/* The boot's page tables map the first 4 GiB one to one; firmware's tables are there. */
static const void *view_below_4g(void *ctx __maybe_unused, u64 spa, size_t len)
{
	return range_fits(spa, len, GIB(4)) ? (const void *)spa : NULL;
}

static void read_firmware_tables(void)
{
	const struct acpi_mem mem = { .map = view_below_4g, .warn = warn_option };

	if (!info.rsdp_len) {
		info.rsdp_len = (u32)acpi_find_rsdp(&mem, info.rsdp);
	}
	if (!info.rsdp_len || !acpi_parse(&mem, info.rsdp, info.rsdp_len, &acpi)) {
		log_warn("no ACPI tables: one CPU, no power-off");
	}
	power_init(&acpi);
}

static void parse_loader(u32 magic, u32 mbi)
{
	const char *why = "not started by a Multiboot2 loader";

	if (magic == MULTIBOOT2_BOOTLOADER_MAGIC) {
		why = multiboot2_parse((const void *)(u64)mbi, MB2_MAX_SIZE, &info);
	}
	options_parse(why ? "" : info.cmdline, &options, warn_option, NULL);
	open_console();
	log_info("Plinth %s, started by %s", plinth_version, info.loader);
	if (why) {
		/* Nothing of what the loader told is to be used; the BIOS may know how to power
		 * off. */
		info.rsdp_len = 0;
		read_firmware_tables();
		refuse(why);
	}
}

static void choose_vendor(void)
{
	const char *why;

	if (svm_ops.is_present()) {
		vendor = &svm_ops;
	} else if (vmx_ops.is_present()) {
		vendor = &vmx_ops;
	} else {
		refuse("this CPU is neither AMD's nor Intel's: Plinth knows SVM and VMX");
	}
	why = vendor->probe();
	if (why) {
		refuse(why);
	}
}

static u64 pool_bytes(void)
{
	return options.pool ? MIB(options.pool) : POOL_DEFAULT;
}

/* The VPs that L1 gets: as many as firmware lists, and options allow. */
static u32 vp_count(void)
{
	u32 vps = 0;

	for (u32 i = 0; i < acpi.cpu_count; i++) {
		vps += acpi.cpus[i].enabled;
	}
	vps = MIN(MAX(vps, 1u), MAX_CPUS);
	return options.l1_cpus ? (u32)MIN(vps, options.l1_cpus) : vps;
}

static void start_memory(u64 image_spa)
{
	u64 size = HEAP_FIXED + vp_count() * (HEAP_PER_CPU + pool_bytes());
	const char *why = memory_init(&info, image_spa, ALIGN_UP(size, MIB(2)));

	if (why) {
		refuse(why);
	}
	if (options.l1_mem) {
		memmap_limit_ram(memory_l1_map(), options.l1_mem);
	}
	log_info("memory: %llu MiB for L1, %llu MiB at %llx for Plinth",
		 (unsigned long long)(memmap_ram_bytes(memory_l1_map()) >> 20),
		 (unsigned long long)(memory_heap_size() >> 20),
		 (unsigned long long)memory_heap_base());
}

static void start_boot_cpu(void)
{
	struct percpu *cpu = percpu_create(0, 0);

	if (!cpu) {
		refuse("too little memory for the boot CPU");
	}
	percpu_load(cpu);
	if (lapic_init()) {
		refuse("no local APIC at FEE00000h");
	}
	cpu->apic_id = lapic_id();
}

static const char *exit_name_of(u64 reason)
{
	return vendor->exit_name(vendor->exit_index(low32(reason)));
}

static const char *call_name(unsigned int code)
{
	return hv_hypercall_name((u16)code);
}

static const char *call_name_of(u64 code)
{
	return hv_hypercall_name((u16)code);
}

static void start_machine(void)
{
	const struct vendor_config config = {
		.pool_pages = (u32)(pool_bytes() / PAGE_SIZE),
		.x2apic = options.x2apic,
		.vmcs_shadow = options.vmcs_shadow,
	};
	u32 vps = vp_count();
	const char *why;

	if (options.l1_exit) {
		io_set_exit_port((u16)options.l1_exit);
	}
	shell_io_init(&options, options.console == OPTION_COM1 ? &log_uart : NULL);
	if (!hv_shell_init(options.hv, vps)) {
		refuse("too little memory for the Hyper-V pages");
	}
	why = slat01_init(vendor->slat_format, vendor->slat_has_1g());
	why = why ? why : vendor->machine_init(&config);
	if (why) {
		refuse(why);
	}
	if (!slat01_write_protect(LAPIC_DEFAULT_BASE)) {
		refuse("too little memory for L1's tables");
	}
	/* The other CPUs' first page is L1's RAM, where a module may be now. */
	why = l1_set_aside(&info);
	if (why) {
		refuse(why);
	}
	stats_set_names(vendor->exit_name, call_name);
	trace_set_names(exit_name_of, call_name_of);
	trace_set_enabled(options.trace);
	vendor->cpu_enable();
	this_cpu()->vcpu = vendor->vcpu_create(this_cpu());
	if (!this_cpu()->vcpu) {
		refuse("too little memory for the boot CPU's VP (lower pool=)");
	}
	smp_init(&acpi, vps);
	shell_io_route(&acpi, this_cpu()->apic_id);
}

static void start_l1(void)
{
	struct l1_entry entry;
	const char *why = l1_load(&info, &entry);

	if (why) {
		refuse(why);
	}
	vendor->start_l1(this_cpu()->vcpu, &entry);
	log_info("%u CPUs, %llu KiB of Plinth's memory free; L1 starts", cpu_count(),
		 (unsigned long long)(memory_heap_free() >> 10));
	uart_set_shared(&log_uart, true);
	smp_release();
	vendor->run(this_cpu()->vcpu);
}

/* The panic's questions */

static const char *panic_level(void)
{
	const struct vcpu *v = this_cpu()->vcpu;

	return !v ? "host" : v->in_l2 ? "L2" : "L1";
}

static void panic_stop_others(void)
{
	for (u32 i = 0; i < cpu_count(); i++) {
		if (percpu[i] && percpu[i] != this_cpu()) {
			lapic_send_nmi(percpu[i]->apic_id);
		}
	}
}

static bool panic_stack_bounds(u64 address, u64 *low, u64 *high)
{
	const struct percpu *cpu = this_cpu();

	*high = cpu->stack_top;
	*low = cpu->stack_top - CPU_STACK_SIZE;
	return address >= *low && address < *high;
}

static void line_to_log(void *ctx __maybe_unused, const char *text)
{
	log_write("%s", text);
}

static void panic_describe(void)
{
	const struct vcpu *v = this_cpu()->vcpu;

	if (v) {
		vendor->describe(v, false, line_to_log, NULL);
	}
}

static void prepare_panic(void)
{
	static const struct panic_hooks hooks = {
		.level = panic_level,
		.stop_others = panic_stop_others,
		.stack_bounds = panic_stack_bounds,
		.describe = panic_describe,
		.finish = power_finish,
	};

	panic_set_hooks(&hooks);
	panic_set_action(options.panic);
}

static __noreturn void init_on_own_stack(void)
{
	time_init(&acpi);
	start_machine();
	start_l1();
	bug();
}

__attribute__((optimize("no-stack-protector"))) __noreturn void init_bsp(u32 magic, u32 mbi,
									 u32 image_spa)
{
	__stack_chk_guard ^= rdtsc() << 8;
	idt_load_early();
	parse_loader(magic, mbi);
	read_firmware_tables();
	choose_vendor();
	start_memory(image_spa);
	start_boot_cpu();
	prepare_panic();
	/* The boot stack has no guard page: go on with the CPU's own. */
	__asm__ volatile("mov %0, %%rsp\n xor %%ebp, %%ebp\n call *%1\n ud2"
			 :
			 : "r"(this_cpu()->stack_top), "r"(init_on_own_stack)
			 : "memory");
	__builtin_unreachable();
}
