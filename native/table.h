/* Hash tables from a kind and a byte string to a pointer. */
#ifndef KG_TABLE_H
#define KG_TABLE_H

#include "memory.h"

typedef struct {
    uint64_t hash;
    uint32_t kind;
    Span key;
    void *item;
} Entry;

/* Open addressing with linear probing, at most half full. ``arena`` owns the keys, and usually the items. */
typedef struct {
    Entry *entries;
    size_t count, capacity; /* capacity is a power of two, or 0 */
    bool crowded;           /* a probe was too long, as with keys chosen to collide */
    Arena arena;
} Table;

uint64_t hash_of(uint32_t kind, Span key);
/* Return the item of a key, or NULL. Fail with UNSUPPORTED after too long a probe. */
void *table_get(Guard *guard, Table *table, uint32_t kind, Span key, uint64_t hash);
/* Add a key that is not in the table. */
void table_add(Guard *guard, Table *table, uint32_t kind, Span key, uint64_t hash, void *item);
/* Empty the table if it is crowded or too large; return whether it was. */
bool table_trim(Table *table, size_t max_items, size_t max_bytes);
void table_free(Table *table);

#endif
