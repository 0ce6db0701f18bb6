#include "output.h"

#define MAX_TRIPLES 3000000 /* MAX_STATEMENTS of kg/records/limits.py; the interpreter refuses the record */
#define MAX_RETAINED ((size_t)4 << 20) /* a larger buffer is freed: the next record will be smaller */

void start_output(Output *output, Span nct_number)
{
    Guard *guard = output->guard;
    const Syntax *syntax = output->syntax;
    if (output->statements.capacity > MAX_RETAINED) {
        PyMem_Free(output->statements.at);
        output->statements = (Buffer){0};
    }
    output->statements.size = output->stem.size = output->graph.size = output->statement_end.size = 0;
    output->segment_count = output->block_count = 0;
    output->block = output->segment_start = output->triples = 0;
    output->line_based = syntax->next_predicate.size == 0;
    if (syntax->graph_open.size) {
        append(guard, &output->graph, syntax->graph_open);
        append(guard, &output->graph, nct_number);
        append(guard, &output->graph, syntax->graph_close);
        append_string(guard, &output->statement_end, " ");
        append(guard, &output->statement_end, contents(&output->graph));
    }
    append_string(guard, &output->statement_end, " .\n");
}

/* Blocks */

size_t new_block(Output *output, bool deferred)
{
    RESERVE(output->guard, output->blocks, output->block_capacity, output->block_count + 1);
    output->blocks[output->block_count] = (Block){-1, -1, false, deferred};
    return output->block_count++;
}

/* Assign the bytes since the last segment to the current block. */
static void close_segment(Output *output)
{
    if (output->statements.size == output->segment_start)
        return;
    RESERVE(output->guard, output->segments, output->segment_capacity, output->segment_count + 1);
    int64_t number = (int64_t)output->segment_count++;
    output->segments[number] = (Segment){output->segment_start, output->statements.size, -1};
    Block *block = &output->blocks[output->block];
    if (block->first < 0)
        block->first = number;
    else
        output->segments[block->last].next = number;
    block->last = number;
    output->segment_start = output->statements.size;
}

/* Statements */

static void count_triple(Output *output)
{
    if (++output->triples > MAX_TRIPLES)
        fail(output->guard, UNSUPPORTED);
}

void begin_statement(Output *output, const Node *node)
{
    if (output->block != node->block) {
        close_segment(output);
        output->block = node->block;
    }
    Block *block = &output->blocks[node->block];
    emit(output, output->line_based || !block->begun ? contents(&node->subject) : output->syntax->next_predicate);
    block->begun = true;
    count_triple(output);
}

void begin_object(Output *output, const Node *node, Span predicate, size_t i, size_t count, bool rows)
{
    if (output->line_based || i == 0) {
        begin_statement(output, node);
        emit(output, predicate);
        return;
    }
    emit_string(output, rows && (count < 4 || i % 3) ? ", " : ",\n        ");
    count_triple(output);
}

void write_object(Output *output, const Node *node, Span predicate, size_t i, size_t count, bool rows, Span token)
{
    begin_object(output, node, predicate, i, count, rows);
    emit(output, token);
    end_statement(output);
}

void write_statement(Output *output, const Node *node, Span predicate, Span token, Span tail)
{
    begin_statement(output, node);
    emit(output, predicate);
    emit(output, token);
    emit(output, tail);
    end_statement(output);
}

void write_types(Output *output, const Node *node, Span types)
{
    if (types.size)
        write_statement(output, node, types, EMPTY, EMPTY);
}

/* Nodes */

void set_subject(Output *output, Node *node, Span token)
{
    node->subject.size = 0;
    append(output->guard, &node->subject, token);
    append_string(output->guard, &node->subject, " ");
}

void name_part(Output *output, Node *part, size_t stem, Span suffix, size_t number)
{
    output->stem.size = stem;
    append(output->guard, &output->stem, suffix);
    if (number)
        append_number(output->guard, &output->stem, number);
    part->stem = output->stem.size;
    append(output->guard, &output->stem, output->syntax->part_close);
    set_subject(output, part, contents(&output->stem));
    output->stem.size = part->stem;
}

void emit_part(Output *output, size_t stem, Span suffix, size_t number)
{
    emit(output, (Span){output->stem.at, stem});
    emit(output, suffix);
    if (number)
        append_number(output->guard, &output->statements, number);
    emit(output, output->syntax->part_close);
}

/* Layout: functions copy to ``to`` at an offset, unless ``to`` is NULL, and return the offset of what follows */

static size_t lay_out(char *to, size_t at, Span span)
{
    if (to != NULL && span.size)
        memcpy(to + at, span.at, span.size);
    return at + span.size;
}

static size_t lay_out_block(const Output *output, char *to, size_t at, size_t number)
{
    for (int64_t i = output->blocks[number].first; i >= 0; i = output->segments[i].next) {
        const Segment *segment = &output->segments[i];
        at = lay_out(to, at, (Span){output->statements.at + segment->from, segment->to - segment->from});
    }
    return at;
}

static size_t lay_out_all(const Output *output, char *to, size_t *study_end)
{
    Span gap = output->line_based ? EMPTY : span_of("\n"), stop = output->line_based ? EMPTY : span_of(" .\n");
    bool wrapped = !output->line_based && output->graph.size;
    size_t at = wrapped ? lay_out(to, lay_out(to, 0, contents(&output->graph)), span_of(" {\n")) : 0;
    for (int deferred = 0; deferred < 2; deferred++)
        for (size_t i = 0; i < output->block_count; i++) {
            if (output->blocks[i].deferred != deferred)
                continue;
            at = lay_out_block(output, to, i ? lay_out(to, at, gap) : at, i);
            if (i == 0)
                *study_end = at;
            at = lay_out(to, at, stop);
        }
    return wrapped ? lay_out(to, at, span_of("}\n")) : at;
}

PyObject *finish_output(Output *output, size_t *study_end)
{
    close_segment(output);
    PyObject *data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)lay_out_all(output, NULL, study_end));
    if (data != NULL)
        lay_out_all(output, PyBytes_AsString(data), study_end);
    return data;
}

void free_output(Output *output)
{
    void *arrays[] = {output->statements.at,    output->stem.at,  output->graph.at,
                      output->statement_end.at, output->segments, output->blocks};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        PyMem_Free(arrays[i]);
}
