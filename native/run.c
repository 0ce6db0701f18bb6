#include "run.h"
#include "references.h"
#include "sharing.h"
#include "values.h"

/* A program writes the node at a depth, of an object that stands below a step of the path. */
static void run(Record *record, const Program *program, Value object, size_t depth, const Step *above);

/* Runs a program whose nodes have names of their own for what refers to them. */
static void run_apart(Record *record, const Program *program, Value object, size_t depth, const Step *above)
{
    Group before[GROUPS];
    memcpy(before, record->groups, sizeof before);
    run(record, program, object, depth, above);
    memcpy(record->groups, before, sizeof before);
}

/* Writes what is said of a part of a node, and its parts; ``place`` is 0 for one that stands alone. */
static void write_node(Record *record, const Op *op, Value object, size_t depth, size_t place, const Step *above)
{
    Output *output = &record->output;
    Node *node = next_node(record, depth + 1, false);
    name_node(output, node, record->nodes[depth].stem, op->after, place);
    say_types(output, node, op->types);
    const Buffer *study = &record->nodes[0].subject; /* with the space behind it */
    say(output, node, record->plan.words.of_study, (Span){study->at, study->size - 1}, (Span){"", 0});
    if (place) {
        begin(output, node);
        emit(output, record->plan.words.position);
        put_number(&record->out, &output->written, place);
        emit(output, record->plan.words.position_tail);
        end_line(output);
    }
    (op->below->names ? run_apart : run)(record, op->below, object, depth + 1, above);
}

static void write_part(Record *record, const Op *op, Value object, size_t depth, const Step *above)
{
    Step step = {above, op->key, -1};
    const Node *node = &record->nodes[depth];
    write_node(record, op, object, depth, 0, op->slot < 0 ? above : &step);
    begin(&record->output, node);
    emit(&record->output, op->lead);
    emit_part(&record->output, node->stem, op->after, 0);
    end_line(&record->output);
}

/* Says the parts of a list that have something in them. */
static void say_parts(Record *record, const Op *op, const Node *node, Value list)
{
    size_t count = 0, said = 0;
    for (size_t i = 0; i < list.count; i++)
        count += element_of(&record->json, list, i).count > 0;
    for (size_t i = 0; i < list.count; i++) {
        if (element_of(&record->json, list, i).count == 0)
            continue;
        begin_object(&record->output, node, op->lead, said++, count, true);
        emit_part(&record->output, node->stem, op->after, i + 1);
        end_line(&record->output);
    }
}

static void write_parts(Record *record, const Op *op, Value list, size_t depth, const Step *above)
{
    say_parts(record, op, &record->nodes[depth], list);
    for (size_t i = 0; i < list.count; i++) {
        Value value = element_of(&record->json, list, i);
        Step step = {above, op->key, (int64_t)i};
        if (value.count)
            write_node(record, op, value, depth, i + 1, &step);
    }
}

/* Writes a resource that is read from the same object as what leads to it. */
static void write_resource(Record *record, const Op *op, Value object, size_t depth, const Step *above)
{
    Span json = span_of(&record->json, value_along(record, object, op->path));
    if (!is_text(json) || op->below->names)
        not_taken(record);
    Token token = token_of(&record->tokens, op->reader, json);
    if (token.none)
        not_taken(record);
    say(&record->output, &record->nodes[depth], op->lead, token.span, (Span){"", 0});
    Node *node = next_node(record, depth + 1, true);
    call_node(&record->output, node, token.span);
    node->stem = record->nodes[depth].stem;
    say_types(&record->output, node, op->types);
    run(record, op->below, object, depth + 1, above);
}

/* Does what an operation says with a value that is there. */
static void perform(Record *record, const Op *op, Value object, Value value, size_t depth, const Step *above)
{
    const Node *node = &record->nodes[depth];
    Span json = span_of(&record->json, value);
    switch (op->code) {
    case BELOW: {
        Step step = {above, op->key, -1};
        run(record, op->below, value, depth, &step);
        break;
    }
    case WITHHOLD:
        record->withheld++;
        break;
    case TEXT:
        say_text(record, op, node, above, json);
        break;
    case VALUE:
    case DERIVE:
        say_value(record, op, node, above, json);
        break;
    case TEXTS:
    case VALUES:
        say_each(record, op, node, value);
        break;
    case DERIVE_EACH:
        derive_each(record, op, node, value);
        break;
    case REFER:
        refer(record, op, node, json);
        break;
    case REFER_EACH:
        refer_each(record, op, node, object, value);
        break;
    case NAMES:
        gather_names(record, op, node, value);
        break;
    case PART:
        write_part(record, op, value, depth, above);
        break;
    case PARTS:
        write_parts(record, op, value, depth, above);
        break;
    case SHARE:
        share(record, op, node, json);
        break;
    case SHARE_EACH:
        share_each(record, op, node, value);
        break;
    case RESOURCE:
        write_resource(record, op, object, depth, above);
        break;
    case GATHER:
        gather(record, op, node, value_along(record, object, op->path));
        break;
    case LINK:
        link_node(record, op, node, object);
        break;
    }
}

static void run(Record *record, const Program *program, Value object, size_t depth, const Step *above)
{
    for (const Op *op = program->ops; op < program->ops + program->count; op++) {
        const Value *value = op->slot < 0 ? &object : place_of(&record->json, &object, op->slot); /* mostly not there */
        if (value->size || op->code == NAMES)
            perform(record, op, object, *value, depth, above);
        else if (op->required && value->count == 0)
            complain(record, above, op, (Span){"", 0});
    }
}

Value run_record(Record *record, Span text)
{
    Value value = start_record(record, text);
    const Node *node = &record->nodes[0];
    say_types(&record->output, node, record->plan.words.study_types);
    run(record, &record->plan.programs[0], value, 0, NULL);
    say_listings(record, node);
    return value;
}
