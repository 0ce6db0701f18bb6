#include "operations.h"

/* Run a program on an object; the node at ``depth`` is the subject of the statements. */
static void run(Record *record, const Program *program, Value object, size_t depth, const Step *parent);

/* Run the program of a part; names that it indexes are visible only within the part. */
static void run_part(Record *record, const Program *program, Value object, size_t depth, const Step *parent)
{
    Group groups[MAX_GROUPS];
    if (program->has_names)
        memcpy(groups, record->groups, sizeof groups);
    run(record, program, object, depth, parent);
    if (program->has_names)
        memcpy(record->groups, groups, sizeof groups);
}

/* Write a part of the node at ``depth``; ``position`` is 0 unless the part is in a list. */
static void write_part_block(Record *record, const Op *op, Value object, size_t depth, size_t position,
                             const Step *parent)
{
    Output *output = &record->output;
    const Syntax *syntax = &record->plan.syntax;
    Node *part = add_node(record, depth + 1, false);
    name_part(output, part, record->nodes[depth].stem, op->after, position);
    write_types(output, part, op->types);
    const Buffer *study = &record->nodes[0].subject;
    write_statement(output, part, syntax->study_predicate, (Span){study->at, study->size - 1}, EMPTY);
    if (position) {
        begin_statement(output, part);
        emit(output, syntax->position);
        append_number(&record->guard, &output->statements, position);
        emit(output, syntax->position_end);
        end_statement(output);
    }
    run_part(record, op->below, object, depth + 1, parent);
}

static void write_part(Record *record, const Op *op, Value object, size_t depth, const Step *parent)
{
    Step step = {parent, op->key, -1};
    const Node *node = &record->nodes[depth];
    write_part_block(record, op, object, depth, 0, op->slot < 0 ? parent : &step);
    begin_statement(&record->output, node);
    emit(&record->output, op->lead);
    emit_part(&record->output, node->stem, op->after, 0);
    end_statement(&record->output);
}

/* Link a node to its parts in a list; empty objects are not parts. */
static void write_part_links(Record *record, const Op *op, const Node *node, Value list)
{
    size_t count = 0, written = 0;
    for (size_t i = 0; i < list.count; i++)
        count += element_of(&record->json, list, i).count > 0;
    for (size_t i = 0; i < list.count; i++) {
        if (element_of(&record->json, list, i).count == 0)
            continue;
        begin_object(&record->output, node, op->lead, written++, count, true);
        emit_part(&record->output, node->stem, op->after, i + 1);
        end_statement(&record->output);
    }
}

static void write_parts(Record *record, const Op *op, Value list, size_t depth, const Step *parent)
{
    write_part_links(record, op, &record->nodes[depth], list);
    for (size_t i = 0; i < list.count; i++) {
        Value value = element_of(&record->json, list, i);
        Step step = {parent, op->key, (int64_t)i};
        if (value.count)
            write_part_block(record, op, value, depth, i + 1, &step);
    }
}

/* Write a resource with an IRI of its own that is described by the same object as the node that refers to it. */
static void write_resource(Record *record, const Op *op, Value object, size_t depth, const Step *parent)
{
    Span json = json_of(&record->json, value_along(record, object, op->path));
    if (!is_string(json) || op->below->has_names)
        unsupported(record);
    Span token = token_of(&record->tokens, op->reader, json);
    if (is_none(token))
        unsupported(record);
    write_statement(&record->output, &record->nodes[depth], op->lead, token, EMPTY);
    Node *node = add_node(record, depth + 1, true);
    set_subject(&record->output, node, token);
    node->stem = record->nodes[depth].stem;
    write_types(&record->output, node, op->types);
    run(record, op->below, object, depth + 1, parent);
}

static void run_op(Record *record, const Op *op, Value object, Value value, size_t depth, const Step *parent)
{
    const Node *node = &record->nodes[depth];
    Span json = json_of(&record->json, value);
    switch (op->code) {
    case BELOW: {
        Step step = {parent, op->key, -1};
        run(record, op->below, value, depth, &step);
        break;
    }
    case WITHHOLD:
        record->withheld++;
        break;
    case TEXT:
    case VALUE:
    case DERIVE:
        write_value(record, op, node, parent, json);
        break;
    case TEXTS:
    case VALUES:
        write_values(record, op, node, value);
        break;
    case DERIVE_EACH:
        derive_values(record, op, node, value);
        break;
    case REFER:
        write_reference(record, op, node, json);
        break;
    case REFER_EACH:
        write_references(record, op, node, object, value);
        break;
    case NAMES:
        index_names(record, op, node, value);
        break;
    case PART:
        write_part(record, op, value, depth, parent);
        break;
    case PARTS:
        write_parts(record, op, value, depth, parent);
        break;
    case SHARE:
        write_shared(record, op, node, json);
        break;
    case SHARE_EACH:
        write_shared_list(record, op, node, value);
        break;
    case RESOURCE:
        write_resource(record, op, object, depth, parent);
        break;
    case GATHER:
        index_targets(record, op, node, value_along(record, object, op->path));
        break;
    case LINK:
        write_links(record, op, node, object);
        break;
    }
}

static void run(Record *record, const Program *program, Value object, size_t depth, const Step *parent)
{
    for (const Op *op = program->ops; op < program->ops + program->count; op++) {
        const Value *value = op->slot < 0 ? &object : member_at(&record->json, &object, op->slot);
        if (value->size || op->code == NAMES)
            run_op(record, op, object, *value, depth, parent);
        else if (op->required && value->count == 0)
            report_error(record, parent, op, EMPTY);
    }
}

Value run_record(Record *record, Span text)
{
    Value value = start_record(record, text);
    const Node *study = &record->nodes[0];
    write_types(&record->output, study, record->plan.syntax.study_types);
    run(record, &record->plan.programs[0], value, 0, NULL);
    write_listings(record, study);
    return value;
}
