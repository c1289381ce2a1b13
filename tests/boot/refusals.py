# SPDX-License-Identifier: MIT
"""Machines and L1 images that Plinth must refuse, and their neighbours that it must not."""
from images import CODE, LOAD_AT, Segment, bzimage, elf, segment
from machine import RUNNING, Shape
from rows import Row
from session import vmlinuz

GIB4 = 0xFFFFFFFF
SEGMENTS_17 = tuple(Segment(paddr=0x200000 + 0x1000 * n) for n in range(17))
NO_RAM = "segment lies where L1 has no RAM"
LONG = "x" * 1023


def machine(name, refused, **shape):
    return Row(f"refuse-{name}", shape=Shape(**{"memory": 128, **shape}), refused=refused)


def image(name, l1, refused):
    return Row(f"image-{name}", l1=l1, refused=refused)


def good(name, l1, **more):
    return Row(f"image-{name}", l1=l1, **more)


MACHINES = (
    machine("no-svm", r"no SVM.*-cpu", cpu="qemu64,-svm"),
    machine("intel", r"no VMX.*corei7_skylake_x", cpu="Skylake-Client"),
    machine("intel-uefi", r"no VMX.*corei7_skylake_x", cpu="Skylake-Client", firmware="uefi"),
    machine("no-npt", r"no nested paging.*-cpu", cpu="EPYC,-npt"),
    machine("16-mib-2cpu", r"too little memory.*more memory", memory=16, smp=2),
    machine("24-mib-4cpu", r"too little memory.*more memory", memory=24, smp=4),
    machine("40-mib-8cpu", r"too little memory.*more memory", memory=40, smp=8),
    Row("refuse-pool", options="l1.exit=0xf4 pool=128", refused=r"too little memory.*lower pool="),
    Row("refuse-pool-65536", options="l1.exit=0xf4 pool=65536", refused=r"lower pool="),
    Row("refuse-l1-mem", options="l1.exit=0xf4 l1.mem=1M", refused="L1"),
    Row("refuse-no-acpi", l1=None, refused="no L1 given", end=RUNNING,
        until="the machine does not power off: halted",
        shape=Shape(machine="pc", memory=128, more=("-no-acpi",))),
    Row("refuse-no-module", l1=None, refused=r"no L1 given.*module2"),
    Row("refuse-17-modules", modules=tuple((b"m", f"m{n}") for n in range(16)),
        refused="more than 16 modules"),
    Row("run-16-modules", modules=tuple((b"m", f"m{n}") for n in range(15)),
        says=("a Multiboot kernel, 15 modules",)),
    Row("run-24-mib", shape=Shape(memory=24)),
    Row("run-32-mib-2cpu", shape=Shape(memory=32, smp=2)),
    Row("run-48-mib-4cpu", shape=Shape(memory=48, smp=4)),
    Row("run-24-mib-4cpu-small-pool", shape=Shape(memory=24, smp=4),
        options="l1.exit=0xf4 pool=1 l1.cpus=2"),
)

LINES = (
    Row("line-l1-1023", text=LONG, says=(f"command line: {LONG[:200]}",)),
    Row("line-l1-1024", text=LONG + "x", refused="command line is longer than 1023"),
    Row("line-l1-16384", text=f"{LONG} " * 16, refused="command line is longer than 1023"),
    Row("line-module-1023", modules=((b"m", LONG),)),
    Row("line-module-1024", modules=((b"m", LONG + "x"),),
        refused="command line is longer than 1023"),
    Row("line-options-1023", options="l1.exit=0xf4 " + "x" * (1023 - 13),
        says=("unknown option 'x{31}': did you mean",)),
    Row("line-options-1024", options="l1.exit=0xf4 " + "x" * (1024 - 13),
        refused="command line is longer than 1023"),
    Row("line-linux", l1=bzimage(cmdline_size=10), text="12345678901",
        refused="longer than the kernel takes"),
    Row("line-linux-fits", l1=bzimage(cmdline_size=10), text="1234567890"),
)

