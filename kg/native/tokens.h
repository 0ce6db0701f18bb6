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

/* What resources are called, and where one of that name was last seen: in which record and at which place of what
   that shares, and in which list. */
typedef struct {
    Span token;
    uint64_t record, list;
    size_t place;
} Subject;

/* A shared resource: what is said of it, in pieces that stand behind its token each (lines, or one block), the triples
   in these, and how it is listed (as JSON within a text). */
typedef struct {
    Subject *subject;
    Span listed;
    Span *pieces;
    size_t count, triples;
    bool usual, odd;
} Resource;

typedef struct {
    Exit *out;
    const Reader *readers;
    PyObject *convert, *refuse, *describe;
    PyObject *answer; /* the last that Python gave */
    Table known, resources;
    Buffer fresh; /* a token that is not remembered */
} Tokens;

/* The token of a value. It stays while no other is asked for. */
Token token_of(Tokens *tokens, int32_t reader, Span json);
/* What is kept of a value that has no token. It stays while nothing is asked for. */
Token text_of(Tokens *tokens, int32_t field, Span json);
/* A shared resource of a kind; leaves where Python has a complaint of it. */
const Resource *resource_of(Tokens *tokens, int32_t kind, Span json);
Subject *subject_of(Tokens *tokens, Span token);
/* Forgets what has become much; between two records. */
void forget_tokens(Tokens *tokens);
int visit_tokens(Tokens *tokens, visitproc visit, void *arg);
/* Lets what it asks go. */
void clear_tokens(Tokens *tokens);
void end_tokens(Tokens *tokens);

#endif
