/* Byte spans, growing buffers, arenas, and the error exit that all modules share. */
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

/* Why a record was abandoned: the reference interpreter has to export it, or a Python exception is set. */
typedef enum { UNSUPPORTED = 1, PYTHON_ERROR = 2 } Failure;

/* The error exit of a call, and its budget: how many more steps of look-ups and comparisons it may take. The budget
   bounds the cost of records built to be expensive, and follows their size.

   A function that fails jumps over its callers, so none of them may own a reference or memory at that point: both
   belong to the Emitter. */
typedef struct {
    jmp_buf exit;
    size_t budget;
} Guard;

static inline _Noreturn void fail(Guard *guard, Failure failure) { longjmp(guard->exit, failure); }

static inline _Noreturn void out_of_memory(Guard *guard)
{
    PyErr_NoMemory();
    fail(guard, PYTHON_ERROR);
}

static inline void spend(Guard *guard, size_t steps)
{
    if (steps > guard->budget)
        fail(guard, UNSUPPORTED);
    guard->budget -= steps;
}

/* Borrowed bytes. */
typedef struct {
    const char *at;
    size_t size;
} Span;

#define EMPTY ((Span){"", 0})

/* Return a Python copy of a span. Formats with a length (``s#``) are not used anywhere: their ABI changed with Python
   3.13, so an extension built by a later version would fail on an earlier one. */
static inline PyObject *to_bytes(Span span) { return PyBytes_FromStringAndSize(span.at, (Py_ssize_t)span.size); }

static inline Span span_of(const char *string) { return (Span){string, strlen(string)}; }

static inline uint64_t load_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline bool equal(Span a, Span b) { return a.size == b.size && memcmp(a.at, b.at, a.size) == 0; }

/* Copy at least one byte between places that do not overlap. Most copies are short; two loads and two stores, which may
   overlap, are faster than a library call. */
static inline void copy_bytes(char *to, const char *from, size_t size)
{
#define COPY_ENDS(n)                                                                                                   \
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
        COPY_ENDS(32);
    else if (size >= 16)
        COPY_ENDS(16);
    else if (size >= 8)
        COPY_ENDS(8);
    else if (size >= 4)
        COPY_ENDS(4);
    else {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
#undef COPY_ENDS
}

/* Return a larger copy of an array, freeing the old one. */
void *grow_array(Guard *guard, void *array, size_t *capacity, size_t wanted, size_t size);

/* Grow an array, which may move, to a capacity of at least ``wanted`` elements. */
#define RESERVE(guard, array, capacity, wanted)                                                                        \
    do                                                                                                                 \
        if ((wanted) > (capacity))                                                                                     \
            (array) = grow_array((guard), (array), &(capacity), (wanted), sizeof *(array));                            \
    while (0)

/* A growing byte string. */
typedef struct {
    char *at;
    size_t size, capacity;
} Buffer;

static inline Span contents(const Buffer *buffer) { return (Span){buffer->at ? buffer->at : "", buffer->size}; }

/* Append bytes that are not part of the buffer itself. */
static inline void append(Guard *guard, Buffer *buffer, Span span)
{
    if (span.size == 0)
        return;
    if (span.size > buffer->capacity - buffer->size)
        buffer->at = grow_array(guard, buffer->at, &buffer->capacity, buffer->size + span.size, 1);
    copy_bytes(buffer->at + buffer->size, span.at, span.size);
    buffer->size += span.size;
}

static inline void append_string(Guard *guard, Buffer *buffer, const char *string)
{
    append(guard, buffer, span_of(string));
}

void append_number(Guard *guard, Buffer *buffer, size_t number);

/* Memory allocated piece by piece and freed all at once. */
typedef struct Chunk Chunk;

typedef struct {
    Chunk *last;
    size_t size;
} Arena;

/* Allocate an uninitialized array, which may have no elements. */
void *arena_alloc(Guard *guard, Arena *arena, size_t count, size_t size);
Span arena_copy(Guard *guard, Arena *arena, Span span);
void arena_free(Arena *arena);

/* Make the C library keep freed memory for later allocations, where it has a setting for that (glibc). */
void keep_memory(void);

#endif
