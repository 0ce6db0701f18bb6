#include "memory.h"

#define CHUNK ((size_t)1 << 16)

void *taken(Exit *out, Arena *arena, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    Chunk *chunk = arena->last;
    if (chunk == NULL || chunk->room - chunk->size < size) {
        size_t room = size > CHUNK ? size : CHUNK;
        chunk = PyMem_Malloc(sizeof *chunk + room);
        if (chunk == NULL)
            no_memory(out);
        *chunk = (Chunk){arena->last, 0, room};
        arena->last = chunk;
    }
    void *place = chunk->bytes + chunk->size;
    chunk->size += size;
    arena->size += size;
    return place;
}

void let_go(Arena *arena)
{
    while (arena->last != NULL) {
        Chunk *before = arena->last->before;
        PyMem_Free(arena->last);
        arena->last = before;
    }
    arena->size = 0;
}

#define ODD 0x9E3779B97F4A7C15u

uint64_t hash_of(uint32_t kind, Span key)
{
    uint64_t hash = (key.size ^ ((uint64_t)kind << 32)) * ODD, word;
    const char *at = key.at;
    size_t left = key.size;
    for (; left >= 8; left -= 8, at += 8) {
        memcpy(&word, at, 8);
        hash = (hash ^ word) * ODD;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, at, left);
    hash = (hash ^ word) * ODD;
    return hash ^ hash >> 32;
}

static Entry *place_of(Entry *entries, size_t room, uint32_t kind, Span key, uint64_t hash)
{
    size_t mask = room - 1, i = hash & mask;
    while (entries[i].item != NULL
           && (entries[i].hash != hash || entries[i].kind != kind || !equal(entries[i].key, key)))
        i = (i + 1) & mask;
    return &entries[i];
}

static void widen(Exit *out, Table *table)
{
    size_t room = table->room ? table->room * 2 : 1024;
    Entry *wider = PyMem_Calloc(room, sizeof *wider);
    if (wider == NULL)
        no_memory(out);
    for (size_t i = 0; i < table->room; i++) {
        Entry *entry = &table->entries[i];
        if (entry->item != NULL)
            *place_of(wider, room, entry->kind, entry->key, entry->hash) = *entry;
    }
    PyMem_Free(table->entries);
    table->entries = wider;
    table->room = room;
}

Entry *find(Exit *out, Table *table, uint32_t kind, Span key, uint64_t hash)
{
    if (table->room == 0)
        widen(out, table);
    return place_of(table->entries, table->room, kind, key, hash);
}

void remember(Exit *out, Table *table, uint32_t kind, Span key, uint64_t hash, void *item)
{
    if (2 * table->count >= table->room)
        widen(out, table);
    char *kept = taken(out, &table->arena, key.size + 1);
    memcpy(kept, key.at, key.size);
    Entry *entry = place_of(table->entries, table->room, kind, key, hash);
    *entry = (Entry){hash, kind, {kept, key.size}, item};
    table->count++;
}

void forget(Table *table)
{
    let_go(&table->arena);
    if (table->count)
        memset(table->entries, 0, table->room * sizeof *table->entries);
    table->count = 0;
}

void end_table(Table *table)
{
    forget(table);
    PyMem_Free(table->entries);
    *table = (Table){0};
}
