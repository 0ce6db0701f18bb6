#include "operations.h"

#define FEW_NAMES 8 /* a group of no more names is searched one by one */

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

/* Return the bucket of a name in the hash table of a group: that of the first node with the name, counted from 1, or
   the empty one where the name belongs. */
static size_t *bucket_of(Record *record, const Group *group, Span name)
{
    size_t *table = record->buckets + group->buckets, at = (size_t)hash_of(0, name) & (group->capacity - 1);
    for (; table[at] && !equal(name_of(record, &record->named[table[at] - 1]), name); at++, at &= group->capacity - 1)
        spend(&record->guard, 1);
    return &table[at];
}

/* Enter the names of a group into a hash table. Nodes of one name are a chain in the order of the group. */
static void enter_names(Record *record, Group *group)
{
    if (group->count <= FEW_NAMES)
        return;
    group->capacity = clear_table(record, group->count);
    group->buckets = record->bucket_count;
    record->bucket_count += group->capacity;
    for (size_t i = group->first + group->count; i-- > group->first;) {
        size_t *bucket = bucket_of(record, group, name_of(record, &record->named[i]));
        record->named[i].next = *bucket;
        *bucket = i + 1;
    }
}

static size_t add_match(Record *record, size_t named, size_t count)
{
    spend(&record->guard, 1);
    RESERVE(&record->guard, record->indices, record->index_capacity, count + 1);
    record->indices[count] = named;
    return count + 1;
}

/* Append the nodes of a group that have a name to the ``count`` matches in ``indices``; return the new count. */
static size_t add_matches(Record *record, const Group *group, Span name, size_t count)
{
    if (group->capacity)
        for (size_t i = *bucket_of(record, group, name); i; i = record->named[i - 1].next)
            count = add_match(record, i - 1, count);
    else
        for (size_t i = group->first; i < group->first + group->count; i++)
            if (equal(name_of(record, &record->named[i]), name))
                count = add_match(record, i, count);
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
    *group = (Group){node->stem, record->named_count, 0, 0, 0};
    if (list.size == 0)
        return;
    RESERVE(&record->guard, record->named, record->named_capacity, record->named_count + list.count);
    for (size_t i = 0; i < list.count; i++) {
        Value value = element_of(&record->json, list, i);
        size_t from = record->names.size;
        if (value.count && append_name(record, &record->names, &op->pattern, value))
            record->named[record->named_count++] =
                (NamedNode){from, record->names.size - from, i + 1, value, op, NULL, 0, 0};
    }
    group->count = record->named_count - group->first;
    enter_names(record, group);
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
        Resource *resource = resource_of(&record->tokens, op->reader, json_of(&record->json, named->value));
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
        *group = (Group){node->stem, record->named_count, 0, 0, 0};
    RESERVE(&record->guard, record->named, record->named_capacity, record->named_count + list.count);
    for (size_t i = 0; i < list.count; i++) {
        NamedNode named = {record->names.size, 0, i + 1, element_of(&record->json, list, i), op, NULL, 0, 0};
        if (!append_target(record, op, &named))
            continue;
        if (op->fold)
            fold_case(&record->names, named.from);
        named.size = record->names.size - named.from;
        record->named[record->named_count++] = named;
    }
    group->count = record->named_count - group->first;
    enter_names(record, group);
}

static bool same_node(const Record *record, size_t i, size_t j)
{
    const NamedNode *named = record->named;
    size_t one = record->indices[i], other = record->indices[j];
    return one == other || (named[one].subject != NULL && named[one].subject == named[other].subject);
}

/* Whether a node is in the present list already; it is afterwards. */
static bool is_listed(Record *record, NamedNode *named)
{
    uint64_t *list = named->subject ? &named->subject->list : &named->list;
    bool listed = *list == record->list_number;
    *list = record->list_number;
    return listed;
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
    return is_listed(record, &record->named[record->indices[count]]) ? count : count + 1;
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
    record->list_number++;
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
