/* The output of a record: statements are written as they come, in segments, and laid out block by block. */
#ifndef KG_OUTPUT_H
#define KG_OUTPUT_H

#include "tokens.h"

/* A piece of what is written that belongs to one block. */
typedef struct {
    size_t from, to;
    int64_t next;
} Segment;

typedef struct {
    int64_t first, last;
    bool begun, at_end;
} Block;

/* A node that is written. ``stem`` is how much of the stem at hand the names of its parts begin with. */
typedef struct {
    Buffer subject; /* with the space behind it */
    size_t stem, block;
} Node;

typedef struct {
    Exit *out;
    const Words *words;
    bool repeats; /* each statement in a line of its own */
    Buffer written, stem, graph, end;
    Segment *segments;
    size_t segment_count, segment_room;
    Block *blocks;
    size_t block_count, block_room, current, began;
    size_t triples;
} Output;

/* Memory of others that an output may be put into. */
typedef struct {
    char *at;
    size_t size;
} Room;

/* Takes memory for what most records write, once. */
void make_output(Output *output);
void start_output(Output *output, Span number);
/* A block that is ``at_end`` is written after all others. */
size_t new_block(Output *output, bool at_end);
/* Makes a node of a stem and what its name adds to that, with a number where that is not 0. */
void name_node(Output *output, Node *node, size_t stem, Span after, size_t number);
/* Makes a node of a token. */
void call_node(Output *output, Node *node, Span token);
/* All as bytes, or none where it fits into a room: ``placed`` is how much was put there then. NULL with an exception.
   ``study`` is where what is said of the study itself ends. */
PyObject *laid_out(Output *output, Room room, size_t *placed, size_t *study);
void end_output(Output *output);

static inline void emit(Output *output, Span span) { put(output->out, &output->written, span); }

static inline void emit_word(Output *output, const char *word) { emit(output, span_of_word(word)); }

/* What stands before a predicate. */
void begin(Output *output, const Node *node);
/* What stands before one of several objects of a predicate; names stand three on a line in Turtle. */
void begin_object(Output *output, const Node *node, Span lead, size_t i, size_t count, bool names);
void say(Output *output, const Node *node, Span lead, Span token, Span tail);
void say_types(Output *output, const Node *node, Span types);
/* The name of a part of a node; see :func:`name_node`. */
void emit_part(Output *output, size_t stem, Span after, size_t number);

static inline void end_line(Output *output)
{
    if (output->repeats)
        emit(output, all_of(&output->end));
}

#endif
