/* Split lines of N-Quads, in the form the emitter writes, into string columns of Arrow
   (https://arrow.apache.org/docs/format/Columnar.html#variable-length-binary-and-string-layout). */
#include "columns.h"

enum { SUBJECT, PREDICATE, OBJECT, DATATYPE, LANGUAGE, GRAPH, COLUMNS };

#define PLAIN "http://www.w3.org/2001/XMLSchema#string"
#define TAGGED "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
#define MAX_TEXT ((size_t)1 << 30) /* bytes per column, as offsets have 32 bits */

static const Span MISSING = {NULL, 0};

typedef struct {
    Buffer validity, offsets, text;
} Column;

typedef struct {
    Guard guard;
    const char *at, *end;
    Column columns[COLUMNS];
    size_t rows;
} Splitter;

static void append_offset(Splitter *splitter, Column *column)
{
    int32_t offset = (int32_t)column->text.size;
    if (column->text.size > MAX_TEXT)
        fail(&splitter->guard, UNSUPPORTED);
    append(&splitter->guard, &column->offsets, (Span){(const char *)&offset, sizeof offset});
}

/* End the value of this row in a column: everything added to its text since the last one. */
static void end_value(Splitter *splitter, int which, bool valid)
{
    Column *column = &splitter->columns[which];
    if (splitter->rows % 8 == 0)
        append(&splitter->guard, &column->validity, (Span){"", 1});
    column->validity.at[splitter->rows / 8] |= (char)(valid << splitter->rows % 8);
    append_offset(splitter, column);
}

static void add(Splitter *splitter, int which, Span text)
{
    append(&splitter->guard, &splitter->columns[which].text, text);
    end_value(splitter, which, text.at != NULL);
}

/* Add a text without its escapes, which are those of JSON. */
static void add_unescaped(Splitter *splitter, int which, Span text)
{
    static const char escapes[] = "\"\\nrtbf", characters[] = "\"\\\n\r\t\b\f";
    Buffer *buffer = &splitter->columns[which].text;
    const char *end = text.at + text.size, *next;
    while ((next = memchr(text.at, '\\', (size_t)(end - text.at))) != NULL) {
        append(&splitter->guard, buffer, (Span){text.at, (size_t)(next - text.at)});
        const char *escape = next + 1 < end && next[1] ? strchr(escapes, next[1]) : NULL;
        if (escape == NULL)
            fail(&splitter->guard, UNSUPPORTED);
        append(&splitter->guard, buffer, (Span){&characters[escape - escapes], 1});
        text.at = next + 2;
    }
    append(&splitter->guard, buffer, (Span){text.at, (size_t)(end - text.at)});
    end_value(splitter, which, true);
}

static void expect(Splitter *splitter, const char *word)
{
    Span expected = span_of(word);
    if ((size_t)(splitter->end - splitter->at) < expected.size || memcmp(splitter->at, expected.at, expected.size) != 0)
        fail(&splitter->guard, UNSUPPORTED);
    splitter->at += expected.size;
}

static bool next_is(const Splitter *splitter, char character)
{
    return splitter->at < splitter->end && *splitter->at == character;
}

/* Read up to the next occurrence of a character, and skip it. */
static Span read_until(Splitter *splitter, char character)
{
    const char *begin = splitter->at, *end = memchr(begin, character, (size_t)(splitter->end - begin));
    if (end == NULL)
        fail(&splitter->guard, UNSUPPORTED);
    splitter->at = end + 1;
    return (Span){begin, (size_t)(end - begin)};
}

static Span read_iri(Splitter *splitter)
{
    expect(splitter, "<");
    return read_until(splitter, '>');
}

/* Read a quoted text, with its escapes. */
static Span read_quoted(Splitter *splitter)
{
    expect(splitter, "\"");
    const char *begin = splitter->at;
    for (;;) {
        read_until(splitter, '"');
        const char *quote = splitter->at - 1, *escape = quote;
        while (escape > begin && escape[-1] == '\\')
            escape--;
        if ((quote - escape) % 2 == 0)
            return (Span){begin, (size_t)(quote - begin)};
    }
}

/* Read what follows the text of a literal. */
static void read_suffix(Splitter *splitter, Span *datatype, Span *language)
{
    Span *suffix = datatype;
    if (next_is(splitter, '^')) {
        expect(splitter, "^^");
        *datatype = read_iri(splitter);
    } else if (next_is(splitter, '@')) {
        splitter->at++;
        suffix = language;
        *datatype = span_of(TAGGED);
        *language = read_until(splitter, ' ');
        splitter->at--;
    } else
        *datatype = span_of(PLAIN);
    if (suffix->size == 0 || memchr(suffix->at, '"', suffix->size))
        fail(&splitter->guard, UNSUPPORTED);
}

static void split_object(Splitter *splitter)
{
    Span datatype = MISSING, language = MISSING;
    if (next_is(splitter, '<'))
        add(splitter, OBJECT, read_iri(splitter));
    else {
        Span text = read_quoted(splitter);
        read_suffix(splitter, &datatype, &language);
        if (memchr(text.at, '\\', text.size))
            add_unescaped(splitter, OBJECT, text);
        else
            add(splitter, OBJECT, text);
    }
    add(splitter, DATATYPE, datatype);
    add(splitter, LANGUAGE, language);
}

static void split(Splitter *splitter)
{
    for (int i = 0; i < COLUMNS; i++)
        append_offset(splitter, &splitter->columns[i]);
    for (; splitter->at < splitter->end; splitter->rows++) {
        add(splitter, SUBJECT, read_iri(splitter));
        expect(splitter, " ");
        add(splitter, PREDICATE, read_iri(splitter));
        expect(splitter, " ");
        split_object(splitter);
        expect(splitter, " ");
        add(splitter, GRAPH, read_iri(splitter));
        expect(splitter, " .\n");
    }
}

static void free_column(Column *column)
{
    PyMem_Free(column->validity.at);
    PyMem_Free(column->offsets.at);
    PyMem_Free(column->text.at);
    *column = (Column){0};
}

/* Return the columns, freeing each as soon as it is copied, as they may be large. */
static PyObject *buffers_of(Splitter *splitter)
{
    PyObject *columns = PyTuple_New(COLUMNS);
    for (int i = 0; columns != NULL && i < COLUMNS; i++) {
        Column *column = &splitter->columns[i];
        PyObject *buffers = Py_BuildValue("NNN", to_bytes(contents(&column->validity)),
                                          to_bytes(contents(&column->offsets)), to_bytes(contents(&column->text)));
        free_column(column);
        if (buffers == NULL)
            Py_CLEAR(columns);
        else
            PyTuple_SetItem(columns, i, buffers);
    }
    return columns;
}

PyObject *columns_of(Span lines)
{
    Splitter *splitter = PyMem_Calloc(1, sizeof *splitter);
    if (splitter == NULL)
        return PyErr_NoMemory();
    PyObject *columns = NULL;
    int failure = setjmp(splitter->guard.exit);
    if (failure == 0) {
        splitter->at = lines.at;
        splitter->end = lines.at + lines.size;
        split(splitter);
        columns = buffers_of(splitter);
    } else if (failure == UNSUPPORTED)
        columns = Py_NewRef(Py_None);
    for (int i = 0; i < COLUMNS; i++)
        free_column(&splitter->columns[i]);
    PyMem_Free(splitter);
    return columns;
}
