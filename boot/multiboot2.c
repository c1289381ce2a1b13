/* SPDX-License-Identifier: MIT */
/*
 * Owns the tags of Multiboot2's boot information [Multiboot2 "Boot information"]. A table says how
 * long each kind is at least and who reads it. Knows nothing of memory beyond the structure that
 * it was handed: modules, tables and the framebuffer stay addresses.
 */
#include "boot/multiboot2.h"
#include "lib/bits.h"
#include "lib/string.h"

#define TAG_END		     0
#define TAG_CMDLINE	     1
#define TAG_LOADER_NAME	     2
#define TAG_MODULE	     3
#define TAG_MMAP	     6
#define TAG_FRAMEBUFFER	     8
#define TAG_EFI32	     11
#define TAG_EFI64	     12
#define TAG_ACPI_OLD	     14
#define TAG_ACPI_NEW	     15
#define TAG_EFI_BS	     18
#define TAG_LOAD_BASE	     21
#define RSDP_V1_SIZE	     20u
#define FRAMEBUFFER_RGB_SIZE 38u

struct mb2_header {
	u32 total_size;
	u32 reserved;
};
ASSERT_SIZE(struct mb2_header, 8);

struct mb2_tag {
	u32 type;
	u32 size;
};
ASSERT_SIZE(struct mb2_tag, 8);

struct mb2_module {
	struct mb2_tag tag;
	u32 start;
	u32 end;
};
ASSERT_SIZE(struct mb2_module, 16);

struct mb2_mmap {
	struct mb2_tag tag;
	u32 entry_size;
	u32 entry_version;
};
ASSERT_SIZE(struct mb2_mmap, 16);

struct mb2_mmap_entry {
	u64 base;
	u64 len;
	u32 type;
	u32 reserved;
};
ASSERT_SIZE(struct mb2_mmap_entry, 24);

struct mb2_framebuffer {
	struct mb2_tag tag;
	u64 addr;
	u32 pitch;
	u32 width;
	u32 height;
	u8 bpp;
	u8 type;
	u16 reserved;
};
ASSERT_SIZE(struct mb2_framebuffer, 32);
ASSERT_OFFSET(struct mb2_framebuffer, bpp, 28);

/* Copies the string of a tag, which may be unterminated. Returns whether it fits. */
static bool copy_text(char *dst, size_t dst_size, const u8 *text, size_t room)
{
	size_t len = strnlen((const char *)text, room);

	if (len >= dst_size) {
		return false;
	}
	memcpy(dst, text, len);
	dst[len] = '\0';
	return true;
}

static const char *read_cmdline(const u8 *tag, u32 size, struct boot_info *out)
{
	if (!copy_text(out->cmdline, sizeof(out->cmdline), tag + 8, size - 8)) {
		return "Multiboot2: the command line is longer than 1023 characters";
	}
	return NULL;
}

static const char *read_loader_name(const u8 *tag, u32 size, struct boot_info *out)
{
	size_t len = strnlen((const char *)tag + 8, size - 8);

	/* Only printed: a long name is cut. */
	len = MIN(len, sizeof(out->loader) - 1);
	memcpy(out->loader, tag + 8, len);
	out->loader[len] = '\0';
	return NULL;
}

static const char *read_module(const u8 *tag, u32 size, struct boot_info *out)
{
	struct boot_module *module = &out->modules[out->module_count];
	struct mb2_module m;

	if (out->module_count == BOOT_MODULES_MAX) {
		return "Multiboot2: more than 16 modules";
	}
	memcpy(&m, tag, sizeof(m));
	if (m.end < m.start) {
		return "Multiboot2: a module ends before it starts";
	}
	if (!copy_text(module->cmdline, sizeof(module->cmdline), tag + sizeof(m),
		       size - sizeof(m))) {
		return "Multiboot2: a module's command line is longer than 1023 characters";
	}
	module->start = m.start;
	module->end = m.end;
	out->module_count++;
	return NULL;
}

static const char *read_mmap(const u8 *tag, u32 size, struct boot_info *out)
{
	struct mb2_mmap header;
	struct mb2_mmap_entry entry;
	u32 at;

	memcpy(&header, tag, sizeof(header));
	if (header.entry_size < sizeof(entry)) {
		return "Multiboot2: the memory map's entries are shorter than 24 bytes";
	}
	if ((size - sizeof(header)) % header.entry_size != 0) {
		return "Multiboot2: the memory map ends inside an entry";
	}
	for (at = sizeof(header); at < size; at += header.entry_size) {
		if (out->mmap_count == BOOT_MMAP_MAX) {
			return "Multiboot2: more than 256 entries in the memory map";
		}
		memcpy(&entry, tag + at, sizeof(entry));
		out->mmap[out->mmap_count++] = (struct boot_mmap){ .base = entry.base,
								   .len = entry.len,
								   .type = entry.type };
	}
	return NULL;
}

