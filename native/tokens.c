#include "tokens.h"

#define MAX_VALUES ((size_t)1 << 16)
#define MAX_RESOURCES ((size_t)1 << 15) /* including subjects */
#define MAX_TABLE_BYTES ((size_t)8 << 20)
#define MAX_CACHED_JSON 256
#define SUBJECT_KIND UINT32_MAX /* marks subjects in the table of resources */

/* Call a Python function with a number and JSON; return a borrowed result, which is valid until the next call. */
static PyObject *call(Tokens *tokens, PyObject *function, int32_t number, Span json)
{
    PyObject *result = PyObject_CallFunction(function, "iN", (int)number, to_bytes(json));
    PyObject *previous = tokens->result;
    tokens->result = result;
    Py_XDECREF(previous);
    if (result == NULL)
        fail(tokens->guard, PYTHON_ERROR);
    return result;
}

static Span span_in(Tokens *tokens, PyObject *bytes)
{
    char *at;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(bytes, &at, &size) < 0)
        fail(tokens->guard, PYTHON_ERROR);
    return (Span){at, (size_t)size};
}

static Span call_for_token(Tokens *tokens, PyObject *function, int32_t number, Span json)
{
    PyObject *result = call(tokens, function, number, json);
    return result == Py_None ? (Span){NULL, 0} : span_in(tokens, result);
}

/* Write the token of a value to ``spelled`` if the reader has a spelling for it; return whether it has. */
static bool spell(Tokens *tokens, const Reader *reader, Span json)
{
    for (const Spelling *spelling = reader->spellings; spelling < reader->spellings + reader->count; spelling++) {
        Excerpt excerpt;
        if (!has_form(json, spelling->form, &excerpt))
            continue;
        Buffer *spelled = &tokens->spelled;
        spelled->size = 0;
        append(tokens->guard, spelled, spelling->before);
        append(tokens->guard, spelled, excerpt.first);
        if (excerpt.second.size) {
            append_string(tokens->guard, spelled, " ");
            append(tokens->guard, spelled, excerpt.second);
        }
        append(tokens->guard, spelled, spelling->after);
        return true;
    }
    return false;
}

Span token_of(Tokens *tokens, int32_t reader, Span json)
{
    Guard *guard = tokens->guard;
    Table *values = &tokens->values;
    if (spell(tokens, &tokens->readers[reader], json))
        return contents(&tokens->spelled);
    if (json.size > MAX_CACHED_JSON)
        return call_for_token(tokens, tokens->convert, reader, json);
    uint64_t hash = hash_of((uint32_t)reader, json);
    Span *token = table_get(guard, values, (uint32_t)reader, json, hash);
    if (token == NULL) {
        Span converted = call_for_token(tokens, tokens->convert, reader, json);
        token = arena_alloc(guard, &values->arena, 1, sizeof *token);
        *token = is_none(converted) ? converted : arena_copy(guard, &values->arena, converted);
        table_add(guard, values, (uint32_t)reader, json, hash, token);
    }
    return *token;
}

Span fallback_token(Tokens *tokens, int32_t field, Span json)
{
    return call_for_token(tokens, tokens->fallback, field, json);
}

static Subject *subject_of(Tokens *tokens, Span token)
{
    Table *resources = &tokens->resources;
    uint64_t hash = hash_of(SUBJECT_KIND, token);
    Subject *subject = table_get(tokens->guard, resources, SUBJECT_KIND, token, hash);
    if (subject == NULL) {
        subject = arena_alloc(tokens->guard, &resources->arena, 1, sizeof *subject);
        *subject = (Subject){.token = arena_copy(tokens->guard, &resources->arena, token)};
        table_add(tokens->guard, resources, SUBJECT_KIND, token, hash, subject);
    }
    return subject;
}

/* Append a description to the list and return its index. */
static Py_ssize_t add_description(Tokens *tokens, PyObject *description)
{
    if (tokens->descriptions == NULL)
        tokens->descriptions = PyList_New(0);
    if (tokens->descriptions == NULL || PyList_Append(tokens->descriptions, description) < 0)
        fail(tokens->guard, PYTHON_ERROR);
    return PyList_Size(tokens->descriptions) - 1;
}

/* Build a resource from the result of ``describe``. */
static Resource *new_resource(Tokens *tokens, PyObject *result)
{
    PyObject *token, *description, *listed, *name;
    int incomplete;
    if (!PyArg_Parse(result, "(SSSSp)", &token, &description, &listed, &name, &incomplete))
        fail(tokens->guard, PYTHON_ERROR);
    Arena *arena = &tokens->resources.arena;
    Resource *resource = arena_alloc(tokens->guard, arena, 1, sizeof *resource);
    *resource = (Resource){.subject = subject_of(tokens, span_in(tokens, token)), .incomplete = incomplete != 0};
    resource->listed = arena_copy(tokens->guard, arena, span_in(tokens, listed));
    resource->name = arena_copy(tokens->guard, arena, span_in(tokens, name));
    resource->description = add_description(tokens, description);
    return resource;
}

Resource *resource_of(Tokens *tokens, int32_t kind, Span json)
{
    uint64_t hash = hash_of((uint32_t)kind, json);
    Resource *resource = table_get(tokens->guard, &tokens->resources, (uint32_t)kind, json, hash);
    if (resource == NULL) {
        PyObject *result = call(tokens, tokens->describe, kind, json);
        if (result == Py_None)
            fail(tokens->guard, UNSUPPORTED);
        resource = new_resource(tokens, result);
        table_add(tokens->guard, &tokens->resources, (uint32_t)kind, json, hash, resource);
    }
    return resource;
}

void trim_tokens(Tokens *tokens)
{
    table_trim(&tokens->values, MAX_VALUES, MAX_TABLE_BYTES);
    if (table_trim(&tokens->resources, MAX_RESOURCES, MAX_TABLE_BYTES))
        Py_CLEAR(tokens->descriptions);
}

int visit_tokens(Tokens *tokens, visitproc visit, void *arg)
{
    Py_VISIT(tokens->convert);
    Py_VISIT(tokens->fallback);
    Py_VISIT(tokens->describe);
    Py_VISIT(tokens->result);
    Py_VISIT(tokens->descriptions);
    return 0;
}

void clear_tokens(Tokens *tokens)
{
    Py_CLEAR(tokens->convert);
    Py_CLEAR(tokens->fallback);
    Py_CLEAR(tokens->describe);
    Py_CLEAR(tokens->result);
    Py_CLEAR(tokens->descriptions);
}

void free_tokens(Tokens *tokens)
{
    clear_tokens(tokens);
    table_free(&tokens->values);
    table_free(&tokens->resources);
    PyMem_Free(tokens->spelled.at);
}
