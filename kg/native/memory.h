/* Memory that grows, and the way out of a record that is not taken. */
#ifndef KG_MEMORY_H
#define KG_MEMORY_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef enum { NOT_TAKEN = 1, FAILED = 2 } Way;

/* Where a run goes on when it cannot: with a record that is not taken, or with a Python exception that is set.
   What leaves holds no references. */
typedef struct {
    jmp_buf place;
} Exit;

static inline _Noreturn void leave(Exit *out, Way way) { longjmp(out->place, way); }

static inline _Noreturn void no_memory(Exit *out)
{
    PyErr_NoMemory();
    leave(out, FAILED);
}

/* Bytes that are somewhere else. */
typedef struct {
    const char *at;
    size_t size;
} Span;

static inline bool equal(Span a, Span b) { return a.size == b.size && memcmp(a.at, b.at, a.size) == 0; }

/* Makes room for more elements of an array; gives where it is now. */
static inline void *roomy(Exit *out, void *array, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return array;
    size_t more = *room * 2 > wanted ? *room * 2 : wanted + 16;
    void *grown = more > SIZE_MAX / size ? NULL : PyMem_Realloc(array, more * size);
    if (grown == NULL)
        no_memory(out);
    *room = more;
    return grown;
}

#define RESERVE(out, array, room, wanted) ((array) = roomy((out), (array), &(room), (wanted), sizeof *(array)))

/* Bytes that grow. */
typedef struct {
    char *at;
    size_t size, room;
} Buffer;

static inline char *extend(Exit *out, Buffer *buffer, size_t by)
{
    RESERVE(out, buffer->at, buffer->room, buffer->size + by);
    char *place = buffer->at + buffer->size;
    buffer->size += by;
    return place;
}

static inline void put(Exit *out, Buffer *buffer, Span span)
{
    memcpy(extend(out, buffer, span.size), span.at, span.size);
}

/* Memory that is taken piece by piece and let go all at once. */
typedef struct Chunk {
    struct Chunk *before;
    size_t size, room;
    char bytes[];
} Chunk;

typedef struct {
    Chunk *last;
    size_t size;
} Arena;

void *taken(Exit *out, Arena *arena, size_t size);
void let_go(Arena *arena);

/* A table from a kind and some bytes to what is known of them. */
typedef struct {
    uint64_t hash;
    uint32_t kind;
    Span key;
    void *item;
} Entry;

typedef struct {
    Entry *entries;
    size_t count, room; /* room is a power of two, or 0 */
    Arena arena;
} Table;

uint64_t hash_of(uint32_t kind, Span key);
/* The entry of a key: its own where its item is known, else the one to fill with :func:`remember`. */
Entry *find(Exit *out, Table *table, uint32_t kind, Span key, uint64_t hash);
/* Gives a key that :func:`find` did not know its item. */
void remember(Exit *out, Table *table, uint32_t kind, Span key, uint64_t hash, void *item);
void forget(Table *table);
void end_table(Table *table);

#endif
