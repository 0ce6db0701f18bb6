/* The output of a record: statements are appended in the order of the record and laid out block by block at the end. */
#ifndef KG_OUTPUT_H
#define KG_OUTPUT_H

#include "tokens.h"

/* Consecutive bytes of one block. */
typedef struct {
    size_t from, to;
    int64_t next; /* the next segment of the block, or -1 */
} Segment;

/* The statements about one subject. */
typedef struct {
    int64_t first, last; /* segments, or -1 */
    bool begun;          /* has a statement */
    bool deferred;       /* follows all blocks that are not */
} Block;

/* A node that is being written. Names of its parts begin with the first ``stem`` bytes of Output.stem. */
typedef struct {
    Buffer subject; /* the token and a space */
    size_t stem, block;
} Node;

typedef struct {
    Guard *guard;
    const Syntax *syntax;
    bool line_based; /* one statement per line, instead of blocks */
    Buffer statements, stem, graph, statement_end;
    Segment *segments;
    size_t segment_count, segment_capacity;
    Block *blocks;
    size_t block_count, block_capacity;
    size_t block, segment_start; /* the block that is being written, and where its segment begins */
    size_t triples;
} Output;

void start_output(Output *output, Span nct_number);
size_t new_block(Output *output, bool deferred);
/* Name a part of a node by the stem of that node, a suffix, and a number unless it is 0. */
void name_part(Output *output, Node *part, size_t stem, Span suffix, size_t number);
void set_subject(Output *output, Node *node, Span token);
/* Return all blocks as bytes, or NULL with an exception; ``study_end`` is set to the end of the block of the study. */
PyObject *finish_output(Output *output, size_t *study_end);
void free_output(Output *output);

static inline void emit(Output *output, Span span) { append(output->guard, &output->statements, span); }

static inline void emit_string(Output *output, const char *string) { emit(output, span_of(string)); }

/* Write what precedes the predicate of a statement. */
void begin_statement(Output *output, const Node *node);
/* Write what precedes object ``i`` of the ``count`` objects of a predicate. In Turtle they form a list: one per line,
   or with ``rows`` three. */
void begin_object(Output *output, const Node *node, Span predicate, size_t i, size_t count, bool rows);
void write_object(Output *output, const Node *node, Span predicate, size_t i, size_t count, bool rows, Span token);
void write_statement(Output *output, const Node *node, Span predicate, Span token, Span tail);
void write_types(Output *output, const Node *node, Span types);
/* Write the token of a part; the arguments are those of name_part. */
void emit_part(Output *output, size_t stem, Span suffix, size_t number);

static inline void end_statement(Output *output)
{
    if (output->line_based)
        emit(output, contents(&output->statement_end));
}

#endif
