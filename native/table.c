#include "table.h"

#define FIRST_CAPACITY ((size_t)1024)
#define MAX_PROBE 256 /* in a table that is half full, random keys never need this many steps */
#define MULTIPLIER 0x9E3779B97F4A7C15u

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * MULTIPLIER;
    return hash ^ hash >> 29;
}

/* The last two words of a key may overlap. */
uint64_t hash_of(uint32_t kind, Span key)
{
    uint64_t hash = (key.size ^ ((uint64_t)kind << 32)) * MULTIPLIER;
    const char *at = key.at, *end = key.at + key.size;
    if (key.size >= 8) {
        for (; end - at > 8; at += 8)
            hash = mix(hash, load_word(at));
        hash = mix(hash, load_word(end - 8));
    } else
        for (; at < end; at++)
            hash = mix(hash, (unsigned char)*at);
    hash = mix(hash, 0); /* the high bits of the last word have to reach the low bits of the hash */
    return hash ^ hash >> 32;
}

void *table_get(Guard *guard, Table *table, uint32_t kind, Span key, uint64_t hash)
{
    if (table->capacity == 0)
        return NULL;
    size_t mask = table->capacity - 1, i = (size_t)hash & mask;
    for (int step = 0; step < MAX_PROBE; step++, i = (i + 1) & mask) {
        const Entry *entry = &table->entries[i];
        if (entry->item == NULL || (entry->hash == hash && entry->kind == kind && equal(entry->key, key)))
            return entry->item;
    }
    table->crowded = true;
    fail(guard, UNSUPPORTED);
}

static Entry *free_entry(Entry *entries, size_t capacity, uint64_t hash)
{
    size_t mask = capacity - 1, i = (size_t)hash & mask;
    while (entries[i].item != NULL)
        i = (i + 1) & mask;
    return &entries[i];
}

static void grow(Guard *guard, Table *table)
{
    size_t capacity = table->capacity ? table->capacity * 2 : FIRST_CAPACITY;
    Entry *entries = PyMem_Calloc(capacity, sizeof *entries);
    if (entries == NULL)
        out_of_memory(guard);
    for (size_t i = 0; i < table->capacity; i++)
        if (table->entries[i].item != NULL)
            *free_entry(entries, capacity, table->entries[i].hash) = table->entries[i];
    PyMem_Free(table->entries);
    table->entries = entries;
    table->capacity = capacity;
}

void table_add(Guard *guard, Table *table, uint32_t kind, Span key, uint64_t hash, void *item)
{
    if (2 * table->count >= table->capacity)
        grow(guard, table);
    Span copy = arena_copy(guard, &table->arena, key);
    *free_entry(table->entries, table->capacity, hash) = (Entry){hash, kind, copy, item};
    table->count++;
}

bool table_trim(Table *table, size_t max_items, size_t max_bytes)
{
    bool full = table->crowded || table->count > max_items || table->arena.size > max_bytes;
    if (full)
        table_free(table);
    return full;
}

void table_free(Table *table)
{
    arena_free(&table->arena);
    PyMem_Free(table->entries);
    memset(table, 0, sizeof *table);
}
