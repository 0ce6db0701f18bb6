/* Lines of N-Quads, as the emitter writes them, cut into columns. Each different token of an object is taken apart
   once; other IRIs are often those of the line before. */
#include "columns.h"

#include "table.h"

enum { SUBJECT, PREDICATE, OBJECT, DATATYPE, LANGUAGE, GRAPH, COLUMNS };

#define PLAIN "http://www.w3.org/2001/XMLSchema#string"
#define TAGGED "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
#define NOTHING (-1)
#define MOST ((size_t)1 << 30) /* bytes of the texts of a column */

/* For each row that has one the place of its text among those that differ, and for each row whether it has one. */
typedef struct {
    Table places; /* from a text to its place and one, as a pointer */
    Buffer indices, known, texts, runs;
    size_t count, nothing;
} Column;

/* What the token of an object says, each as a place in its column. */
typedef struct {
    int32_t text, datatype, language;
} Term;

typedef struct {
    Guard guard;
    const char *at, *end;
    Column columns[COLUMNS];
    Table terms;
    Buffer scratch;
    size_t rows;
} Coder;

static void put_int(Coder *coder, Buffer *buffer, uint32_t number, int bytes)
{
    char low[4] = {(char)number, (char)(number >> 8), (char)(number >> 16), (char)(number >> 24)};
    append(&coder->guard, buffer, (Span){low, (size_t)bytes});
}

static int32_t place_of(Coder *coder, int which, Span text)
{
    Column *column = &coder->columns[which];
    uint64_t hash = hash_of(0, text);
    uintptr_t place = (uintptr_t)table_get(&coder->guard, &column->places, 0, text, hash);
    if (place)
        return (int32_t)(place - 1);
    if (column->texts.size + text.size > MOST)
        fail(&coder->guard, UNSUPPORTED);
    put_int(coder, &column->texts, (uint32_t)text.size, 4);
    append(&coder->guard, &column->texts, text);
    table_add(&coder->guard, &column->places, 0, text, hash, (void *)((uintptr_t)column->count + 1));
    return (int32_t)column->count++;
}

static void add(Coder *coder, int which, int32_t place)
{
    Column *column = &coder->columns[which];
    if (coder->rows % 8 == 0)
        append(&coder->guard, &column->known, (Span){"", 1});
    if (place == NOTHING) {
        column->nothing++;
        return;
    }
    column->known.at[coder->rows / 8] |= (char)(1 << coder->rows % 8);
    append(&coder->guard, &column->indices, (Span){(const char *)&place, sizeof place});
}

static void put_length(Coder *coder, Buffer *buffer, size_t length)
{
    for (; length > 0x7f; length >>= 7)
        put_int(coder, buffer, (uint32_t)(length & 0x7f) | 0x80, 1);
    put_int(coder, buffer, (uint32_t)length, 1);
}

/* Packs numbers as so many bits each, eight at a time; behind the last one stand zeros. */
static void put_bits(Coder *coder, Buffer *buffer, const int32_t *at, size_t count, int width)
{
    uint64_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < (count + 7) / 8 * 8; i++) {
        bits |= (uint64_t)(i < count ? (uint32_t)at[i] : 0) << held;
        for (held += width; held >= 8; held -= 8, bits >>= 8)
            put_int(coder, buffer, (uint32_t)bits, 1);
    }
}

/* How many numbers from a place on are the same. */
static size_t repeated(const int32_t *at, const int32_t *end)
{
    const int32_t *next = at;
    while (next < end && *next == *at)
        next++;
    return (size_t)(next - at);
}

/* The places in runs: eight and more that are the same as one, others packed
   (https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE). */
static void put_runs(Coder *coder, Column *column)
{
    const int32_t *at = (const int32_t *)(const void *)column->indices.at;
    const int32_t *end = at + column->indices.size / sizeof *at;
    int width = 1;
    while (width < 31 && column->count > (size_t)1 << width)
        width++;
    put_int(coder, &column->runs, (uint32_t)width, 1);
    while (at < end) {
        size_t same = repeated(at, end);
        if (same >= 8) {
            put_length(coder, &column->runs, same << 1);
            put_int(coder, &column->runs, (uint32_t)*at, (width + 7) / 8);
            at += same;
            continue;
        }
        const int32_t *begin = at;
        do
            at += end - at < 8 ? end - at : 8;
        while (at < end && repeated(at, end) < 8);
        put_length(coder, &column->runs, ((size_t)(at - begin) + 7) / 8 << 1 | 1);
        put_bits(coder, &column->runs, begin, (size_t)(at - begin), width);
    }
}

