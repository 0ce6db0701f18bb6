#include "tokens.h"

#define KEPT_VALUES ((size_t)1 << 16)
#define KEPT_RESOURCES ((size_t)1 << 15) /* and their subjects */
#define KEPT_BYTES ((size_t)8 << 20)
#define LONGEST_KEY 256
#define SUBJECTS UINT32_MAX /* the kind of subjects among resources */

/* What Python says of some JSON; it holds it for as long as nothing else is asked. */
static PyObject *asked(Tokens *tokens, PyObject *function, int32_t number, Span json)
{
    PyObject *made = PyObject_CallFunction(function, "iN", (int)number, bytes_of(json));
    PyObject *before = tokens->answer;
    tokens->answer = made;
    Py_XDECREF(before);
    if (made == NULL)
        leave(tokens->out, FAILED);
    return made;
}

static Span bytes_in(Exit *out, PyObject *object)
{
    char *at;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(object, &at, &size) < 0)
        leave(out, FAILED);
    return (Span){at, (size_t)size};
}

static Token answered(Tokens *tokens, PyObject *function, int32_t number, Span json)
{
    PyObject *made = asked(tokens, function, number, json);
    return made == Py_None ? (Token){true, {"", 0}} : (Token){false, bytes_in(tokens->out, made)};
}

/* Whether a value has a form of which a reader knows the token; that is written afresh then. */
static bool is_spelled(Tokens *tokens, const Reader *reader, Span json)
{
    for (const Spelling *spelling = reader->spellings; spelling < reader->spellings + reader->count; spelling++) {
        Shown shown;
        if (!has_form(json, spelling->form, &shown))
            continue;
        tokens->fresh.size = 0;
        put(tokens->out, &tokens->fresh, spelling->before);
        put(tokens->out, &tokens->fresh, shown.first);
        if (shown.second.size) {
            put(tokens->out, &tokens->fresh, span_of_word(" "));
            put(tokens->out, &tokens->fresh, shown.second);
        }
        put(tokens->out, &tokens->fresh, spelling->after);
        return true;
    }
    return false;
}

static const Token *remembered(Tokens *tokens, int32_t reader, Span json, uint64_t hash, Token token)
{
    Token *own = taken(tokens->out, &tokens->known.arena, sizeof *own);
    *own = (Token){token.none, kept(tokens->out, &tokens->known.arena, token.span)};
    remember(tokens->out, &tokens->known, (uint32_t)reader, json, hash, own);
    return own;
}

Token token_of(Tokens *tokens, int32_t reader, Span json)
{
    if (is_spelled(tokens, &tokens->readers[reader], json))
        return (Token){false, all_of(&tokens->fresh)};
    if (json.size > LONGEST_KEY)
        return answered(tokens, tokens->convert, reader, json);
    uint64_t hash = hash_of((uint32_t)reader, json);
    const Token *found = find(tokens->out, &tokens->known, (uint32_t)reader, json, hash);
    if (found == NULL)
        found = remembered(tokens, reader, json, hash, answered(tokens, tokens->convert, reader, json));
    return *found;
}

Token text_of(Tokens *tokens, int32_t field, Span json) { return answered(tokens, tokens->refuse, field, json); }

static Subject *subject_of(Tokens *tokens, Span token)
{
    uint64_t hash = hash_of(SUBJECTS, token);
    Subject *subject = find(tokens->out, &tokens->resources, SUBJECTS, token, hash);
    if (subject != NULL)
        return subject;
    subject = taken(tokens->out, &tokens->resources.arena, sizeof *subject);
    *subject = (Subject){.token = kept(tokens->out, &tokens->resources.arena, token)};
    remember(tokens->out, &tokens->resources, SUBJECTS, token, hash, subject);
    return subject;
}

/* Adds a description to those of Python, and returns its place. */
static Py_ssize_t add_description(Tokens *tokens, PyObject *description)
{
    if (tokens->descriptions == NULL)
        tokens->descriptions = PyList_New(0);
    if (tokens->descriptions == NULL || PyList_Append(tokens->descriptions, description) < 0)
        leave(tokens->out, FAILED);
    return PyList_Size(tokens->descriptions) - 1;
}

/* A resource as Python describes it, which is held as the last answer meanwhile. */
static Resource *described(Tokens *tokens, PyObject *made)
{
    PyObject *token, *description, *listed, *name;
    int odd;
    if (!PyArg_Parse(made, "(SSSSp)", &token, &description, &listed, &name, &odd))
        leave(tokens->out, FAILED);
    Arena *arena = &tokens->resources.arena;
    Resource *resource = taken(tokens->out, arena, sizeof *resource);
    *resource = (Resource){.subject = subject_of(tokens, bytes_in(tokens->out, token)), .odd = odd != 0};
    resource->listed = kept(tokens->out, arena, bytes_in(tokens->out, listed));
    resource->name = kept(tokens->out, arena, bytes_in(tokens->out, name));
    resource->description = add_description(tokens, description);
    return resource;
}

Resource *resource_of(Tokens *tokens, int32_t kind, Span json)
{
    uint64_t hash = hash_of((uint32_t)kind, json);
    Resource *resource = find(tokens->out, &tokens->resources, (uint32_t)kind, json, hash);
    if (resource != NULL)
        return resource;
    PyObject *made = asked(tokens, tokens->describe, kind, json);
    if (made == Py_None)
        leave(tokens->out, NOT_TAKEN);
    resource = described(tokens, made);
    remember(tokens->out, &tokens->resources, (uint32_t)kind, json, hash, resource);
    return resource;
}

void forget_tokens(Tokens *tokens)
{
    forget(&tokens->known, KEPT_VALUES, KEPT_BYTES);
    if (forget(&tokens->resources, KEPT_RESOURCES, KEPT_BYTES))
        Py_CLEAR(tokens->descriptions);
}

int visit_tokens(Tokens *tokens, visitproc visit, void *arg)
{
    Py_VISIT(tokens->convert);
    Py_VISIT(tokens->refuse);
    Py_VISIT(tokens->describe);
    Py_VISIT(tokens->answer);
    Py_VISIT(tokens->descriptions);
    return 0;
}

void clear_tokens(Tokens *tokens)
{
    Py_CLEAR(tokens->convert);
    Py_CLEAR(tokens->refuse);
    Py_CLEAR(tokens->describe);
    Py_CLEAR(tokens->answer);
    Py_CLEAR(tokens->descriptions);
}

void end_tokens(Tokens *tokens)
{
    clear_tokens(tokens);
    end_table(&tokens->known);
    end_table(&tokens->resources);
    PyMem_Free(tokens->fresh.at);
}
