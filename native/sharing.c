#include "sharing.h"

#include <stdlib.h>

/* Notes that the record refers to a resource. */
static void note_resource(Record *record, Resource *resource)
{
    record->odd |= resource->odd;
    if (resource->record == record->number)
        return;
    resource->record = record->number;
    RESERVE(&record->out, record->described, record->described_room, record->described_count + 1);
    record->described[record->described_count++] = resource->description;
}

static Resource *add_resource(Record *record, const Op *op, Span json)
{
    Resource *resource = resource_of(&record->tokens, op->reader, json);
    note_resource(record, resource);
    RESERVE(&record->out, record->resources, record->resource_room, record->resource_count + 1);
    record->resources[record->resource_count++] = resource;
    return resource;
}

/* Notes how resources are listed; a later listing replaces one of the same name. */
static void note_listing(Record *record, Listing listing)
{
    size_t at = 0;
    if (listing.op->listed.size == 0)
        return;
    while (at < record->listing_count && record->listings[at].op->rank != listing.op->rank)
        at++;
    if (at == record->listing_count) {
        RESERVE(&record->out, record->listings, record->listing_room, at + 1);
        record->listing_count++;
    }
    record->listings[at] = listing;
}

void share(Record *record, const Op *op, const Node *node, Span json)
{
    size_t first = record->resource_count;
    Resource *resource = add_resource(record, op, json);
    say(&record->output, node, op->lead, resource->subject->token, (Span){"", 0});
    note_listing(record, (Listing){op, first, 1});
}

/* Adds the resources of a list; returns how many subjects these have, whose first resources ``found`` then lists. */
static size_t add_each(Record *record, const Op *op, Value list)
{
    size_t first = record->resource_count, count = 0;
    record->list++;
    RESERVE(&record->out, record->found, record->found_room, list.count);
    for (size_t i = 0; i < list.count; i++) {
        Subject *subject = add_resource(record, op, span_at(record, list, i))->subject;
        if (subject->list != record->list)
            record->found[count++] = first + i;
        subject->list = record->list;
    }
    return count;
}

void share_each(Record *record, const Op *op, const Node *node, Value list)
{
    size_t first = record->resource_count, count = add_each(record, op, list);
    for (size_t i = 0; i < count; i++) {
        begin_object(&record->output, node, op->lead, i, count, true);
        emit(&record->output, record->resources[record->found[i]]->subject->token);
        end_line(&record->output);
    }
    note_listing(record, (Listing){op, first, list.count});
}

static int by_rank(const void *one, const void *other)
{
    uint32_t a = ((const Listing *)one)->op->rank, b = ((const Listing *)other)->op->rank;
    return (a > b) - (a < b);
}

static void emit_listing(Record *record, const Listing *listing)
{
    Output *output = &record->output;
    bool many = listing->op->code == SHARE_EACH;
    emit_word(output, "\\\"");
    emit(output, listing->op->listed);
    emit_word(output, many ? "\\\":[" : "\\\":");
    for (size_t i = 0; i < listing->count; i++) {
        if (i)
            emit_word(output, ",");
        emit(output, record->resources[listing->first + i]->listed);
    }
    emit_word(output, many ? "]" : "");
}

void say_listings(Record *record, const Node *node)
{
    Output *output = &record->output;
    if (record->listing_count == 0)
        return;
    qsort(record->listings, record->listing_count, sizeof *record->listings, by_rank);
    begin(output, node);
    emit(output, record->plan.words.listed);
    emit_word(output, "\"{");
    for (size_t i = 0; i < record->listing_count; i++) {
        emit_word(output, i ? "," : "");
        emit_listing(record, &record->listings[i]);
    }
    emit_word(output, "}\"");
    emit(output, record->plan.words.json_type);
    end_line(output);
}

PyObject *descriptions_of(const Record *record)
{
    PyObject *made = PyTuple_New((Py_ssize_t)record->described_count);
    for (size_t i = 0; made != NULL && i < record->described_count; i++) {
        PyObject *description = PyList_GetItem(record->tokens.descriptions, record->described[i]);
        if (description == NULL || PyTuple_SetItem(made, (Py_ssize_t)i, Py_NewRef(description)) < 0)
            Py_CLEAR(made);
    }
    return made;
}