/* Passes over what is expected. */
static void pass(Coder *coder, Span expected)
{
    if ((size_t)(coder->end - coder->at) < expected.size || !same_bytes(coder->at, expected.at, expected.size))
        fail(&coder->guard, UNSUPPORTED);
    coder->at += expected.size;
}

/* What stands before a character, which is passed over. */
static Span before(Coder *coder, char end)
{
    const char *begin = coder->at, *found = memchr(begin, end, (size_t)(coder->end - begin));
    if (found == NULL)
        fail(&coder->guard, UNSUPPORTED);
    coder->at = found + 1;
    return (Span){begin, (size_t)(found - begin)};
}

static Span iri(Coder *coder)
{
    pass(coder, span_of("<"));
    return before(coder, '>');
}

/* An IRI and its place in a column, which is that of the one before where that is the same. */
static void iri_again(Coder *coder, int which, Span *last, int32_t *place)
{
    pass(coder, span_of("<"));
    size_t left = (size_t)(coder->end - coder->at);
    if (last->size > 0 && left > last->size && coder->at[last->size] == '>' &&
        same_bytes(coder->at, last->at, last->size))
        coder->at += last->size + 1;
    else {
        *last = before(coder, '>');
        *place = place_of(coder, which, *last);
    }
    add(coder, which, *place);
}

/* A text without its escapes, which are those of JSON. */
static Span unescaped(Coder *coder, Span text)
{
    static const char escapes[] = "\"\\nrtbf", meant[] = "\"\\\n\r\t\b\f";
    Buffer *scratch = &coder->scratch;
    scratch->size = 0;
    const char *end = text.at + text.size;
    while (text.at < end) {
        const char *next = memchr(text.at, '\\', (size_t)(end - text.at));
        append(&coder->guard, scratch, (Span){text.at, (size_t)((next ? next : end) - text.at)});
        if (next == NULL)
            break;
        const char *which = next + 1 < end && next[1] ? strchr(escapes, next[1]) : NULL;
        if (which == NULL)
            fail(&coder->guard, UNSUPPORTED);
        append(&coder->guard, scratch, (Span){&meant[which - escapes], 1});
        text.at = next + 2;
    }
    return contents(scratch);
}

/* The text of a literal between its quotes, as it is spelled. */
static Span spelled(Coder *coder)
{
    const char *begin = coder->at;
    for (;;) {
        before(coder, '"');
        const char *quote = coder->at - 1, *escape = quote;
        while (escape > begin && escape[-1] == '\\')
            escape--;
        if ((quote - escape) % 2 == 0)
            return (Span){begin, (size_t)(quote - begin)};
    }
}

/* Passes over an object, and tells where its suffix begins, which is that of a literal. */
static Span token(Coder *coder, Span *text, Span *suffix)
{
    const char *begin = coder->at;
    if (begin < coder->end && *begin == '<') {
        *text = iri(coder);
        *suffix = (Span){NULL, 0};
    } else {
        pass(coder, span_of("\""));
        *text = spelled(coder);
        suffix->at = coder->at;
        if (coder->at < coder->end && *coder->at == '^')
            before(coder, '>');
        else
            while (coder->at < coder->end && *coder->at != ' ')
                coder->at++;
        suffix->size = (size_t)(coder->at - suffix->at);
    }
    return (Span){begin, (size_t)(coder->at - begin)};
}

static Term term_of(Coder *coder, Span text, Span suffix)
{
    if (suffix.at == NULL)
        return (Term){place_of(coder, OBJECT, text), NOTHING, NOTHING};
    Span datatype = span_of(PLAIN);
    int32_t language = NOTHING;
    if (suffix.size > 0 && memchr(suffix.at, '"', suffix.size))
        fail(&coder->guard, UNSUPPORTED);
    if (suffix.size > 4 && memcmp(suffix.at, "^^<", 3) == 0)
        datatype = (Span){suffix.at + 3, suffix.size - 4};
    else if (suffix.size > 1 && suffix.at[0] == '@') {
        datatype = span_of(TAGGED);
        language = place_of(coder, LANGUAGE, (Span){suffix.at + 1, suffix.size - 1});
    } else if (suffix.size > 0)
        fail(&coder->guard, UNSUPPORTED);
    if (text.size > 0 && memchr(text.at, '\\', text.size) != NULL)
        text = unescaped(coder, text);
    return (Term){place_of(coder, OBJECT, text), place_of(coder, DATATYPE, datatype), language};
}

