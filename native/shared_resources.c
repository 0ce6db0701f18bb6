#include "operations.h"

#include <stdlib.h>

#define MAX_LISTED ((size_t)1 << 24) /* as in kg/records/sanitize.py: no parser reads a longer literal */

/* Add a resource to those of the listings, and its description to those of the record. */
static Resource *add_resource(Record *record, const Op *op, Span json)
{
    Guard *guard = &record->guard;
    Resource *resource = resource_of(&record->tokens, op->reader, json);
    record->incomplete |= resource->incomplete;
    record->listed_size += resource->listed.size;
    if (record->listed_size > MAX_LISTED)
        unsupported(record);
    if (resource->record != record->record_number) {
        resource->record = record->record_number;
        RESERVE(guard, record->descriptions, record->description_capacity, record->description_count + 1);
        record->descriptions[record->description_count++] = resource->description;
    }
    RESERVE(guard, record->resources, record->resource_capacity, record->resource_count + 1);
    record->resources[record->resource_count++] = resource;
    return resource;
}

/* Add a listing, replacing an earlier one under the same key. */
static void add_listing(Record *record, Listing listing)
{
    size_t at = 0;
    if (listing.op->listed.size == 0)
        return;
    while (at < record->listing_count && record->listings[at].op->rank != listing.op->rank)
        at++;
    if (at == record->listing_count) {
        RESERVE(&record->guard, record->listings, record->listing_capacity, at + 1);
        record->listing_count++;
    }
    record->listings[at] = listing;
}

void write_shared(Record *record, const Op *op, const Node *node, Span json)
{
    size_t first = record->resource_count;
    Resource *resource = add_resource(record, op, json);
    write_statement(&record->output, node, op->lead, resource->subject->token, EMPTY);
    add_listing(record, (Listing){op, first, 1});
}

/* Add the resources of a list; return the number of distinct subjects, with a resource of each in ``indices``. */
static size_t add_resources(Record *record, const Op *op, Value list)
{
    size_t first = record->resource_count, count = 0;
    record->list_number++;
    RESERVE(&record->guard, record->indices, record->index_capacity, list.count);
    for (size_t i = 0; i < list.count; i++) {
        Subject *subject = add_resource(record, op, element_json(record, list, i))->subject;
        if (subject->list != record->list_number)
            record->indices[count++] = first + i;
        subject->list = record->list_number;
    }
    return count;
}

void write_shared_list(Record *record, const Op *op, const Node *node, Value list)
{
    size_t first = record->resource_count, count = add_resources(record, op, list);
    for (size_t i = 0; i < count; i++) {
        Span token = record->resources[record->indices[i]]->subject->token;
        write_object(&record->output, node, op->lead, i, count, true, token);
    }
    add_listing(record, (Listing){op, first, list.count});
}

static int by_rank(const void *one, const void *other)
{
    uint32_t a = ((const Listing *)one)->op->rank, b = ((const Listing *)other)->op->rank;
    return (a > b) - (a < b);
}

static void emit_listing(Record *record, const Listing *listing)
{
    Output *output = &record->output;
    bool is_list = listing->op->code == SHARE_EACH;
    emit_string(output, "\\\"");
    emit(output, listing->op->listed);
    emit_string(output, is_list ? "\\\":[" : "\\\":");
    for (size_t i = 0; i < listing->count; i++) {
        emit_string(output, i ? "," : "");
        emit(output, record->resources[listing->first + i]->listed);
    }
    emit_string(output, is_list ? "]" : "");
}

void write_listings(Record *record, const Node *node)
{
    Output *output = &record->output;
    if (record->listing_count == 0)
        return;
    qsort(record->listings, record->listing_count, sizeof *record->listings, by_rank);
    begin_statement(output, node);
    emit(output, record->plan.syntax.listing_predicate);
    emit_string(output, "\"{");
    for (size_t i = 0; i < record->listing_count; i++) {
        emit_string(output, i ? "," : "");
        emit_listing(record, &record->listings[i]);
    }
    emit_string(output, "}\"");
    emit(output, record->plan.syntax.json_type);
    end_statement(output);
}

PyObject *description_tuple(const Record *record)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)record->description_count);
    for (size_t i = 0; tuple != NULL && i < record->description_count; i++) {
        PyObject *description = PyList_GetItem(record->tokens.descriptions, record->descriptions[i]);
        if (description == NULL || PyTuple_SetItem(tuple, (Py_ssize_t)i, Py_NewRef(description)) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}
