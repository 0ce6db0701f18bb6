/* The plan as kg/export/compiler.py compiles it: types of JSON object, programs, and the syntax of the output.

   Spans point into the Python tuples that the plan was read from. */
#ifndef KG_PLAN_H
#define KG_PLAN_H

#include "forms.h"

#define MAX_GROUPS 16
#define FACT_COUNT 4

/* What an operation does, in the order of Code in kg/export/compiler.py. */
typedef enum {
    BELOW, WITHHOLD, TEXT, VALUE, DERIVE, TEXTS, VALUES, DERIVE_EACH, REFER, REFER_EACH, NAMES, PART, PARTS, SHARE,
    SHARE_EACH, RESOURCE, GATHER, LINK
} Code;

#define NO_VALUE -1   /* as a slot: the piece ends the name */
#define NO_LABELS -1  /* as labels: the text itself is part of the name */
#define EVERY_TEXT -2 /* as labels: every text of a list is a name of its own */

/* A piece of a node's name: constant text and the value after it, or the label that a reader has for that. */
typedef struct {
    Span before;
    int32_t slot, labels;
} Piece;

typedef struct {
    Piece *pieces;
    size_t count;
} Pattern;

/* Slots from object to nested object. */
typedef struct {
    int32_t *slots;
    size_t count;
} Path;

typedef struct Program Program;

/* An operation; Op in kg/export/compiler.py documents its members. */
typedef struct {
    Code code;
    int32_t slot, field, reader, group, back; /* -1: none, or for the slot the object itself */
    bool required, rows;
    Span key, lead, tail, after, types, listed;
    uint32_t rank;
    const Program *below;
    Pattern pattern;
    Path path;
    bool fold;
    Pattern *patterns;
    size_t pattern_count;
} Op;

struct Program {
    Op *ops;
    size_t count;
    bool has_names; /* whether it indexes nodes by name, itself or in a nested object */
};

/* The token of a value of some form: the excerpt of the value between two constants. */
typedef struct {
    Form form;
    Span before, after;
} Spelling;

/* The spellings of a reader, tried in order; Python converts all other values. */
typedef struct {
    Spelling *spellings;
    size_t count;
} Reader;

/* Tokens and parts of tokens in the output syntax. */
typedef struct {
    Span part_open, part_close;
    Span position, position_end;
    Span next_predicate; /* before a predicate other than the first of a block; empty in line-based syntaxes */
    Span study_open, study_close, graph_open, graph_close;
    Span study_types, listing_predicate, json_type, study_predicate;
    Span mask; /* in place of e-mail addresses in texts, which Python masks; empty if they are kept */
} Syntax;

typedef struct {
    PyObject *source; /* the tuples */
    Arena arena;      /* all arrays */
    Type *types;
    size_t type_count;
    Program *programs;
    size_t program_count;
    Reader *readers;
    size_t reader_count;
    Syntax syntax;
    Path facts[FACT_COUNT]; /* to the texts that are returned for each record; the first is its NCT number */
} Plan;

/* Read a plan from a tuple of types, programs, readers, syntax and facts. Raise an exception if they are not as
   kg/_emitter.pyi declares them. */
void read_plan(Guard *guard, Plan *plan, PyObject *source);
void free_plan(Plan *plan);

#endif
