/* A plan as kg/export/compiler.py compiles it: types of JSON object, the operations of programs, and words of a style.

   All spans are within bytes of the tuples that it was made of. */
#ifndef KG_PLAN_H
#define KG_PLAN_H

#include "forms.h"

#define GROUPS 16
#define FACTS 4

/* What is done, in the order of Code in kg/export/compiler.py. */
typedef enum {
    BELOW, WITHHOLD, TEXT, VALUE, DERIVE, TEXTS, VALUES, DERIVE_EACH, REFER, REFER_EACH, NAMES, PART, PARTS, SHARE,
    SHARE_EACH, RESOURCE, GATHER, LINK
} Code;

/* A piece of the name of a node: what stands before a value. */
typedef struct {
    Span before;
    int32_t slot, labels; /* -1: nothing is behind, or the text itself; labels -2: each text of a list */
} Piece;

/* A name that is made of pieces. */
typedef struct {
    Piece *pieces;
    size_t count;
} Pattern;

/* The places of keys, from object to object. */
typedef struct {
    int32_t *slots;
    size_t count;
} Path;

typedef struct Program Program;

/* An operation; see Op in kg/export/compiler.py. */
typedef struct {
    Code code;
    int32_t slot, field, reader, group, back; /* -1: the object itself, or none */
    bool required, rows;
    Span key, lead, tail, after, types, listed;
    uint32_t rank; /* of the name in listed */
    const Program *below;
    Pattern pattern;
    Path path;
    bool fold;          /* whether names are compared without regard to the case of ASCII letters */
    Pattern *patterns;  /* the names by which a node is linked */
    size_t pattern_count;
} Op;

struct Program {
    Op *ops;
    size_t count;
    bool names; /* whether it gathers names */
};

/* What stands before and behind what a value of some form shows in its token. */
typedef struct {
    Form form;
    Span before, after;
} Spelling;

/* How a reader spells values, whose forms are tried in turn; of all others Python is asked. */
typedef struct {
    Spelling *spellings;
    size_t count;
} Reader;

typedef struct {
    Span opening, close;       /* of the token of a part */
    Span position, position_tail;
    Span lead;                 /* before a predicate that is not the first of a block, or nothing */
    Span study_before, study_after, graph_before, graph_after;
    Span study_types, listed, json_type;
    Span of_study; /* the predicate from a part to its study */
} Words;

typedef struct {
    PyObject *source;
    Type *types;
    size_t type_count;
    Program *programs;
    size_t program_count;
    Reader *readers;
    size_t reader_count;
    Words words;
    Path facts[FACTS]; /* to texts that are told of each record, the first of them its NCT number */
} Plan;

/* Makes a plan of a tuple: types, programs, readers, words and facts. Leaves with an exception where one of them is
   not as kg/_emitter.pyi says. */
void make_plan(Exit *out, Plan *plan, PyObject *source);
void end_plan(Plan *plan);

#endif
