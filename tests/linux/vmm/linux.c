/* SPDX-License-Identifier: MIT */
/*
 * Boots a bzImage by the 64-bit entry of [Linux/x86 "64-bit Boot Protocol"] and serves its VPs
 * until it ends. Owns the guest's memory map; the devices are in ports.c, the tables in acpi.c.
 */
#include "tests/linux/vmm/linux.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/linux/vmm/acpi.h"
#include "tests/linux/vmm/cases.h"
#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/ports.h"
#include "tests/linux/vmm/vm.h"

/* GPAs */
enum {
	BOOT_GDT = 0x1000,
	BOOT_PML4 = 0x2000,
	BOOT_PDPT = 0x3000,
	BOOT_PD = 0x4000, /* four pages */
	BOOT_PARAMS = 0x10000,
	BOOT_CMDLINE = 0x20000,
	CMDLINE_SIZE = 0x1000,
	LOW_RAM_END = 0x9fc00,
	HIGH_RAM = 0x100000,
};

/* Offsets of struct boot_params; those from 0x1f1 are also offsets of the bzImage. */
enum {
	BP_ACPI_RSDP = 0x070,
	BP_E820_COUNT = 0x1e8,
	BP_HEADER = 0x1f1,
	BP_SETUP_SECTS = 0x1f1,
	BP_JUMP_LENGTH = 0x201,
	BP_MAGIC = 0x202,
	BP_VERSION = 0x206,
	BP_LOADER = 0x210,
	BP_LOADFLAGS = 0x211,
	BP_RAMDISK = 0x218,
	BP_RAMDISK_SIZE = 0x21c,
	BP_CMDLINE = 0x228,
	BP_XLOADFLAGS = 0x236,
	BP_PREF_ADDRESS = 0x258,
	BP_INIT_SIZE = 0x260,
	BP_E820 = 0x2d0,
	E820_ENTRY = 20,
	MAGIC_HDRS = 0x53726448,
	VERSION_64 = 0x20c,
	XLF_KERNEL_64 = 1,
	ENTRY_64 = 0x200,
	SECTOR = 512,
};

#define MAX_MEMORY_MIB 3072
#define L1_CACHES      0x40020140 /* 64 KiB, 2 ways, lines of 64 */
#define BOOT_CS	       0x10
#define BOOT_DS	       0x18

struct options {
	const char *kernel;
	const char *initrd;
	const char *append;
	u64 cpus;
	u64 memory_mib;
	u64 seconds;
};

struct file {
	u8 *data;
	u64 size;
};

static struct vm *linux_vm;

static u64 get(const u8 *block, size_t offset, size_t size)
{
	u64 value = 0;

	memcpy(&value, block + offset, size);
	return value;
}

static void put(u8 *block, size_t offset, u64 value, size_t size)
{
	memcpy(block + offset, &value, size);
}

static struct file read_file(const char *path)
{
	struct file file = { 0 };
	struct stat about;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode), "cannot read %s", path);
	file.data = malloc((size_t)about.st_size + 1);
	CHECK(file.data, "no memory for %s", path);
	while (file.size < (u64)about.st_size) {
		ssize_t got = read(fd, file.data + file.size, (u64)about.st_size - file.size);

		CHECK(got > 0, "cannot read all of %s", path);
		file.size += (u64)got;
	}
	close(fd);
	return file;
}

