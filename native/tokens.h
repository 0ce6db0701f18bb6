/* Cache of the tokens of values and of the shared resources, by the JSON that they come from. Python converts every
   value once, unless the reader of the value has a spelling for its form. */
#ifndef KG_TOKENS_H
#define KG_TOKENS_H

#include "plan.h"
#include "table.h"

/* The token of a shared resource, and the last list that it occurred in. */
typedef struct {
    Span token;
    uint64_t list;
} Subject;

/* A shared resource as one JSON object describes it. Several objects may describe the same subject. */
typedef struct {
    Subject *subject;
    Span listed;            /* the object as JSON within a string */
    Span name;              /* the name by which links find it, or empty */
    Py_ssize_t description; /* index in Tokens.descriptions */
    uint64_t record;        /* the last record that it occurred in */
    bool incomplete;        /* the graph may lack some of the object */
} Resource;

typedef struct {
    Guard *guard;
    const Reader *readers;
    PyObject *convert, *fallback, *describe; /* callables; see kg/_emitter.pyi */
    PyObject *result;                        /* of the last call */
    PyObject *descriptions;                  /* a list of bytes, one per cached resource */
    Table values, resources;
    Buffer spelled; /* the last token that was spelled instead of converted */
} Tokens;

static inline bool is_none(Span token) { return token.at == NULL; }

/* Return the token of a value, valid until the next call, or none for an invalid value. */
Span token_of(Tokens *tokens, int32_t reader, Span json);
/* Return the token that stands in for an invalid value, valid until the next call, or none. */
Span fallback_token(Tokens *tokens, int32_t field, Span json);
/* Return a shared resource of a kind. Fail with UNSUPPORTED if its JSON has an invalid value. */
Resource *resource_of(Tokens *tokens, int32_t kind, Span json);
/* Empty the tables that have grown too large. Spans and resources of earlier records become invalid. */
void trim_tokens(Tokens *tokens);
int visit_tokens(Tokens *tokens, visitproc visit, void *arg);
/* Drop the references to Python objects. */
void clear_tokens(Tokens *tokens);
void free_tokens(Tokens *tokens);

#endif