static void object(Coder *coder)
{
    Span text, suffix, whole = token(coder, &text, &suffix);
    uint64_t hash = hash_of(0, whole);
    Term *term = table_get(&coder->guard, &coder->terms, 0, whole, hash);
    if (term == NULL) {
        Term made = term_of(coder, text, suffix);
        term = arena_alloc(&coder->guard, &coder->terms.arena, 1, sizeof *term);
        *term = made;
        table_add(&coder->guard, &coder->terms, 0, whole, hash, term);
    }
    add(coder, OBJECT, term->text);
    add(coder, DATATYPE, term->datatype);
    add(coder, LANGUAGE, term->language);
}

static void cut(Coder *coder)
{
    Span subject = {NULL, 0}, predicate = {NULL, 0}, graph = {NULL, 0};
    int32_t of_subject = 0, of_predicate = 0, of_graph = 0;
    while (coder->at < coder->end) {
        iri_again(coder, SUBJECT, &subject, &of_subject);
        pass(coder, span_of(" "));
        iri_again(coder, PREDICATE, &predicate, &of_predicate);
        pass(coder, span_of(" "));
        object(coder);
        pass(coder, span_of(" "));
        iri_again(coder, GRAPH, &graph, &of_graph);
        pass(coder, span_of(" .\n"));
        coder->rows++;
    }
}

static int compared(Span a, Span b)
{
    int found = memcmp(a.at, b.at, a.size < b.size ? a.size : b.size);
    return found ? found : (a.size > b.size) - (a.size < b.size);
}

/* The least of the texts of a column, or the greatest; nothing where it has none. */
static Span bound(const Column *column, int sign)
{
    Span found = {"", 0}, text;
    const char *at = column->texts.at;
    for (size_t i = 0; i < column->count; i++, at = text.at + text.size) {
        const unsigned char *size = (const unsigned char *)at;
        text = (Span){at + 4, (size_t)size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24};
        if (i == 0 || sign * compared(text, found) > 0)
            found = text;
    }
    return found;
}

static PyObject *made(const Coder *coder)
{
    PyObject *columns = PyTuple_New(COLUMNS);
    for (int i = 0; columns != NULL && i < COLUMNS; i++) {
        const Column *column = &coder->columns[i];
        Span least = bound(column, -1), greatest = bound(column, 1);
        PyObject *each = Py_BuildValue("NNnNnNN", to_bytes(contents(&column->runs)), to_bytes(contents(&column->known)),
                                       (Py_ssize_t)column->nothing, to_bytes(contents(&column->texts)),
                                       (Py_ssize_t)column->count, to_bytes(least), to_bytes(greatest));
        if (each == NULL)
            Py_CLEAR(columns);
        else
            PyTuple_SetItem(columns, i, each);
    }
    return columns;
}

static void end(Coder *coder)
{
    for (int i = 0; i < COLUMNS; i++) {
        Column *column = &coder->columns[i];
        table_free(&column->places);
        PyMem_Free(column->indices.at);
        PyMem_Free(column->known.at);
        PyMem_Free(column->texts.at);
        PyMem_Free(column->runs.at);
    }
    table_free(&coder->terms);
    PyMem_Free(coder->scratch.at);
}

PyObject *columns_of(Span lines)
{
    Coder *coder = PyMem_Calloc(1, sizeof *coder);
    if (coder == NULL)
        return PyErr_NoMemory();
    PyObject *columns = NULL;
    int failure = setjmp(coder->guard.exit);
    if (failure == 0) {
        coder->at = lines.at;
        coder->end = lines.at + lines.size;
        cut(coder);
        for (int i = 0; i < COLUMNS; i++)
            put_runs(coder, &coder->columns[i]);
        columns = made(coder);
    } else if (failure == UNSUPPORTED)
        columns = Py_NewRef(Py_None);
    end(coder);
    PyMem_Free(coder);
    return columns;
}