static const char *read_framebuffer(const u8 *tag, u32 size, struct boot_info *out)
{
	struct boot_framebuffer *fb = &out->framebuffer;
	struct mb2_framebuffer f;

	memcpy(&f, tag, sizeof(f));
	*fb = (struct boot_framebuffer){ .present = true,
					 .type = f.type,
					 .bpp = f.bpp,
					 .pitch = f.pitch,
					 .width = f.width,
					 .height = f.height,
					 .addr = f.addr };
	if (f.type == BOOT_FB_RGB) {
		if (size < FRAMEBUFFER_RGB_SIZE) {
			return "Multiboot2: the framebuffer's colours are cut off";
		}
		for (u32 i = 0; i < 3; i++) {
			fb->color_pos[i] = tag[sizeof(f) + 2 * i];
			fb->color_size[i] = tag[sizeof(f) + 2 * i + 1];
		}
	}
	return NULL;
}

static const char *read_efi32(const u8 *tag, u32 size, struct boot_info *out)
{
	u32 pointer;

	(void)size;
	memcpy(&pointer, tag + 8, sizeof(pointer));
	out->efi_system_table = pointer;
	return NULL;
}

static const char *read_efi64(const u8 *tag, u32 size, struct boot_info *out)
{
	(void)size;
	memcpy(&out->efi_system_table, tag + 8, sizeof(out->efi_system_table));
	return NULL;
}

static const char *read_efi_bs(const u8 *tag, u32 size, struct boot_info *out)
{
	(void)tag;
	(void)size;
	out->efi_boot_services = true;
	return NULL;
}

static const char *read_rsdp(const u8 *tag, u32 size, struct boot_info *out)
{
	u32 len = size - 8 >= BOOT_RSDP_MAX ? BOOT_RSDP_MAX : RSDP_V1_SIZE;

	/* Loaders give both versions where both exist; the newer one names the XSDT. */
	if (len >= out->rsdp_len) {
		memcpy(out->rsdp, tag + 8, len);
		out->rsdp_len = len;
	}
	return NULL;
}

static const char *read_load_base(const u8 *tag, u32 size, struct boot_info *out)
{
	u32 base;

	(void)size;
	memcpy(&base, tag + 8, sizeof(base));
	out->load_base = base;
	out->has_load_base = true;
	return NULL;
}

static const struct tag_row {
	u32 type;
	u32 min_size;
	const char *(*read)(const u8 *tag, u32 size, struct boot_info *out);
	const char *too_short;
} tag_rows[] = {
	{ TAG_CMDLINE, 8, read_cmdline, NULL },
	{ TAG_LOADER_NAME, 8, read_loader_name, NULL },
	{ TAG_MODULE, sizeof(struct mb2_module), read_module,
	  "Multiboot2: a module tag is cut off" },
	{ TAG_MMAP, sizeof(struct mb2_mmap), read_mmap,
	  "Multiboot2: the memory map tag is cut off" },
	{ TAG_FRAMEBUFFER, sizeof(struct mb2_framebuffer), read_framebuffer,
	  "Multiboot2: the framebuffer tag is cut off" },
	{ TAG_EFI32, 12, read_efi32, "Multiboot2: the EFI system table tag is cut off" },
	{ TAG_EFI64, 16, read_efi64, "Multiboot2: the EFI system table tag is cut off" },
	{ TAG_ACPI_OLD, 8 + RSDP_V1_SIZE, read_rsdp, "Multiboot2: the ACPI RSDP tag is cut off" },
	{ TAG_ACPI_NEW, 8 + BOOT_RSDP_MAX, read_rsdp, "Multiboot2: the ACPI RSDP tag is cut off" },
	{ TAG_EFI_BS, 8, read_efi_bs, NULL },
	{ TAG_LOAD_BASE, 12, read_load_base, "Multiboot2: the load base tag is cut off" },
};

static const char *read_tag(const u8 *at, struct mb2_tag tag, struct boot_info *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(tag_rows); i++) {
		const struct tag_row *row = &tag_rows[i];

		if (row->type == tag.type) {
			return tag.size < row->min_size ? row->too_short
							: row->read(at, tag.size, out);
		}
	}
	return NULL; /* [Multiboot2 "Basic tags structure"]: unknown tags are skipped by size */
}

const char *multiboot2_parse(const void *mbi, size_t max_size, struct boot_info *out)
{
	struct mb2_header header;
	struct mb2_tag tag;
	size_t at = sizeof(header);

	memset(out, 0, sizeof(*out));
	if (max_size < sizeof(header) + sizeof(tag)) {
		return "Multiboot2: the boot information is cut off";
	}
	memcpy(&header, mbi, sizeof(header));
	if (header.total_size < sizeof(header) + sizeof(tag) || header.total_size > max_size) {
		return "Multiboot2: the boot information has an impossible size";
	}
	while (at <= header.total_size - sizeof(tag)) {
		const char *defect;

		memcpy(&tag, (const u8 *)mbi + at, sizeof(tag));
		if (tag.type == TAG_END && tag.size == sizeof(tag)) {
			return out->mmap_count > 0 ? NULL : "Multiboot2: there is no memory map";
		}
		if (tag.size < sizeof(tag) || tag.size > header.total_size - at) {
			return "Multiboot2: a tag has an impossible size";
		}
		defect = read_tag((const u8 *)mbi + at, tag, out);
		if (defect) {
			return defect;
		}
		at += ALIGN_UP((size_t)tag.size, 8);
	}
	return "Multiboot2: the end tag is missing";
}
