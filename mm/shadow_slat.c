/* SPDX-License-Identifier: MIT */
/* The shadow tables: four levels of 512 entries, one list of pages for each set. */
#include "mm/shadow_slat.h"

#include "lib/string.h"

#define LEVELS	     4
#define SLAT_NO_PAGE (~0u)
#define ENTRY_ADDR   GENMASK(51, 12)
#define ENTRY_P	     BIT(0)

static u64 *page_of(const struct slat *s, u32 index)
{
	return (u64 *)(s->pool + index * PAGE_SIZE);
}

static u64 *table_at(const struct slat *s, u64 entry)
{
	return (u64 *)(s->pool + ((entry & ENTRY_ADDR) - s->pool_spa));
}

static unsigned int entry_index(u64 l2gpa, unsigned int level)
{
	return (l2gpa >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

static unsigned int leaf_level(u64 size)
{
	return size == GIB(1) ? 3 : size == MIB(2) ? 2 : 1;
}

void slat_init(struct slat *s, void *pool, u64 pool_spa, u32 *next, u32 pages)
{
	memset(s, 0, sizeof(*s));
	s->pool = pool;
	s->pool_spa = pool_spa;
	s->next = next;
	s->pages = pages;
	s->free_pages = pages;
	for (u32 i = 0; i < pages; i++) {
		next[i] = i + 1 < pages ? i + 1 : SLAT_NO_PAGE;
	}
}

void slat_drop_set(struct slat *s, u32 set)
{
	struct slat_set *d = &s->sets[set];

	if (!d->used) {
		return;
	}
	s->next[d->last_page] = s->free_head;
	s->free_head = d->first_page;
	s->free_pages += d->pages;
	s->flush_owed |= BIT(set);
	d->used = false;
}

void slat_drop_asid(struct slat *s, u32 asid)
{
	for (u32 i = 0; i < SLAT_SETS; i++) {
		if (s->sets[i].used && s->sets[i].tag.asid == asid) {
			slat_drop_set(s, i);
		}
	}
}

void slat_drop_all(struct slat *s)
{
	for (u32 i = 0; i < SLAT_SETS; i++) {
		slat_drop_set(s, i);
	}
}

/* Drops the set used longest ago, but not `keep`; false when there is none. */
static bool recycle(struct slat *s, u32 keep)
{
	u32 victim = SLAT_SETS;

	for (u32 i = 0; i < SLAT_SETS; i++) {
		if (i != keep && s->sets[i].used &&
		    (victim == SLAT_SETS || s->sets[i].last_use < s->sets[victim].last_use)) {
			victim = i;
		}
	}
	if (victim == SLAT_SETS) {
		return false;
	}
	slat_drop_set(s, victim);
	s->recycled++;
	return true;
}

/* A zeroed page, linked behind the pages of `set`; SLAT_NO_PAGE when the set has them all. */
static u32 take_page(struct slat *s, u32 set)
{
	struct slat_set *d = &s->sets[set];
	u32 page;

	if (s->free_head == SLAT_NO_PAGE && !recycle(s, set)) {
		return SLAT_NO_PAGE;
	}
	page = s->free_head;
	s->free_head = s->next[page];
	s->free_pages--;
	memset(page_of(s, page), 0, PAGE_SIZE);
	s->next[page] = SLAT_NO_PAGE;
	if (d->pages++) {
		s->next[d->last_page] = page;
	} else {
		d->first_page = page;
	}
	d->last_page = page;
	return page;
}

static void start_set(struct slat *s, u32 set, const struct slat_tag *tag)
{
	struct slat_set *d = &s->sets[set];

	d->tag = *tag;
	d->pages = 0;
	d->used = true;
	take_page(s, set);
}

u32 slat_select(struct slat *s, const struct slat_tag *tag)
{
	u32 unused = SLAT_SETS;

	for (u32 i = 0; i < SLAT_SETS; i++) {
		struct slat_set *d = &s->sets[i];

		if (!d->used) {
			unused = i;
		} else if (d->tag.root == tag->root && d->tag.asid == tag->asid &&
			   d->tag.role == tag->role) {
			d->last_use = ++s->clock;
			return i;
		}
	}
	if (unused == SLAT_SETS) {
		recycle(s, SLAT_SETS);
		return slat_select(s, tag);
	}
	start_set(s, unused, tag);
	s->sets[unused].last_use = ++s->clock;
	return unused;
}

u64 slat_root_spa(const struct slat *s, u32 set)
{
	return s->pool_spa + s->sets[set].first_page * PAGE_SIZE;
}

bool slat_map(struct slat *s, u32 set, l2gpa_t l2gpa, spa_t spa, u64 size, u64 flags,
	      u64 table_flags, u64 large_flag)
{
	unsigned int leaf = leaf_level(size);
	u64 *table = page_of(s, s->sets[set].first_page);

	for (unsigned int level = LEVELS; level > leaf; level--) {
		u64 *entry = &table[entry_index(l2gpa.v, level)];

		if (!(*entry & ENTRY_P) || (level < LEVELS && (*entry & large_flag))) {
			u32 page = take_page(s, set);

			if (page == SLAT_NO_PAGE) {
				/* This set alone fills the pool: start over with what is asked. */
				struct slat_tag tag = s->sets[set].tag;

				slat_drop_set(s, set);
				s->recycled++;
				start_set(s, set, &tag);
				return s->pages >= LEVELS &&
				       slat_map(s, set, l2gpa, spa, size, flags, table_flags,
						large_flag);
			}
			*entry = (s->pool_spa + page * PAGE_SIZE) | table_flags;
		}
		table = table_at(s, *entry);
	}
	table[entry_index(l2gpa.v, leaf)] = spa.v | flags | (leaf > 1 ? large_flag : 0);
	return true;
}

u64 slat_lookup(const struct slat *s, u32 set, l2gpa_t l2gpa, u64 *size)
{
	const u64 *table = page_of(s, s->sets[set].first_page);
	/* The page size bit is bit 7 in NPT and in EPT alike. */
	const u64 large = BIT(7);

	for (unsigned int level = LEVELS; level >= 1; level--) {
		u64 entry = table[entry_index(l2gpa.v, level)];

		if (!(entry & ENTRY_P)) {
			return 0;
		}
		if (level == 1 || (level < LEVELS && (entry & large))) {
			*size = 1ull << (PAGE_SHIFT + 9 * (level - 1));
			return entry;
		}
		table = table_at(s, entry);
	}
	return 0;
}
