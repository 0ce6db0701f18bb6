#include "sharing.h"

#include <stdlib.h>

static bool say_the_same(const Resource *one, const Resource *other)
{
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++)
        if (!equal(one->pieces[i], other->pieces[i]))
            return false;
    return true;
}

/* Enters what is shared under a name, at the first place it has in the record. */
static void enter(Record *record, Subject *subject, Shared shared)
{
    subject->place = add_shared(&record->output, shared);
    subject->record = record->number;
}

/* Enters a resource; one that the record describes in two ways is not taken. */
static void enter_resource(Record *record, const Resource *resource)
{
    Subject *subject = resource->subject;
    record->odd |= resource->odd;
    if (subject->record != record->number) {
        enter(record, subject, (Shared){resource, 0});
        return;
    }
    const Resource *before = record->output.shared[subject->place].resource;
    if (before != resource && (before == NULL || !say_the_same(before, resource)))
        not_taken(record);
}

void share_block(Record *record, Span token, size_t block)
{
    Subject *subject = subject_of(&record->tokens, token);
    if (subject->record == record->number)
        not_taken(record);
    enter(record, subject, (Shared){NULL, block});
}

void share(Record *record, const Op *op, const Node *node, Span json)
{
    const Resource *resource = resource_of(&record->tokens, op->reader, json);
    enter_resource(record, resource);
    say(&record->output, node, op->lead, resource->subject->token, (Span){"", 0});
}

/* Notes how a list is listed; a later one takes the place of one of the same name. */
static void note_listing(Record *record, Listing listing)
{
    size_t at = 0;
    while (at < record->listing_count && record->listings[at].op->rank != listing.op->rank)
        at++;
    if (at == record->listing_count) {
        RESERVE(&record->out, record->listings, record->listing_room, at + 1);
        record->listing_count++;
    }
    record->listings[at] = listing;
}

/* Enters the resources of a list, and finds those that come for the first time in it; gives how many these are. */
static size_t enter_each(Record *record, const Op *op, Value list)
{
    Exit *out = &record->out;
    size_t first = record->resource_count, count = 0;
    record->list++;
    RESERVE(out, record->resources, record->resource_room, first + list.count);
    RESERVE(out, record->found, record->found_room, list.count);
    for (size_t i = 0; i < list.count; i++) {
        const Resource *resource = resource_of(&record->tokens, op->reader, span_at(record, list, i));
        enter_resource(record, resource);
        record->resources[record->resource_count++] = resource;
        if (resource->subject->list != record->list)
            record->found[count++] = first + i;
        resource->subject->list = record->list;
    }
    return count;
}

void share_each(Record *record, const Op *op, const Node *node, Value list)
{
    size_t first = record->resource_count, count = enter_each(record, op, list);
    for (size_t i = 0; i < count; i++) {
        begin_object(&record->output, node, op->lead, i, count, true);
        emit(&record->output, record->resources[record->found[i]]->subject->token);
        end_line(&record->output);
    }
    if (op->listed.size && (list.count > 1 || (list.count && !record->resources[first]->usual)))
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
    emit_word(output, "\\\"");
    emit(output, listing->op->listed);
    emit_word(output, "\\\":[");
    for (size_t i = 0; i < listing->count; i++) {
        if (i)
            emit_word(output, ",");
        emit(output, record->resources[listing->first + i]->listed);
    }
    emit_word(output, "]");
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

size_t shared_triples(const Record *record)
{
    size_t count = 0;
    for (size_t i = 0; i < record->output.shared_count; i++)
        if (record->output.shared[i].resource != NULL)
            count += record->output.shared[i].resource->triples;
    return count;
}
