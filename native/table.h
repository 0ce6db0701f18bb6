/* Tables from a kind and some bytes to what is known of them. */
#ifndef KG_TABLE_H
#define KG_TABLE_H

#include "memory.h"

typedef struct {
    uint64_t hash;
    uint32_t kind;
    Span key;
    void *item;
} Entry;

/* ``arena`` holds the keys, and may hold the items. */
typedef struct {
    Entry *entries;
    size_t count, room; /* room is a power of two, or 0 */
    bool crowded;       /* too many keys want one place, as those do that were made to */
    Arena arena;
} Table;

uint64_t hash_of(uint32_t kind, Span key);
/* What is known of a key, or NULL. Leaves where the table is too crowded to say. */
void *find(Exit *out, Table *table, uint32_t kind, Span key, uint64_t hash);
/* Gives a key its item, where :func:`find` gave none. */
void remember(Exit *out, Table *table, uint32_t kind, Span key, uint64_t hash, void *item);
/* Empties a table that has become large or crowded, and returns whether it did. */
bool forget(Table *table, size_t most_items, size_t most_bytes);
void end_table(Table *table);

#endif
