#include "references.h"
#include "values.h"

#define LIST -2 /* in place of labels: the texts of a list are a name each */

/* Puts the name of a node into a buffer; whether it has one. */
static bool put_name(Record *record, Buffer *buffer, const Pattern *pattern, Value object)
{
    Exit *out = &record->out;
    for (size_t i = 0; i < pattern->count; i++) {
        const Piece *piece = &pattern->pieces[i];
        put(out, buffer, piece->before);
        if (piece->slot < 0)
            continue;
        Span json = span_of(&record->json, value_of(&record->json, object, piece->slot));
        if (!is_text(json))
            return false;
        put(out, buffer, piece->labels < 0 ? inside(json) : token_of(&record->tokens, piece->labels, json).span);
    }
    return true;
}

void gather_names(Record *record, const Op *op, const Node *node, Value list)
{
    Group *group = &record->groups[op->group];
    *group = (Group){node->stem, record->named_count, 0};
    if (list.size == 0)
        return;
    RESERVE(&record->out, record->named, record->named_room, record->named_count + list.count);
    for (size_t i = 0; i < list.count; i++) {
        Value value = element_of(&record->json, list, i);
        size_t from = record->names.size;
        if (value.count && put_name(record, &record->names, &op->pattern, value))
            record->named[record->named_count++] = (Named){from, record->names.size - from, i + 1, value, op, NULL};
    }
    group->count = record->named_count - group->first;
}

static Span name_of(const Record *record, const Named *named)
{
    return (Span){all_of(&record->names).at + named->from, named->size};
}

/* Whether a node refers to a name. */
static bool refers_to(Record *record, const Named *named, int32_t back, Span name)
{
    Value list = value_of(&record->json, named->value, back);
    if (list.size == 0)
        return false;
    spend(&record->out, list.count);
    for (size_t i = 0; i < list.count; i++) {
        Span json = span_at(record, list, i);
        if (is_text(json) && equal(inside(json), name))
            return true;
    }
    return false;
}

/* Adds the nodes of a group that bear a name to the ``count`` that were found before. */
static size_t add_named(Record *record, const Group *group, Span name, size_t count)
{
    RESERVE(&record->out, record->found, record->found_room, count + group->count);
    spend(&record->out, group->count);
    for (size_t i = 0; i < group->count; i++)
        if (equal(name_of(record, &record->named[group->first + i]), name))
            record->found[count++] = group->first + i;
    return count;
}

/* Of the nodes found from a place on, keeps those that refer back to a name, where one does. */
static size_t keep_back(Record *record, size_t from, size_t count, int32_t back, Span name)
{
    size_t kept = from;
    for (size_t i = from; i < count; i++) {
        size_t found = record->found[i];
        if (!refers_to(record, &record->named[found], back, name))
            continue;
        record->found[i] = record->found[kept]; /* those that do not stay behind, in any order */
        record->found[kept++] = found;
    }
    return kept > from ? kept : count;
}

static void say_named(Record *record, const Node *node, const Op *op, const Group *group, size_t i, size_t count)
{
    const Named *named = &record->named[record->found[i]];
    begin_object(&record->output, node, op->lead, i, count, true);
    if (named->resource != NULL)
        emit(&record->output, named->resource->token);
    else
        emit_part(&record->output, group->stem, named->op->after, named->place);
    end_line(&record->output);
}

void refer(Record *record, const Op *op, const Node *node, Span json)
{
    const Group *group = &record->groups[op->group];
    if (!is_text(json) || add_named(record, group, inside(json), 0) != 1)
        not_taken(record);
    say_named(record, node, op, group, 0, 1);
}

void refer_each(Record *record, const Op *op, const Node *node, Value object, Value list)
{
    const Group *group = &record->groups[op->group];
    size_t count = 0;
    check_distinct(record, list); /* so that no node is found twice */
    record->scratch.size = 0;
    bool back = op->back >= 0 && put_name(record, &record->scratch, &op->pattern, object);
    for (size_t i = 0; i < list.count; i++) {
        Span json = span_at(record, list, i);
        size_t before = count;
        if (!is_text(json) || (count = add_named(record, group, inside(json), before)) == before)
            not_taken(record);
        if (back && count - before > 1)
            count = keep_back(record, before, count, op->back, all_of(&record->scratch));
    }
    for (size_t i = 0; i < count; i++)
        say_named(record, node, op, group, i, count);
}

