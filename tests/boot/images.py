# SPDX-License-Identifier: MIT
"""L1 images that are made here: the smallest good ones, and ways to damage them.

A good one writes 0 to port F4h. Field names are those of the ELF specification,
of Multiboot and of the Linux boot protocol.
"""
import struct
from dataclasses import dataclass

MB_MAGIC = 0x1BADB002
MB_HEADER_AT = 0x1000 - 12      # in the file, right before the first segment's bytes
CODE = bytes.fromhex("31c0e6f4fa f4ebfc".replace(" ", ""))  # xor eax,eax; out F4h,al; cli; hlt
LOAD_AT = 0x200000
PAGE = 0x1000


@dataclass
class Segment:
    """A program header, and the bytes at its offset."""
    data: bytes = CODE
    type: int = 1               # PT_LOAD
    offset: int = -1            # -1: where the bytes are
    vaddr: int = -1             # -1: paddr
    paddr: int = LOAD_AT
    filesz: int = -1            # -1: the length of the bytes
    memsz: int = -1             # -1: filesz


@dataclass
class Elf:
    """A Multiboot1 kernel as ELF32."""
    segments: tuple = (Segment(),)
    entry: int = LOAD_AT
    magic: int = MB_MAGIC
    flags: int = 0
    checksum: int = -1          # -1: the right one
    addresses: tuple = ()       # of the header: header, load, load end, BSS end, entry
    header_at: int = MB_HEADER_AT - 20
    ident: bytes = b"\x7fELF\1\1\1"
    type: int = 2               # ET_EXEC
    machine: int = 3            # EM_386
    phentsize: int = 32
    phnum: int = -1             # -1: as many as there are
    phoff: int = 52
    cut: int = -1               # length of the file, -1: all of it

    def header(self):
        checksum = -(self.magic + self.flags) if self.checksum < 0 else self.checksum
        words = (self.magic, self.flags, checksum, *self.addresses)
        return struct.pack(f"<{len(words)}I", *(word & 0xFFFFFFFF for word in words))

    def build(self):
        body, headers = bytearray(), bytearray()
        for s in self.segments:
            filesz = len(s.data) if s.filesz < 0 else s.filesz
            headers += struct.pack(
                "<8I", s.type, PAGE + len(body) if s.offset < 0 else s.offset,
                s.paddr if s.vaddr < 0 else s.vaddr, s.paddr, filesz,
                filesz if s.memsz < 0 else s.memsz, 7, PAGE)
            body += s.data
        phnum = len(self.segments) if self.phnum < 0 else self.phnum
        image = bytearray(self.ident.ljust(16, b"\0"))
        image += struct.pack("<HHIIIIIHHHHHH", self.type, self.machine, 1, self.entry, self.phoff,
                             0, 0, 52, self.phentsize, phnum, 40, 0, 0)
        image += headers
        image += bytes(max(0, self.header_at - len(image)))
        image[self.header_at:self.header_at + len(self.header())] = self.header()
        image += bytes(max(0, PAGE - len(image)))
        image += body
        return bytes(image if self.cut < 0 else image[:self.cut])


def elf(**changes):
    return Elf(**changes).build()


def segment(**changes):
    """An ELF kernel whose second segment is the odd one."""
    return elf(segments=(Segment(), Segment(data=b"x" * 64, **changes)))


SETUP_SECTS = 4
SECTOR = 512
CODE_SIZE = 0x1000
ENTRY_64 = 0x200

# name: (offset, format)
BZIMAGE_FIELDS = {
    "setup_sects": (0x1F1, "B"), "syssize": (0x1F4, "I"), "boot_flag": (0x1FE, "H"),
    "jump": (0x200, "H"), "header": (0x202, "I"), "version": (0x206, "H"),
    "loadflags": (0x211, "B"), "initrd_addr_max": (0x22C, "I"),
    "kernel_alignment": (0x230, "I"), "relocatable_kernel": (0x234, "B"),
    "xloadflags": (0x236, "H"), "cmdline_size": (0x238, "I"), "pref_address": (0x258, "Q"),
    "init_size": (0x260, "I"), "handover_offset": (0x264, "I"),
}
BZIMAGE_GOOD = {
    "setup_sects": SETUP_SECTS, "syssize": CODE_SIZE // 16, "boot_flag": 0xAA55,
    "jump": 0x6AEB, "header": 0x53726448, "version": 0x20F, "loadflags": 1,
    "initrd_addr_max": 0x7FFFFFFF, "kernel_alignment": 0x200000, "relocatable_kernel": 1,
    "xloadflags": 3, "cmdline_size": 2047, "pref_address": 0x1000000, "init_size": 0x10000,
    "handover_offset": 0,
}


def bzimage(cut=-1, **changes):
    """A Linux kernel of protocol 2.15 that does nothing but write to port F4h."""
    setup = bytearray(SECTOR * (1 + SETUP_SECTS))
    for name, value in {**BZIMAGE_GOOD, **changes}.items():
        at, form = BZIMAGE_FIELDS[name]
        struct.pack_into("<" + form, setup, at, value)
    code = bytearray(CODE_SIZE)
    code[ENTRY_64:ENTRY_64 + len(CODE)] = CODE
    image = bytes(setup + code)
    return image if cut < 0 else image[:cut]
