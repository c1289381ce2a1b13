# SPDX-License-Identifier: MIT
"""Plinth started without GRUB: with whatever boot information and ACPI tables a test makes up.

direct_image() packs Plinth, the information, the tables and L1 into one
Multiboot1 kernel, which QEMU loads itself. Tag and field names are those of
Multiboot2 and of ACPI.
"""
import struct

import images

MAGIC = 0x36D76289
RAM, RESERVED = 1, 2
STUB_AT, INFO_AT, TABLES_AT, PLINTH_AT, L1_AT = 0x100000, 0x110000, 0x140000, 0x400000, 0x800000
IMAGE_VA = 0xFFFFFFFF80000000
TAG_CMDLINE, TAG_MODULE, TAG_MMAP, TAG_ACPI_OLD, TAG_ACPI_NEW = 1, 3, 6, 14, 15


# Multiboot2.

def tag(kind, body=b"", size=None):
    data = struct.pack("<II", kind, 8 + len(body) if size is None else size) + body
    return data + bytes(-len(data) % 8)


def module(start, end, text=b"l1\0", **kw):
    return tag(TAG_MODULE, struct.pack("<II", start, end) + text, **kw)


def memory_map(entries, entry_size=24, **kw):
    body = struct.pack("<II", entry_size, 0)
    for base, length, kind in entries:
        body += struct.pack("<QQII", base, length, kind, 0).ljust(max(0, entry_size), b"\0")
    return tag(TAG_MMAP, body, **kw)


END = tag(0)


def ram(memory):
    """What a PC with so many MiB says; the firmware's tables are in the last one."""
    return [(0, 0x9FC00, RAM), (0x9FC00, 0x400, RESERVED), (0xF0000, 0x10000, RESERVED),
            (0x100000, (memory - 2) << 20, RAM), ((memory - 1) << 20, 1 << 20, RESERVED)]


def information(tags, total=None):
    body = b"".join(tags)
    return struct.pack("<II", 8 + len(body) if total is None else total, 0) + body


# ACPI.

def checked(data, at, wrong=False):
    """With its sum made right at the offset, or wrong by one."""
    data = bytearray(data)
    data[at] = (-sum(data) + data[at] + wrong) & 0xFF
    return bytes(data)


def table(name, body=b"", length=None, wrong=False):
    length = 36 + len(body) if length is None else length
    data = name + struct.pack("<IBB6s8sI4sI", length, 3, 0, b"PLINTH", b"BOOTTEST", 1, b"TEST", 1)
    return checked(data + body, 9, wrong)


def rsdp(rsdt, xsdt=0, revision=2, wrong=False, wrong_extended=False):
    data = b"RSD PTR " + struct.pack("<B6sBI", 0, b"PLINTH", revision, rsdt)
    data = checked(data, 8, wrong)
    if revision < 2:
        return data
    return checked(data + struct.pack("<IQB3x", 36, xsdt, 0), 32, wrong_extended)


def lapic(apic_id, flags=1):
    return struct.pack("<BBBBI", 0, 8, apic_id, apic_id, flags)


def ioapic(address=0xFEC00000, gsi_base=0):
    return struct.pack("<BBBBII", 1, 12, 0, 0, address, gsi_base)


def override(irq, gsi, flags=0):
    return struct.pack("<BBBBIH", 2, 10, 0, irq, gsi, flags)


def madt(entries, **kw):
    return table(b"APIC", struct.pack("<II", 0xFEE00000, 1) + b"".join(entries), **kw)


# \_S5_ = Package (4) { 0, 0, 0, 0 }
DSDT_BODY = bytes.fromhex("085f53355f12060400000000")


def fadt(dsdt, pm1a=0x604, timer=0x608, size=116, **kw):
    body = bytearray(size - 36)
    struct.pack_into("<I", body, 40 - 36, dsdt)
    struct.pack_into("<I", body, 64 - 36, pm1a)
    struct.pack_into("<I", body, 76 - 36, timer)
    return table(b"FACP", bytes(body), **kw)


class Tables:
    """Tables one behind the other from TABLES_AT; made(...) gives their bytes and the RSDP."""

    def __init__(self):
        self.data = bytearray()

    def put(self, data):
        self.data += bytes(-len(self.data) % 16)
        at = TABLES_AT + len(self.data)
        self.data += data
        return at


def acpi(cpus=(0,), madt_entries=None, madt_kw=None, dsdt_kw=None, fadt_kw=None, fadt_size=116,
         pm1a=0x604, root=None, root_kw=None, rsdp_kw=None):
    """(RSDP, bytes of the tables): a q35's, with each part made as the caller says.

    root: a function of the table addresses that gives the root's entries.
    """
    t = Tables()
    dsdt = t.put(table(b"DSDT", DSDT_BODY, **(dsdt_kw or {})))
    entries = madt_entries if madt_entries is not None else [lapic(n) for n in cpus] + [ioapic()]
    addresses = [t.put(fadt(dsdt, pm1a=pm1a, size=fadt_size, **(fadt_kw or {}))),
                 t.put(madt(entries, **(madt_kw or {})))]
    addresses = root(addresses) if root else addresses
    body = struct.pack(f"<{len(addresses)}I", *addresses)
    at = t.put(table(b"RSDT", body, **(root_kw or {})))
    return rsdp(at, revision=0, **(rsdp_kw or {})), bytes(t.data)


# The image.

def plinth_flat(path):
    """(bytes from its first to its last, entry's offset) of Plinth's ELF64."""
    with open(path, "rb") as file:
        elf = file.read()
    entry, phoff = struct.unpack_from("<QQ", elf, 24)
    phentsize, phnum = struct.unpack_from("<HH", elf, 54)
    flat = bytearray()
    for n in range(phnum):
        kind, _, offset, vaddr, _, filesz, memsz = struct.unpack_from("<IIQQQQQ", elf,
                                                                      phoff + n * phentsize)
        if kind == 1:
            at = vaddr - IMAGE_VA
            flat += bytes(max(0, at + memsz - len(flat)))
            flat[at:at + filesz] = elf[offset:offset + filesz]
    return bytes(flat), entry - IMAGE_VA


def stub(entry, magic):
    """mov eax, magic; mov ebx, INFO_AT; mov ecx, entry; jmp ecx"""
    return struct.pack("<BIBIBIH", 0xB8, magic, 0xBB, INFO_AT, 0xB9, entry, 0xE1FF)


def direct_image(plinth, info, tables=b"", l1=b"", magic=MAGIC):
    flat, entry = plinth_flat(plinth)
    pieces = [(STUB_AT, stub(PLINTH_AT + entry, magic)), (INFO_AT, info), (TABLES_AT, tables),
              (PLINTH_AT, flat), (L1_AT, l1)]
    segments = tuple(images.Segment(data=data, paddr=at) for at, data in pieces if data)
    return images.Elf(segments=segments, entry=STUB_AT).build()


def default_tags(l1_size, memory, options="l1.exit=0xf4"):
    """The tags of a good start, by name, for a row to change."""
    return {"options": tag(TAG_CMDLINE, options.encode() + b"\0"),
            "map": memory_map(ram(memory)),
            "l1": module(L1_AT, L1_AT + l1_size)}