/* Links */

/* Puts the ASCII letters of a buffer in lower case, from a place on. */
static void fold(Buffer *buffer, size_t from)
{
    for (size_t i = from; i < buffer->size; i++)
        if (buffer->at[i] >= 'A' && buffer->at[i] <= 'Z')
            buffer->at[i] = (char)(buffer->at[i] + ('a' - 'A'));
}

/* Puts the name of what links lead to behind the others; whether it has one. */
static bool put_target(Record *record, const Op *op, Named *named)
{
    Buffer *names = &record->names;
    if (op->reader >= 0) {
        const Resource *resource = resource_of(&record->tokens, op->reader, span_of(&record->json, named->value));
        put(&record->out, names, resource->name);
        named->resource = resource->subject;
        return resource->name.size > 0;
    }
    bool is_named = named->value.count && put_name(record, names, &op->pattern, named->value);
    if (!is_named)
        names->size = named->from;
    return is_named;
}

void gather(Record *record, const Op *op, const Node *node, Value list)
{
    Group *group = &record->groups[op->group];
    if (list.size == 0)
        return;
    if (group->count == 0)
        *group = (Group){node->stem, record->named_count, 0};
    RESERVE(&record->out, record->named, record->named_room, record->named_count + list.count);
    for (size_t i = 0; i < list.count; i++) {
        Value value = element_of(&record->json, list, i);
        Named named = {record->names.size, 0, i + 1, value, op, NULL};
        if (!put_target(record, op, &named))
            continue;
        if (op->fold)
            fold(&record->names, named.from);
        named.size = record->names.size - named.from;
        record->named[record->named_count++] = named;
    }
    group->count = record->named_count - group->first;
}

static bool same_target(const Named *one, const Named *other)
{
    return one == other || (one->resource != NULL && one->resource == other->resource);
}

/* Adds the node that alone has a name to the ``count`` that were found before, unless it is among these. */
static size_t add_link(Record *record, const Group *group, Span name, size_t count)
{
    size_t all = add_named(record, group, name, count);
    const Named *named = record->named;
    if (all == count)
        return count;
    for (size_t i = count + 1; i < all; i++)
        if (!same_target(&named[record->found[count]], &named[record->found[i]]))
            return count;
    for (size_t i = 0; i < count; i++)
        if (same_target(&named[record->found[i]], &named[record->found[count]]))
            return count;
    return count + 1;
}

/* The same by the name that stands in the scratch. */
static size_t add_scratch(Record *record, const Op *op, const Group *group, size_t count)
{
    if (op->fold)
        fold(&record->scratch, 0);
    return add_link(record, group, all_of(&record->scratch), count);
}

/* The same by each text of a list. */
static size_t add_texts(Record *record, const Op *op, const Group *group, Value list, size_t count)
{
    for (size_t i = 0; list.size && i < list.count; i++) {
        Span json = span_at(record, list, i);
        if (!is_text(json))
            continue;
        record->scratch.size = 0;
        put(&record->out, &record->scratch, inside(json));
        count = add_scratch(record, op, group, count);
    }
    return count;
}

void link_node(Record *record, const Op *op, const Node *node, Value object)
{
    const Group *group = &record->groups[op->group];
    size_t count = 0;
    if (group->count == 0)
        return;
    for (const Pattern *each = op->patterns; each < op->patterns + op->pattern_count; each++) {
        if (each->count && each->pieces[0].labels == LIST) {
            count = add_texts(record, op, group, value_of(&record->json, object, each->pieces[0].slot), count);
            continue;
        }
        record->scratch.size = 0;
        if (put_name(record, &record->scratch, each, object))
            count = add_scratch(record, op, group, count);
    }
    for (size_t i = 0; i < count; i++)
        say_named(record, node, op, group, i, count);
}