ELF = (
    good("elf", elf()),
    image("empty", b"", "neither a bzImage nor a Multiboot1 kernel"),
    image("text", b"#!/bin/sh\necho hello\n" * 1000, "neither a bzImage nor a Multiboot1 kernel"),
    image("zeros", bytes(1 << 20), "neither a bzImage nor a Multiboot1 kernel"),
    image("elf-no-header", elf(magic=0x1BADB003), "neither a bzImage nor a Multiboot1"),
    image("elf-checksum", elf(checksum=0x12345678), "neither a bzImage nor a Multiboot1"),
    image("elf-late-header", elf(header_at=8192, segments=(Segment(offset=0),)),
          "neither a bzImage nor a Multiboot1"),
    image("elf-flags", elf(flags=0x8), "requires what Plinth does not offer"),
    image("elf-flags-video", elf(flags=0x4), "requires what Plinth does not offer"),
    good("elf-flags-known", elf(flags=0x3)),
    good("elf-flags-optional", elf(flags=0xFFFE0000)),
    image("elf-no-magic", elf(ident=b"\x7fELG\1\1\1"), "no ELF file"),
    image("elf-64", elf(ident=b"\x7fELF\2\1\1"), "not for 32-bit x86"),
    image("elf-big-endian", elf(ident=b"\x7fELF\1\2\1"), "not for 32-bit x86"),
    image("elf-arm", elf(machine=40), "not for 32-bit x86"),
    image("elf-object", elf(type=1), "no executable"),
    image("elf-phentsize", elf(phentsize=31), "program headers lie outside"),
    image("elf-phentsize-0", elf(phentsize=0), "program headers lie outside"),
    image("elf-phnum", elf(phnum=65535), "program headers lie outside"),
    image("elf-phoff", elf(phoff=0xFFFFFFF0), "program headers lie outside"),
    image("elf-no-segment", elf(phnum=0), "entry is outside"),
    image("elf-17-segments", elf(segments=SEGMENTS_17), "more than 16 segments"),
    good("elf-16-segments", elf(segments=SEGMENTS_17[:16])),
    *(image(f"elf-cut-{cut}", elf(cut=cut), why) for cut, why in (
        (20, "neither a bzImage nor a Multiboot1"), (0xFE8, "neither a bzImage nor a Multiboot1"),
        (0xFEC, "truncated"), (0x1000, "truncated"), (0x1000 + len(CODE) - 1, "truncated"))),
    image("elf-low", segment(paddr=0xA0000), NO_RAM),
    image("elf-over-rom", segment(paddr=0xF0000), NO_RAM),
    image("elf-above-ram", segment(paddr=0x10000000), NO_RAM),
    image("elf-over-apic", segment(paddr=0xFEE00000), NO_RAM),
    image("elf-straddles-hole", segment(paddr=0x9F000, memsz=0x2000), NO_RAM),
    image("elf-memsz-4g", segment(paddr=0x400000, memsz=GIB4), "ends above 4 GiB"),
    image("elf-filesz-4g", segment(paddr=0x400000, filesz=GIB4), "truncated"),
    image("elf-both-4g", segment(paddr=0, offset=0, filesz=GIB4, memsz=GIB4), "truncated"),
    image("elf-memsz-2g", segment(paddr=0x400000, memsz=0x80000000), NO_RAM),
    image("elf-wraps", segment(paddr=0xFFFFF000, memsz=0x2000), "ends above 4 GiB"),
    image("elf-offset", segment(paddr=0x400000, offset=0xFFFFFFF0), "truncated"),
    image("elf-filesz", segment(paddr=0x400000, memsz=16), "larger in the image than in memory"),
    image("elf-overlap", segment(paddr=LOAD_AT + len(CODE) - 1), "two segments overlap"),
    image("elf-same-place", segment(paddr=LOAD_AT), "two segments overlap"),
    image("elf-contained", segment(paddr=LOAD_AT - 0x1000, memsz=0x3000), "two segments overlap"),
    good("elf-touching", segment(paddr=LOAD_AT + len(CODE))),
    image("elf-entry-0", elf(entry=0), "entry is outside"),
    image("elf-entry-behind", elf(entry=LOAD_AT + len(CODE)), "entry is outside"),
    image("elf-entry-4g", elf(entry=GIB4), "entry is outside"),
    good("elf-virtual-entry", elf(segments=(Segment(vaddr=0xC0200000),), entry=0xC0200000)),
)

# A kernel that the header's own addresses place: all of the file from its header on.
AT = 0x1000 - 32
FLAG = 0x10000
ENTRY = LOAD_AT + 32
END = ENTRY + len(CODE)


def kludge(header=LOAD_AT, load=LOAD_AT, load_end=0, bss_end=0, entry=ENTRY):
    return elf(flags=FLAG, header_at=AT, addresses=(header, load, load_end, bss_end, entry))


