#include "memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

#define CHUNK ((size_t)1 << 16)
#define MOST ((size_t)PTRDIFF_MAX / 4) /* more is not asked for, so that sizes can be added */

void *grown(Exit *out, void *array, size_t *room, size_t wanted, size_t size)
{
    if (wanted > MOST / size)
        no_memory(out);
    size_t more = *room * 2 > wanted ? *room * 2 : wanted + 16;
    void *place = PyMem_Realloc(array, more * size);
    if (place == NULL)
        no_memory(out);
    *room = more;
    return place;
}

void *zeroed(Exit *out, size_t count, size_t size)
{
    void *place = PyMem_Calloc(count ? count : 1, size);
    if (place == NULL)
        no_memory(out);
    return place;
}

void put_number(Exit *out, Buffer *buffer, size_t number)
{
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    put(out, buffer, (Span){at, (size_t)(digits + sizeof digits - at)});
}

/* The bytes are aligned for whatever is kept in them. */
struct Chunk {
    Chunk *before;
    size_t size, room;
    _Alignas(8) char bytes[];
};

static Chunk *new_chunk(Exit *out, Arena *arena, size_t room)
{
    Chunk *chunk = PyMem_Malloc(sizeof *chunk + room);
    if (chunk == NULL)
        no_memory(out);
    chunk->before = arena->last;
    chunk->size = 0;
    chunk->room = room;
    return arena->last = chunk;
}

void *taken(Exit *out, Arena *arena, size_t size)
{
    if (size > MOST)
        no_memory(out);
    size = (size + 15) & ~(size_t)15;
    Chunk *chunk = arena->last;
    if (chunk == NULL || chunk->room - chunk->size < size)
        chunk = new_chunk(out, arena, size > CHUNK ? size : CHUNK);
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

void give_back(Buffer *buffer, size_t kept)
{
#ifdef __linux__
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)buffer->at + kept + page - 1) / page * page;
    uintptr_t end = (uintptr_t)(buffer->at + buffer->room) / page * page;
    if (begin < end)
        madvise((void *)begin, end - begin, MADV_DONTNEED);
#else
    (void)buffer;
    (void)kept;
#endif
}

void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
}
