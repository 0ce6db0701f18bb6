#include "operations.h"

/* Append the name of a node; return whether it has all the texts that make it up. */
static bool append_name(Record *record, Buffer *buffer, const Pattern *pattern, Value object)
{
    Guard *guard = &record->guard;
    for (size_t i = 0; i < pattern->count; i++) {
        const Piece *piece = &pattern->pieces[i];
        append(guard, buffer, piece->before);
        if (piece->slot == NO_VALUE)
            continue;
        Span json = json_of(&record->json, member_of(&record->json, object, piece->slot));
        if (!is_string(json))
            return false;
        append(guard, buffer, piece->labels < 0 ? unquoted(json) : token_of(&record->tokens, piece->labels, json));
    }
    return true;
}

static Span name_of(const Record *record, const NamedNode *named)
{
    return (Span){contents(&record->names).at + named->from, named->size};
}

/* Append the nodes of a group that have a name to the ``count`` matches in ``indices``; return the new count. */
static size_t add_matches(Record *record, const Group *group, Span name, size_t count)
{
    RESERVE(&record->guard, record->indices, record->index_capacity, count + group->count);
    spend(&record->guard, group->count);
    for (size_t i = 0; i < group->count; i++)
        if (equal(name_of(record, &record->named[group->first + i]), name))
            record->indices[count++] = group->first + i;
    return count;
}

static void write_matches(Record *record, const Node *node, const Op *op, size_t count)
{
    Output *output = &record->output;
    for (size_t i = 0; i < count; i++) {
        const NamedNode *named = &record->named[record->indices[i]];
        begin_object(output, node, op->lead, i, count, true);
        if (named->subject != NULL)
            emit(output, named->subject->token);
        else
            emit_part(output, record->groups[op->group].stem, named->op->after, named->position);
        end_statement(output);
    }
}

/* References */

void index_names(Record *record, const Op *op, const Node *node, Value list)
{
    Group *group = &record->groups[op->group];
    *group = (Group){node->stem, record->named_count, 0};
    if (list.size == 0)
        return;
    RESERVE(&record->guard, record->named, record->named_capacity, record->named_count + list.count);
    for (size_t i = 0; i < list.count; i++) {
        Value value = element_of(&record->json, list, i);
        size_t from = record->names.size;
        if (value.count && append_name(record, &record->names, &op->pattern, value))
            record->named[record->named_count++] =
                (NamedNode){from, record->names.size - from, i + 1, value, op, NULL};
    }
    group->count = record->named_count - group->first;
}

/* Whether a node has a name in its list of references at a slot. */
static bool refers_to(Record *record, const NamedNode *named, int32_t slot, Span name)
{
    Value list = member_of(&record->json, named->value, slot);
    if (list.size == 0)
        return false;
    spend(&record->guard, list.count);
    for (size_t i = 0; i < list.count; i++) {
        Span json = element_json(record, list, i);
        if (is_string(json) && equal(unquoted(json), name))
            return true;
    }
    return false;
}

/* Of the matches from ``first`` on, keep those that refer back to a name, or all of them if none does. */
static size_t keep_mutual(Record *record, size_t first, size_t count, int32_t back, Span name)
{
    size_t kept = first;
    for (size_t i = first; i < count; i++) {
        size_t match = record->indices[i];
        if (!refers_to(record, &record->named[match], back, name))
            continue;
        record->indices[i] = record->indices[kept];
        record->indices[kept++] = match;
    }
    return kept > first ? kept : count;
}

void write_reference(Record *record, const Op *op, const Node *node, Span json)
{
    if (!is_string(json) || add_matches(record, &record->groups[op->group], unquoted(json), 0) != 1)
        unsupported(record);
    write_matches(record, node, op, 1);
}