/* The protected-mode part goes to its preferred address; returns the GPA. */
static u64 load_kernel(struct vm *vm, const struct file *image, u8 *params)
{
	const u8 *setup = image->data;
	u64 sectors, code, header_end, at;

	CHECK(image->size > BP_E820 && get(setup, BP_MAGIC, 4) == MAGIC_HDRS &&
		      get(setup, BP_VERSION, 2) >= VERSION_64 &&
		      (get(setup, BP_XLOADFLAGS, 2) & XLF_KERNEL_64),
	      "the kernel is no bzImage with a 64-bit entry");
	sectors = setup[BP_SETUP_SECTS] ? setup[BP_SETUP_SECTS] : 4;
	code = (sectors + 1) * SECTOR;
	header_end = BP_MAGIC + setup[BP_JUMP_LENGTH];
	at = get(setup, BP_PREF_ADDRESS, 8);
	CHECK(code < image->size, "the bzImage is cut off");
	CHECK(at >= HIGH_RAM && range_fits(at, get(setup, BP_INIT_SIZE, 4), vm->ram_size),
	      "the kernel does not fit into the guest's memory");
	memcpy(params + BP_HEADER, setup + BP_HEADER, header_end - BP_HEADER);
	memcpy(vm_memory(vm, at, image->size - code), setup + code, image->size - code);
	return at;
}

/* At the top of memory. */
static void load_initrd(struct vm *vm, const char *path, u8 *params, u64 kernel_end)
{
	struct file initrd;
	u64 at;

	if (!path) {
		return;
	}
	initrd = read_file(path);
	CHECK(initrd.size < vm->ram_size - kernel_end, "the initrd does not fit");
	at = ALIGN_DOWN(vm->ram_size - initrd.size, PAGE_SIZE);
	CHECK(at >= kernel_end, "the initrd does not fit");
	memcpy(vm_memory(vm, at, initrd.size), initrd.data, initrd.size);
	put(params, BP_RAMDISK, at, 4);
	put(params, BP_RAMDISK_SIZE, initrd.size, 4);
	free(initrd.data);
}

static void add_ram(u8 *params, u64 start, u64 end)
{
	u8 count = params[BP_E820_COUNT]++;
	u8 *entry = params + BP_E820 + count * E820_ENTRY;

	put(entry, 0, start, 8);
	put(entry, 8, end - start, 8);
	put(entry, 16, 1, 4);
}

static u64 load_linux(struct vm *vm, const struct options *options)
{
	u8 *params = vm_memory(vm, BOOT_PARAMS, PAGE_SIZE);
	struct file image = read_file(options->kernel);
	u64 kernel = load_kernel(vm, &image, params);
	size_t length = strlen(options->append) + 1;

	CHECK(length <= CMDLINE_SIZE, "the command line is too long");
	memcpy(vm_memory(vm, BOOT_CMDLINE, CMDLINE_SIZE), options->append, length);
	params[BP_LOADER] = 0xff;
	put(params, BP_CMDLINE, BOOT_CMDLINE, 4);
	put(params, BP_ACPI_RSDP, ACPI_TABLES, 8);
	add_ram(params, 0, LOW_RAM_END);
	add_ram(params, HIGH_RAM, vm->ram_size);
	load_initrd(vm, options->initrd, params, kernel + get(params, BP_INIT_SIZE, 4));
	acpi_build(vm_memory(vm, ACPI_TABLES, ACPI_TABLES_SIZE), (unsigned int)options->cpus);
	free(image.data);
	return kernel + ENTRY_64;
}

static void build_boot_tables(struct vm *vm)
{
	u8 *gdt = vm_memory(vm, BOOT_GDT, PAGE_SIZE);
	u8 *pdpt = vm_memory(vm, BOOT_PDPT, PAGE_SIZE);
	u8 *pd = vm_memory(vm, BOOT_PD, 4 * PAGE_SIZE);

	put(gdt, BOOT_CS, 0x00af9b000000ffff, 8);
	put(gdt, BOOT_DS, 0x00cf93000000ffff, 8);
	put(vm_memory(vm, BOOT_PML4, 8), 0, BOOT_PDPT | 3, 8);
	for (u64 i = 0; i < 4; i++) {
		put(pdpt, i * 8, (BOOT_PD + i * PAGE_SIZE) | 3, 8);
	}
	for (u64 i = 0; i < 4 * 512; i++) {
		put(pd, i * 8, i << 21 | 0x83, 8);
	}
}

