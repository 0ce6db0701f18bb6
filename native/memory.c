#include "memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define CHUNK_BYTES ((size_t)1 << 16)
#define MAX_BYTES ((size_t)PTRDIFF_MAX / 4) /* sums of two sizes cannot overflow */

void *grow_array(Guard *guard, void *array, size_t *capacity, size_t wanted, size_t size)
{
    if (wanted > MAX_BYTES / size)
        out_of_memory(guard);
    size_t count = *capacity * 2 > wanted ? *capacity * 2 : wanted + 16;
    void *grown = PyMem_Realloc(array, count * size);
    if (grown == NULL)
        out_of_memory(guard);
    *capacity = count;
    return grown;
}

void append_number(Guard *guard, Buffer *buffer, size_t number)
{
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    append(guard, buffer, (Span){at, (size_t)(digits + sizeof digits - at)});
}

struct Chunk {
    Chunk *previous;
    size_t size, capacity;
    _Alignas(8) char bytes[];
};

static Chunk *new_chunk(Guard *guard, Arena *arena, size_t capacity)
{
    Chunk *chunk = PyMem_Malloc(sizeof *chunk + capacity);
    if (chunk == NULL)
        out_of_memory(guard);
    *chunk = (Chunk){.previous = arena->last, .capacity = capacity};
    return arena->last = chunk;
}

void *arena_alloc(Guard *guard, Arena *arena, size_t count, size_t size)
{
    if (count > MAX_BYTES / size)
        out_of_memory(guard);
    size = (count * size + 15) & ~(size_t)15;
    Chunk *chunk = arena->last;
    if (chunk == NULL || chunk->capacity - chunk->size < size)
        chunk = new_chunk(guard, arena, size > CHUNK_BYTES ? size : CHUNK_BYTES);
    void *place = chunk->bytes + chunk->size;
    chunk->size += size;
    arena->size += size;
    return place;
}

Span arena_copy(Guard *guard, Arena *arena, Span span)
{
    char *place = arena_alloc(guard, arena, span.size, 1);
    if (span.size)
        copy_bytes(place, span.at, span.size);
    return (Span){place, span.size};
}

void arena_free(Arena *arena)
{
    while (arena->last != NULL) {
        Chunk *previous = arena->last->previous;
        PyMem_Free(arena->last);
        arena->last = previous;
    }
    arena->size = 0;
}

void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
}