void write_references(Record *record, const Op *op, const Node *node, Value object, Value list)
{
    size_t count = 0;
    require_distinct(record, list); /* so that no node matches twice */
    record->scratch.size = 0;
    bool mutual = op->back >= 0 && append_name(record, &record->scratch, &op->pattern, object);
    for (size_t i = 0; i < list.count; i++) {
        Span json = element_json(record, list, i);
        size_t first = count;
        if (!is_string(json))
            unsupported(record);
        count = add_matches(record, &record->groups[op->group], unquoted(json), first);
        if (count == first)
            unsupported(record);
        if (mutual && count - first > 1)
            count = keep_mutual(record, first, count, op->back, contents(&record->scratch));
    }
    write_matches(record, node, op, count);
}

/* Links */

/* Convert the ASCII letters from an offset on to lower case. */
static void fold_case(Buffer *buffer, size_t from)
{
    for (size_t i = from; i < buffer->size; i++)
        if (buffer->at[i] >= 'A' && buffer->at[i] <= 'Z')
            buffer->at[i] = (char)(buffer->at[i] + ('a' - 'A'));
}

/* Append the name of a link target to the names; return whether it has one. */
static bool append_target(Record *record, const Op *op, NamedNode *named)
{
    Buffer *names = &record->names;
    if (op->reader >= 0) {
        const Resource *resource = resource_of(&record->tokens, op->reader, json_of(&record->json, named->value));
        append(&record->guard, names, resource->name);
        named->subject = resource->subject;
        return resource->name.size > 0;
    }
    bool has_name = named->value.count && append_name(record, names, &op->pattern, named->value);
    if (!has_name)
        names->size = named->from;
    return has_name;
}

void index_targets(Record *record, const Op *op, const Node *node, Value list)
{
    Group *group = &record->groups[op->group];
    if (list.size == 0)
        return;
    if (group->count == 0)
        *group = (Group){node->stem, record->named_count, 0};
    RESERVE(&record->guard, record->named, record->named_capacity, record->named_count + list.count);
    for (size_t i = 0; i < list.count; i++) {
        NamedNode named = {record->names.size, 0, i + 1, element_of(&record->json, list, i), op, NULL};
        if (!append_target(record, op, &named))
            continue;
        if (op->fold)
            fold_case(&record->names, named.from);
        named.size = record->names.size - named.from;
        record->named[record->named_count++] = named;
    }
    group->count = record->named_count - group->first;
}

static bool same_node(const Record *record, size_t i, size_t j)
{
    const NamedNode *named = record->named;
    size_t one = record->indices[i], other = record->indices[j];
    return one == other || (named[one].subject != NULL && named[one].subject == named[other].subject);
}

/* Add the node with the name in ``scratch`` to the ``count`` matches, if it is the only one and not among them yet. */
static size_t add_link(Record *record, const Op *op, size_t count)
{
    if (op->fold)
        fold_case(&record->scratch, 0);
    size_t end = add_matches(record, &record->groups[op->group], contents(&record->scratch), count);
    if (end == count)
        return count;
    for (size_t i = count + 1; i < end; i++)
        if (!same_node(record, count, i))
            return count;
    for (size_t i = 0; i < count; i++)
        if (same_node(record, i, count))
            return count;
    return count + 1;
}

/* Add a link for every text of a list. */
static size_t add_links(Record *record, const Op *op, Value list, size_t count)
{
    for (size_t i = 0; list.size && i < list.count; i++) {
        Span json = element_json(record, list, i);
        if (!is_string(json))
            continue;
        record->scratch.size = 0;
        append(&record->guard, &record->scratch, unquoted(json));
        count = add_link(record, op, count);
    }
    return count;
}

void write_links(Record *record, const Op *op, const Node *node, Value object)
{
    size_t count = 0;
    if (record->groups[op->group].count == 0)
        return;
    for (const Pattern *pattern = op->patterns; pattern < op->patterns + op->pattern_count; pattern++) {
        if (pattern->count && pattern->pieces[0].labels == EVERY_TEXT) {
            count = add_links(record, op, member_of(&record->json, object, pattern->pieces[0].slot), count);
            continue;
        }
        record->scratch.size = 0;
        if (append_name(record, &record->scratch, pattern, object))
            count = add_link(record, op, count);
    }
    write_matches(record, node, op, count);
}