static struct kvm_segment flat_segment(u16 selector, u8 type, bool is_code)
{
	return (struct kvm_segment){
		.selector = selector,
		.limit = 0xffffffff,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.l = is_code,
		.db = !is_code,
	};
}

static void set_entry_state(struct vp *vp, u64 entry)
{
	struct kvm_regs regs = { .rip = entry, .rsi = BOOT_PARAMS, .rflags = 2 };
	struct kvm_sregs sregs;

	build_boot_tables(vp->vm);
	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	sregs.cs = flat_segment(BOOT_CS, 0xb, true);
	sregs.ss = flat_segment(BOOT_DS, 0x3, false);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss;
	sregs.gdt = (struct kvm_dtable){ .base = BOOT_GDT, .limit = BOOT_DS + 7 };
	sregs.cr0 = BIT(31) | BIT(5) | BIT(4) | BIT(0);
	sregs.cr3 = BOOT_PML4;
	sregs.cr4 = BIT(5);
	sregs.efer = BIT(8) | BIT(10);
	KVM(vp->fd, KVM_SET_SREGS, &sregs);
	KVM(vp->fd, KVM_SET_REGS, &regs);
}

/*
 * QEMU never intercepts XSETBV, so its KVM does not learn the guest's XCR0 and loads another one at
 * the next entry: there the guest must do without XSAVE and what needs it.
 */
static void hide_xsave(struct kvm_cpuid_entry2 *entry)
{
	switch (entry->function) {
	case 1:
		entry->ecx &= ~(u32)(BIT(12) | BIT(26) | BIT(27) | BIT(28) | BIT(29));
		break;
	case 7:
		entry->ebx &= ~(u32)(BIT(5) | GENMASK(17, 16) | BIT(21) | GENMASK(31, 30));
		entry->ecx &= ~(u32)(BIT(3) | GENMASK(10, 9));
		break;
	case 0xd:
		entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
		break;
	default:
		break;
	}
}

/* One package of `cpus` cores, by the leaves that both vendors' kernels read; KVM shows itself. */
static void set_cpuid(struct vp *vp, u32 cpus)
{
	bool has_xsave = machine_detect() != MACHINE_QEMU_SVM;
	struct cpuid_table table;

	vm_get_cpuid(vp->vm, &table);
	for (u32 i = 0; i < table.nent; i++) {
		struct kvm_cpuid_entry2 *entry = &table.entries[i];

		if (!has_xsave) {
			hide_xsave(entry);
		}
		switch (entry->function) {
		case 1:
			entry->ecx |= (u32)BIT(31);
			entry->ebx = (entry->ebx & 0xffff) | cpus << 16 | vp->id << 24;
			entry->edx = (entry->edx & (u32)~BIT(28)) | (cpus > 1 ? (u32)BIT(28) : 0);
			break;
		case 4:
			entry->eax &= 0x3fff;
			entry->eax |= (entry->eax & 0x1f) ? (cpus - 1) << 26 : 0;
			break;
		case 0xb:
		case 0x1f:
			entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
			break;
		case 0x80000005:
			/* KVM leaves it empty; kernels divide by the ways of a family 15h cache */
			entry->ecx = entry->edx = L1_CACHES;
			break;
		case 0x80000008:
			entry->ecx = cpus - 1;
			break;
		case 0x8000001e:
			entry->eax = vp->id;
			entry->ebx = vp->id;
			entry->ecx = 0;
			break;
		default:
			break;
		}
	}
	KVM(vp->fd, KVM_SET_CPUID2, &table);
}

static void set_serial_irq(bool level)
{
	struct kvm_irq_level line = { .irq = SERIAL_IRQ, .level = level };

	KVM(linux_vm->fd, KVM_IRQ_LINE, &line);
}

/* The first VP that sees the end decides. */
static __noreturn void end_run(int status, const char *how)
{
	static atomic_flag ended = ATOMIC_FLAG_INIT;

	while (atomic_flag_test_and_set(&ended)) {
		pause();
	}
	printf("vmm: the guest %s\n", how);
	fflush(stdout);
	_exit(status);
}