ADDRESSES = (
    good("addresses", kludge()),
    good("addresses-bss", kludge(load_end=END, bss_end=0x400000)),
    image("addresses-cut", elf(flags=FLAG, header_at=AT, cut=AT + 20,
                               addresses=(LOAD_AT, LOAD_AT, 0, 0, ENTRY)), "cut off"),
    image("addresses-before", kludge(header=LOAD_AT - 4), "do not fit the image"),
    image("addresses-too-far", kludge(header=LOAD_AT + 0x2000), "do not fit the image"),
    image("addresses-end", kludge(load_end=LOAD_AT - 1), "load end is below"),
    image("addresses-long", kludge(load_end=0x80000000), "truncated"),
    image("addresses-bss-inside", kludge(load_end=END, bss_end=END - 1), "BSS ends inside"),
    image("addresses-bss-4g", kludge(load_end=END, bss_end=GIB4), NO_RAM),
    image("addresses-entry", kludge(entry=0x300000), "entry is outside"),
)

BZIMAGE = (
    good("linux", bzimage(), says=("a Linux kernel",)),
    *(image(f"linux-cut-{cut:#x}", bzimage(cut), why) for cut, why in (
        (0x100, "neither a bzImage nor"), (0x1FF, "neither a bzImage nor"),
        (0x206, "neither a bzImage nor"), (0x260, "neither a bzImage nor"),
        (0x290, "truncated"), (0xA00, "truncated"), (0xC00, "truncated"), (0x19FF, "truncated"))),
    image("linux-hdrs", bzimage(header=0x53726449), "neither a bzImage nor"),
    image("linux-boot-flag", bzimage(boot_flag=0x55AA), "neither a bzImage nor"),
    image("linux-2.05", bzimage(version=0x205), "older than 2.12"),
    image("linux-2.11", bzimage(version=0x20B), "older than 2.12"),
    image("linux-version-0", bzimage(version=0), "older than 2.12"),
    image("linux-no-64", bzimage(xloadflags=0), "no 64-bit entry"),
    image("linux-zimage", bzimage(loadflags=0), "no bzImage"),
    image("linux-setup-sects", bzimage(setup_sects=255), "truncated"),
    image("linux-setup-sects-5", bzimage(setup_sects=5), "truncated"),
    good("linux-setup-sects-0", bzimage(setup_sects=0)),
    image("linux-syssize", bzimage(syssize=GIB4), "truncated"),
    image("linux-syssize-0", bzimage(syssize=0), "no code"),
    image("linux-short-header", bzimage(jump=0x10EB), "header is cut off"),
    image("linux-init-size", bzimage(init_size=GIB4), "no room in L1's RAM"),
    image("linux-alignment", bzimage(kernel_alignment=3, pref_address=0), "no power of two"),
    image("linux-alignment-0", bzimage(kernel_alignment=0, pref_address=0), "no power of two"),
    image("linux-fixed", bzimage(relocatable_kernel=0, pref_address=0xFFFFFFFFFFFFF000),
          "not relocatable"),
    image("linux-prefers-4g", bzimage(pref_address=0xFFFFFFFFFFFFF000), "no room in L1's RAM"),
    good("linux-prefers-0", bzimage(pref_address=0)),
    Row("image-linux-initrd-nowhere", l1=bzimage(initrd_addr_max=0, xloadflags=1),
        modules=((b"initrd", ""),), refused="no room in L1's RAM for the initrd"),
    Row("image-linux-initrd", l1=bzimage(), modules=((b"initrd", ""), (b"more", ""))),
)



def cut(numerator, denominator, less=0):
    """Debian's kernel with its end missing."""
    def make(build):
        image = vmlinuz(build)
        return image[:len(image) * numerator // denominator - less]
    return make


DEBIAN = (
    image("vmlinuz-cut-header", lambda build: vmlinuz(build)[:0x230], "neither a bzImage nor"),
    image("vmlinuz-cut-setup", lambda build: vmlinuz(build)[:0x2000], "truncated"),
    image("vmlinuz-cut-half", cut(1, 2), "truncated"),
    image("vmlinuz-cut-tail", cut(1, 1, 0x10000), "truncated"),
    Row("image-vmlinuz-no-room", l1=vmlinuz, shape=Shape(memory=40), refused="too little|no room"),
)

CASES = MACHINES + LINES + ELF + ADDRESSES + BZIMAGE + DEBIAN
