# SPDX-License-Identifier: MIT
"""Boot information and ACPI tables that are broken: one clear message, no fault, never a hang."""
import struct

import loader
from loader import L1_AT, RAM, RESERVED, acpi, ioapic, lapic, memory_map, override, tag
from machine import RUNNING, Shape
from rows import DIRECT, Row

MEMORY = DIRECT.memory
HUGE = 0xFFFFFFFF
SELF = loader.PLINTH_AT
HEAP_END = (MEMORY - 2) << 20  # Plinth's heap ends where the RAM does that starts at 1 MiB


def info(name, refused="", says=(), total=None, **tags):
    """A start with some tags other than the good ones; None leaves one out."""
    build = (lambda all_tags: loader.information(all_tags, total)) if total is not None else None
    return Row(f"info-{name}", direct=tags, shape=DIRECT, refused=refused, says=says, info=build)


def raw(name, data, refused):
    return Row(f"info-{name}", direct={}, shape=DIRECT, refused=refused, info=lambda _: data)


def kernel(start, end, **more):
    return loader.module(start, end, **more)


GOOD_RAM = loader.ram(MEMORY)
SHUFFLED = [GOOD_RAM[3], GOOD_RAM[0], GOOD_RAM[4], (0x5000, 0, RAM), GOOD_RAM[1], GOOD_RAM[2]]
OVERLAPPING = GOOD_RAM + [(0x100000, 0x4000000, RAM), (0x2000000, 0x1000, RESERVED),
                          (0, 0x9FC00, RAM), (0xA0000, 0x60000, RESERVED)]
WRAPPING = GOOD_RAM + [(0xFFFFFFFFFFFFF000, 0x10000, RAM), (0xFFFFFFFFFFFFFFFF, 1, RESERVED),
                       (1 << 63, 1 << 63, RAM), (0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, RAM)]
SHREDDED = [GOOD_RAM[0]] + [(0x1000000 + 0x2000 * n, 0x1000, RAM) for n in range(250)]
TYPES = GOOD_RAM + [(0x10000000 + 0x1000 * n, 0x1000, n) for n in range(20)]

INFORMATION = (
    info("good"),
    Row("info-bad-magic", direct={}, shape=DIRECT, magic=0x2BADB002,
        refused="not started by a Multiboot2 loader"),
    info("size-0", "impossible size", total=0),
    info("size-15", "impossible size", total=15),
    info("size-4g", "impossible size", total=HUGE),
    info("cut-in-tag", "impossible size|end tag is missing", total=40),
    info("no-end", "impossible size|end tag is missing", total=8 + 24 * 5),
    raw("empty", loader.information([loader.END]), "there is no memory map"),
    raw("tag-size-0", loader.information([tag(1, size=0)] * 4), "tag has an impossible size"),
    raw("tag-size-7", loader.information([tag(1, size=7)] * 4), "tag has an impossible size"),
    raw("tag-size-4g", loader.information([tag(1, size=HUGE)] * 4), "tag has an impossible size"),
    info("unknown-tag", odd=tag(0x12345678, b"x" * 99)),
    info("no-map", "there is no memory map", map=None),
    info("map-cut", "memory map tag is cut off", map=tag(6, b"")),
    info("map-entry-0", "shorter than 24", map=memory_map(GOOD_RAM, entry_size=0)),
    info("map-entry-23", "shorter than 24", map=memory_map(GOOD_RAM, entry_size=23)),
    info("map-entry-4g", "ends inside an entry",
         map=tag(6, struct.pack("<II", HUGE, 0) + bytes(48))),
    info("map-entry-40", map=memory_map(GOOD_RAM, entry_size=40)),
    info("map-ends-inside", "ends inside an entry",
         map=tag(6, struct.pack("<II", 24, 0) + bytes(40))),
    info("map-257", "more than 256 entries", map=memory_map([(0, 0x1000, RAM)] * 257)),
    info("map-no-ram", "memory|RAM", map=memory_map([(0, 1 << 30, RESERVED)])),
    info("map-empty-entries", "memory|RAM", map=memory_map([(0x1000, 0, RAM)] * 3)),
    info("map-shuffled", map=memory_map(SHUFFLED)),
    info("map-overlapping", map=memory_map(OVERLAPPING)),
    info("map-wrapping", map=memory_map(WRAPPING)),
    info("map-twice", map=memory_map(GOOD_RAM) * 2),
    info("map-types", map=memory_map(TYPES)),
    info("map-shredded", "too little memory", map=memory_map(SHREDDED)),
    info("map-no-low-memory", map=memory_map(GOOD_RAM[2:])),
    info("module-cut", "module tag is cut off", l1=tag(3, b"1234")),
    info("module-backwards", "ends before it starts", l1=kernel(L1_AT + 10, L1_AT)),
    info("module-empty", "neither a bzImage nor", l1=kernel(L1_AT, L1_AT)),
    info("module-unterminated", l1=kernel(L1_AT, L1_AT + 0x2000, text=b"no zero")),
    info("module-4g", "outside of RAM|too little memory", l1=kernel(0, HUGE)),
    info("module-above-ram", "outside of RAM", l1=kernel(0xF0000000, 0xF0001000)),
    info("module-in-hole", "outside of RAM", l1=kernel(0x9F000, 0xA1000)),
    info("module-over-plinth", "outside of RAM", l1=kernel(SELF, SELF + 0x1000)),
    info("module-most-of-ram", "neither a bzImage nor", l1=kernel(0x600000, 0x6000000)),
    info("modules-most-of-ram", "too little memory", l1=kernel(0x900000, 0x4800000),
         more=kernel(0x900000, 0x4800000)),
    info("modules-same-place", says=("a Multiboot kernel, 1 modules",),
         more=kernel(L1_AT, L1_AT + 0x2000)),
    info("modules-overlap", more=kernel(L1_AT + 0x800, L1_AT + 0x3000)),
    info("rsdp-cut", "RSDP tag is cut off", rsdp=tag(14, b"RSD PTR ")),
    Row("info-rsdp-zero", direct={"rsdp": tag(14, bytes(20))}, shape=DIRECT, end=RUNNING,
        says=("RSDP: has a wrong signature or checksum", "no ACPI tables")),
)


