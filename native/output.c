#include "output.h"

#define FIRST_ROOM ((size_t)16 << 20) /* of which only those pages are taken that something was written to */
#define LARGE ((size_t)4 << 20)       /* more is not kept for the next record, which will be smaller */

void make_output(Output *output)
{
    RESERVE(output->out, output->written.at, output->written.room, FIRST_ROOM);
}

void start_output(Output *output, Span number)
{
    Exit *out = output->out;
    const Words *words = output->words;
    if (output->written.size > LARGE)
        give_back(&output->written, LARGE);
    output->written.size = output->stem.size = output->graph.size = output->end.size = 0;
    output->segment_count = output->block_count = 0;
    output->current = output->began = output->triples = 0;
    output->repeats = words->lead.size == 0;
    if (words->graph_before.size) {
        put(out, &output->graph, words->graph_before);
        put(out, &output->graph, number);
        put(out, &output->graph, words->graph_after);
        put(out, &output->end, span_of_word(" "));
        put(out, &output->end, all_of(&output->graph));
    }
    put(out, &output->end, span_of_word(" .\n"));
}

/* Blocks */

size_t new_block(Output *output, bool at_end)
{
    RESERVE(output->out, output->blocks, output->block_room, output->block_count + 1);
    output->blocks[output->block_count] = (Block){-1, -1, false, at_end};
    return output->block_count++;
}

/* Gives what was written since the last segment to the block at hand. */
static void close_segment(Output *output)
{
    if (output->written.size == output->began)
        return;
    RESERVE(output->out, output->segments, output->segment_room, output->segment_count + 1);
    int64_t number = (int64_t)output->segment_count++;
    output->segments[number] = (Segment){output->began, output->written.size, -1};
    Block *block = &output->blocks[output->current];
    if (block->first < 0)
        block->first = number;
    else
        output->segments[block->last].next = number;
    block->last = number;
    output->began = output->written.size;
}

/* Statements */

void begin(Output *output, const Node *node)
{
    if (output->current != node->block) {
        close_segment(output);
        output->current = node->block;
    }
    Block *block = &output->blocks[node->block];
    emit(output, output->repeats || !block->begun ? all_of(&node->subject) : output->words->lead);
    block->begun = true;
    output->triples++;
}

void begin_object(Output *output, const Node *node, Span lead, size_t i, size_t count, bool names)
{
    if (output->repeats || i == 0) {
        begin(output, node);
        emit(output, lead);
        return;
    }
    emit_word(output, names && (count < 4 || i % 3) ? ", " : ",\n        ");
    output->triples++;
}

void say(Output *output, const Node *node, Span lead, Span token, Span tail)
{
    begin(output, node);
    emit(output, lead);
    emit(output, token);
    emit(output, tail);
    end_line(output);
}

void say_types(Output *output, const Node *node, Span types)
{
    if (types.size)
        say(output, node, types, (Span){"", 0}, (Span){"", 0});
}

/* Nodes */

void name_node(Output *output, Node *node, size_t stem, Span after, size_t number)
{
    output->stem.size = stem;
    put(output->out, &output->stem, after);
    if (number)
        put_number(output->out, &output->stem, number);
    node->stem = output->stem.size;
    node->subject.size = 0;
    put(output->out, &node->subject, all_of(&output->stem));
    put(output->out, &node->subject, output->words->close);
    put(output->out, &node->subject, span_of_word(" "));
}

void call_node(Output *output, Node *node, Span token)
{
    node->subject.size = 0;
    put(output->out, &node->subject, token);
    put(output->out, &node->subject, span_of_word(" "));
}

void emit_part(Output *output, size_t stem, Span after, size_t number)
{
    emit(output, (Span){output->stem.at, stem});
    emit(output, after);
    if (number)
        put_number(output->out, &output->written, number);
    emit(output, output->words->close);
}

/* Laying out: each function puts something at a place, where there is one, and gives the place behind it */

static size_t lay(char *to, size_t at, Span span)
{
    if (to != NULL)
        copy(to + at, span.at, span.size);
    return at + span.size;
}

static size_t lay_block(const Output *output, char *to, size_t at, size_t number)
{
    for (int64_t i = output->blocks[number].first; i >= 0; i = output->segments[i].next) {
        const Segment *segment = &output->segments[i];
        at = lay(to, at, (Span){output->written.at + segment->from, segment->to - segment->from});
    }
    return at;
}

static size_t lay_all(const Output *output, char *to, size_t *study)
{
    Span none = {"", 0}, gap = output->repeats ? none : span_of_word("\n");
    Span stop = output->repeats ? none : span_of_word(" .\n");
    bool wrapped = !output->repeats && output->graph.size;
    size_t at = wrapped ? lay(to, lay(to, 0, all_of(&output->graph)), span_of_word(" {\n")) : 0;
    for (int at_end = 0; at_end < 2; at_end++)
        for (size_t i = 0; i < output->block_count; i++) {
            if (output->blocks[i].at_end != at_end)
                continue;
            at = lay_block(output, to, i ? lay(to, at, gap) : at, i);
            if (i == 0)
                *study = at;
            at = lay(to, at, stop);
        }
    return wrapped ? lay(to, at, span_of_word("}\n")) : at;
}

PyObject *laid_out(Output *output, Room room, size_t *placed, size_t *study)
{
    close_segment(output);
    size_t size = lay_all(output, NULL, study);
    *placed = size <= room.size ? size : 0;
    PyObject *data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(size - *placed));
    if (data != NULL)
        lay_all(output, *placed ? room.at : PyBytes_AsString(data), study);
    return data;
}

void end_output(Output *output)
{
    void *arrays[] = {output->written.at, output->stem.at, output->graph.at, output->end.at,
                      output->segments,   output->blocks};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        PyMem_Free(arrays[i]);
}
