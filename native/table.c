#include "table.h"

#define FIRST_ROOM ((size_t)1024)
#define LONGEST_WAY 256 /* tables are at most half full: by chance, nothing is that far from its place */
#define ODD 0x9E3779B97F4A7C15u

static inline uint64_t mixed(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * ODD;
    return hash ^ hash >> 29;
}

/* Two halves side by side, as one multiplication waits for the one before; the last words of a key may overlap. */
uint64_t hash_of(uint32_t kind, Span key)
{
    uint64_t hash = (key.size ^ ((uint64_t)kind << 32)) * ODD, other = ~hash;
    const char *at = key.at, *end = key.at + key.size;
    if (key.size >= 16) {
        for (; end - at > 16; at += 16) {
            hash = mixed(hash, word_at(at));
            other = mixed(other, word_at(at + 8));
        }
        hash = mixed(hash, word_at(end - 16));
        other = mixed(other, word_at(end - 8));
    } else if (key.size >= 8) {
        hash = mixed(hash, word_at(at));
        other = mixed(other, word_at(end - 8));
    } else
        for (; at < end; at++)
            hash = mixed(hash, (unsigned char)*at);
    hash = mixed(hash, other);
    return hash ^ hash >> 32;
}

static inline bool is_of(const Entry *entry, uint32_t kind, Span key, uint64_t hash)
{
    return entry->hash == hash && entry->kind == kind && equal(entry->key, key);
}

void *find(Exit *out, Table *table, uint32_t kind, Span key, uint64_t hash)
{
    if (table->room == 0)
        return NULL;
    size_t mask = table->room - 1, i = (size_t)hash & mask;
    for (int way = 0; way < LONGEST_WAY; way++, i = (i + 1) & mask) {
        const Entry *entry = &table->entries[i];
        if (entry->item == NULL || is_of(entry, kind, key, hash))
            return entry->item;
    }
    table->crowded = true;
    leave(out, NOT_TAKEN);
}

static Entry *free_place(Entry *entries, size_t room, uint64_t hash)
{
    size_t mask = room - 1, i = (size_t)hash & mask;
    while (entries[i].item != NULL)
        i = (i + 1) & mask;
    return &entries[i];
}

static void widen(Exit *out, Table *table)
{
    size_t room = table->room ? table->room * 2 : FIRST_ROOM;
    Entry *wider = zeroed(out, room, sizeof *wider);
    for (size_t i = 0; i < table->room; i++) {
        const Entry *entry = &table->entries[i];
        if (entry->item != NULL)
            *free_place(wider, room, entry->hash) = *entry;
    }
    PyMem_Free(table->entries);
    table->entries = wider;
    table->room = room;
}

void remember(Exit *out, Table *table, uint32_t kind, Span key, uint64_t hash, void *item)
{
    if (2 * table->count >= table->room)
        widen(out, table);
    Span own = kept(out, &table->arena, key);
    *free_place(table->entries, table->room, hash) = (Entry){hash, kind, own, item};
    table->count++;
}

bool forget(Table *table, size_t most_items, size_t most_bytes)
{
    bool full = table->crowded || table->count > most_items || table->arena.size > most_bytes;
    if (full)
        end_table(table);
    return full;
}

void end_table(Table *table)
{
    let_go(&table->arena);
    PyMem_Free(table->entries);
    memset(table, 0, sizeof *table);
}
