/* The tokens of values, and the resources that records share: Python is asked for what comes for the first time and has
   none of the forms that a reader spells, and its answers are remembered by the JSON of the value. */
#ifndef KG_TOKENS_H
#define KG_TOKENS_H

#include "plan.h"
#include "table.h"

/* Of a value that is refused, ``none``. */
typedef struct {
    bool none;
    Span span;
} Token;

/* The token of a shared resource, and the last list that it occurred in. */
typedef struct {
    Span token;
    uint64_t list;
} Subject;

/* A shared resource as one JSON object describes it: the place of its description among those of Python, the object
   itself as JSON within a text, the name by which links find it, and the last record that it occurred in. */
typedef struct {
    Subject *subject;
    Span listed, name;
    Py_ssize_t description;
    uint64_t record;
    bool odd;
} Resource;

typedef struct {
    Exit *out;
    const Reader *readers;
    PyObject *convert, *refuse, *describe;
    PyObject *answer;       /* the last that Python gave */
    PyObject *descriptions; /* a list of bytes, one for each resource of the table */
    Table known, resources;
    Buffer fresh; /* a token that is not remembered */
} Tokens;

/* The token of a value. It stays while no other is asked for. */
Token token_of(Tokens *tokens, int32_t reader, Span json);
/* What is kept of a value that has no token. It stays while nothing is asked for. */
Token text_of(Tokens *tokens, int32_t field, Span json);
/* A shared resource of a kind; leaves where Python has a complaint of it. */
Resource *resource_of(Tokens *tokens, int32_t kind, Span json);
/* Forgets what has become much; between two records. */
void forget_tokens(Tokens *tokens);
int visit_tokens(Tokens *tokens, visitproc visit, void *arg);
/* Lets what it asks go. */
void clear_tokens(Tokens *tokens);
void end_tokens(Tokens *tokens);

#endif