def tables(name, made, says=(), **more):
    return Row(f"acpi-{name}", direct={}, shape=more.pop("shape", DIRECT), tables=made, says=says,
               **more)


def root_of(*addresses):
    """The root names these tables, behind those that belong there."""
    return lambda good: good + list(addresses)


def no_shell(name, entries, why):
    return tables(name, acpi(madt_entries=[lapic(0), *entries]), (f"shell: off: .*{why}",))


# From here on the machine's way to power off is lost.
def powerless(name, made, says, **more):
    return tables(name, made, says, end=RUNNING, **more)


TWO_CPUS = Shape(boot="direct", memory=MEMORY, smp=2)

ACPI = (
    tables("good", acpi(), never=("ACPI: ",)),
    tables("cpu-does-not-come", acpi(cpus=(0, 5)),
           (r"CPU with APIC id 5 stays off: no answer within 500 ms", "1 CPUs, .* L1 starts")),
    tables("cpu-between-does-not-come", acpi(cpus=(0, 7, 1)),
           (r"CPU with APIC id 7 stays off", "2 CPUs, .* L1 starts"),
           shape=TWO_CPUS, l1="smp", text="cpus=2"),
    tables("6-cpus-do-not-come", acpi(cpus=(0, *range(5, 11), 1)),
           (r"APIC id 10 stays off: no answer", "2 CPUs, .* L1 starts"), shape=TWO_CPUS, l1="smp",
           text="cpus=2", seconds=30),
    tables("cpu-twice", acpi(cpus=(0, 1, 1, 0)), ("2 CPUs, .* L1 starts",), shape=TWO_CPUS),
    tables("boot-cpu-missing", acpi(cpus=(1,)), shape=TWO_CPUS),
    tables("cpus-not-enabled", acpi(madt_entries=[lapic(0), ioapic()] + [lapic(n, 0)
                                                                         for n in range(1, 200)]),
           ("1 CPUs, .* L1 starts",), never=("stays off",)),
    tables("cpus-online-capable", acpi(madt_entries=[lapic(0), ioapic()] + [lapic(n, 2)
                                                                           for n in range(1, 200)]),
           ("1 CPUs, .* L1 starts",), never=("stays off",)),
    powerless("rsdp-checksum", acpi(rsdp_kw={"wrong": True}),
              ("RSDP: has a wrong signature or checksum", "no ACPI tables")),
    powerless("root-checksum", acpi(root_kw={"wrong": True}),
              ("RSDT: has a wrong checksum", "no ACPI tables")),
    powerless("root-length-0", acpi(root_kw={"length": 0}), ("RSDT: has an impossible length",)),
    powerless("root-length-4g", acpi(root_kw={"length": HUGE}),
              ("RSDT: has an impossible length",)),
    tables("root-odd-addresses", acpi(root=root_of(0, HUGE, 0xFFFFFFF0, 0xF0000000)),
           ("root: names a table at an address that cannot be read",)),
    tables("root-names-itself", acpi(root=root_of(loader.TABLES_AT))),
    tables("root-300", acpi(root=root_of(*[loader.TABLES_AT] * 300)),
           ("root: names more than 256 tables",)),
    tables("madt-checksum", acpi(cpus=(0, 1), madt_kw={"wrong": True}),
           ("APIC: has a wrong checksum", "1 CPUs, .* L1 starts"), shape=TWO_CPUS),
    tables("madt-length", acpi(madt_kw={"length": 40}), ("APIC: ",)),
    tables("madt-entry-0", acpi(madt_entries=[lapic(0), b"\0\0\0\0", lapic(1)]),
           ("APIC: has an entry of impossible length",)),
    tables("madt-entry-long", acpi(madt_entries=[lapic(0), b"\0\xff\0\0"]),
           ("APIC: has an entry of impossible length",)),
    tables("madt-entry-short", acpi(madt_entries=[lapic(0), b"\0\4\1\1", b"\1\4\0\0"]),
           ("APIC: has an entry that is too short",)),
    tables("madt-empty", acpi(madt_entries=[]), ("1 CPUs, .* L1 starts",)),
    tables("ioapic-17", acpi(madt_entries=[lapic(0)] + [ioapic(gsi_base=24 * n)
                                                        for n in range(17)]),
           ("APIC: has more than 16 I/O APICs",)),
    no_shell("no-ioapic", [], "ACPI describes no I/O APIC"),
    no_shell("ioapic-above", [ioapic(gsi_base=4)], "ACPI describes no I/O APIC"),
    no_shell("ioapic-in-ram", [ioapic(0x2000000)], "address of the I/O APIC is impossible"),
    no_shell("ioapic-in-plinth", [ioapic(SELF + 0x1000)], "the I/O APIC is impossible"),
    no_shell("ioapic-in-heap", [ioapic(HEAP_END - 0x200000)], "the I/O APIC is impossible"),
    no_shell("ioapic-unaligned", [ioapic(0xFEC00FF8)], "the I/O APIC is impossible"),
    no_shell("ioapic-nowhere", [ioapic(0xE0000000)], "the I/O APIC has no pin"),
    no_shell("irq3-gsi-24", [ioapic(), override(3, 24)], "the I/O APIC has no pin"),
    no_shell("irq3-gsi-120", [ioapic(), override(3, 120)], "the I/O APIC has no pin"),
    no_shell("irq3-gsi-4g", [ioapic(), override(3, HUGE)], "the I/O APIC has no pin"),
    tables("ioapics-two", acpi(madt_entries=[lapic(0), ioapic(0xE0000000, gsi_base=24), ioapic()]),
           ("shell: on COM2$",)),
    powerless("dsdt-checksum", acpi(dsdt_kw={"wrong": True}), ("DSDT: has a wrong checksum",)),
    powerless("dsdt-length", acpi(dsdt_kw={"length": 8}), ("DSDT: has an impossible length",)),
    powerless("fadt-short", acpi(fadt_size=100), ("FACP: is too short",)),
    powerless("fadt-checksum", acpi(fadt_kw={"wrong": True}), ("FACP: has a wrong checksum",)),
    powerless("no-pm1", acpi(pm1a=0), ("L1 starts",)),
    powerless("pm1-4g", acpi(pm1a=0x10000), ("FACP: has a register above the I/O ports",)),
)

CASES = INFORMATION + ACPI