static void serve_io(struct vp *vp)
{
	struct kvm_run *run = vp->run;
	u8 *data = (u8 *)run + run->io.data_offset;

	for (u32 i = 0; i < run->io.count; i++, data += run->io.size) {
		u32 result = 0;

		switch (ports_access(run->io.port, run->io.direction == KVM_EXIT_IO_OUT,
				     run->io.size, data, &result)) {
		case PORTS_RESULT:
			end_run(result ? 1 : 0, result ? "ended with a failure" : "ended well");
		case PORTS_POWER_OFF:
			end_run(0, "switched itself off");
		case PORTS_RESET:
			end_run(1, "reset itself");
		default:
			break;
		}
	}
}

static void serve_linux(struct vp *vp)
{
	struct kvm_run *run = vp->run;

	for (;;) {
		switch (vp_run(vp)) {
		case KVM_EXIT_IO:
			serve_io(vp);
			break;
		case KVM_EXIT_MMIO:
			if (!run->mmio.is_write) {
				memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
			}
			break;
		case KVM_EXIT_SHUTDOWN:
			end_run(1, "took a triple fault");
		case KVM_EXIT_SYSTEM_EVENT:
			end_run(1, "raised a system event");
		default:
			fail_exit(vp, "an access to a device");
		}
	}
}

static u64 parse_number(const char *option, const char *text, u64 least, u64 most)
{
	char *end;
	u64 value = strtoull(text, &end, 10);

	CHECK(*text && !*end && value >= least && value <= most, "%s wants %llu to %llu", option,
	      (unsigned long long)least, (unsigned long long)most);
	return value;
}

static struct options parse_options(char *const arguments[])
{
	struct options options = {
		.append = "console=ttyS0 panic=-1", .cpus = 1, .memory_mib = 256, .seconds = 300
	};
	const struct {
		const char *name;
		const char **text;
		u64 *number;
		u64 least, most;
	} rows[] = {
		{ "--linux", &options.kernel, NULL, 0, 0 },
		{ "--initrd", &options.initrd, NULL, 0, 0 },
		{ "--append", &options.append, NULL, 0, 0 },
		{ "--cpus", NULL, &options.cpus, 1, MAX_VPS },
		{ "--memory", NULL, &options.memory_mib, 64, MAX_MEMORY_MIB },
		{ "--seconds", NULL, &options.seconds, 1, 86400 },
	};

	for (; *arguments; arguments += 2) {
		size_t i = 0;

		while (i < ARRAY_SIZE(rows) && strcmp(*arguments, rows[i].name) != 0) {
			i++;
		}
		CHECK(i < ARRAY_SIZE(rows), "unknown option %s", *arguments);
		CHECK(arguments[1], "%s wants a value", *arguments);
		if (rows[i].text) {
			*rows[i].text = arguments[1];
		} else {
			*rows[i].number = parse_number(rows[i].name, arguments[1], rows[i].least,
						       rows[i].most);
		}
	}
	return options;
}

int linux_main(char *const arguments[])
{
	struct options options = parse_options(arguments);
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct vm *vm = vm_create(MIB(options.memory_mib), true);
	u64 entry;

	linux_vm = vm;
	KVM(vm->fd, KVM_CREATE_PIT2, &pit);
	ports_init(STDOUT_FILENO, set_serial_irq);
	entry = load_linux(vm, &options);
	for (u32 i = 0; i < options.cpus; i++) {
		set_cpuid(vm_add_vp(vm), (u32)options.cpus);
	}
	set_entry_state(&vm->vps[0], entry);
	alarm((unsigned int)options.seconds);
	for (u32 i = 1; i < options.cpus; i++) {
		vp_start(&vm->vps[i], serve_linux);
	}
	serve_linux(&vm->vps[0]);
	return 2;
}
