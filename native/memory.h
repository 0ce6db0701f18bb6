/* Memory that grows, and the way out of a record that is not taken. */
#ifndef KG_MEMORY_H
#define KG_MEMORY_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef enum { NOT_TAKEN = 1, FAILED = 2 } Way;

/* Where a run goes on when it cannot: with a record that is not taken, or with a Python exception that is set.
   What leaves holds no references that nothing else knows of.

   ``steps`` is how much may still be searched by going through lists: that bounds what a record costs which is made
   to cost much. */
typedef struct {
    jmp_buf place;
    size_t steps;
} Exit;

static inline _Noreturn void leave(Exit *out, Way way) { longjmp(out->place, way); }

static inline _Noreturn void no_memory(Exit *out)
{
    PyErr_NoMemory();
    leave(out, FAILED);
}

static inline void spend(Exit *out, size_t steps)
{
    if (steps > out->steps)
        leave(out, NOT_TAKEN);
    out->steps -= steps;
}

/* Bytes that are somewhere else. */
typedef struct {
    const char *at;
    size_t size;
} Span;

/* A copy of bytes for Python. No format has a length of its own (``#``): what that means was another function up to
   Python 3.12, so that what is built by a later one would fail there, though it is of the same ABI. */
static inline PyObject *bytes_of(Span span) { return PyBytes_FromStringAndSize(span.at, (Py_ssize_t)span.size); }

static inline Span span_of_word(const char *word) { return (Span){word, strlen(word)}; }

static inline uint64_t word_at(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Whether bytes are the same: few ones eight at a time, of which the last may overlap, as a call of the C library takes
   longer than that. */
static inline bool same(const char *a, const char *b, size_t size)
{
    if (size > 64)
        return memcmp(a, b, size) == 0;
    if (size < 8) {
        while (size > 0 && a[size - 1] == b[size - 1])
            size--;
        return size == 0;
    }
    for (size_t i = 0; i + 8 < size; i += 8)
        if (word_at(a + i) != word_at(b + i))
            return false;
    return word_at(a + size - 8) == word_at(b + size - 8);
}

static inline bool equal(Span a, Span b) { return a.size == b.size && same(a.at, b.at, a.size); }

/* Copies bytes; there may be none, and then no place either. */
static inline void copy(void *to, const void *from, size_t size)
{
    if (size)
        memcpy(to, from, size);
}

/* Copies at least one byte, to where none of them is: few ones in two pieces of a size, which may overlap. */
static inline void copy_some(char *to, const char *from, size_t size)
{
#define TWICE(n)                                                                                                       \
    do {                                                                                                               \
        char first[n], last[n];                                                                                        \
        memcpy(first, from, n);                                                                                        \
        memcpy(last, from + size - (n), n);                                                                            \
        memcpy(to, first, n);                                                                                          \
        memcpy(to + size - (n), last, n);                                                                              \
    } while (0)
    if (size > 64)
        memcpy(to, from, size);
    else if (size >= 32)
        TWICE(32);
    else if (size >= 16)
        TWICE(16);
    else if (size >= 8)
        TWICE(8);
    else if (size >= 4)
        TWICE(4);
    else {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
#undef TWICE
}

void *grown(Exit *out, void *array, size_t *room, size_t wanted, size_t size);

/* Makes room for more elements of an array, which may move. */
#define RESERVE(out, array, room, wanted)                                                                              \
    do                                                                                                                 \
        if ((wanted) > (room))                                                                                         \
            (array) = grown((out), (array), &(room), (wanted), sizeof *(array));                                       \
    while (0)

/* Zeroed memory for an array, which may be empty. */
void *zeroed(Exit *out, size_t count, size_t size);

/* Bytes that grow. */
typedef struct {
    char *at;
    size_t size, room;
} Buffer;

static inline Span all_of(const Buffer *buffer) { return (Span){buffer->at ? buffer->at : "", buffer->size}; }

/* Puts bytes behind those of a buffer, of which they are no part. */
static inline void put(Exit *out, Buffer *buffer, Span span)
{
    if (span.size == 0)
        return;
    if (span.size > buffer->room - buffer->size)
        buffer->at = grown(out, buffer->at, &buffer->room, buffer->size + span.size, 1);
    copy_some(buffer->at + buffer->size, span.at, span.size);
    buffer->size += span.size;
}

void put_number(Exit *out, Buffer *buffer, size_t number);

/* Memory that is taken piece by piece and let go all at once. */
typedef struct Chunk Chunk;

typedef struct {
    Chunk *last;
    size_t size;
} Arena;

void *taken(Exit *out, Arena *arena, size_t size);
void let_go(Arena *arena);

/* Bytes that stay as long as the arena. */
static inline Span kept(Exit *out, Arena *arena, Span span)
{
    char *place = taken(out, arena, span.size + 1);
    copy(place, span.at, span.size);
    return (Span){place, span.size};
}

/* Lets go the pages of a buffer behind what is kept of it, whose content is lost; it takes them again as it grows. */
void give_back(Buffer *buffer, size_t kept);

/* Has the C library keep what is freed for what comes next, where it can be told to. */
void keep_memory(void);

#endif
