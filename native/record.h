/* The record at hand: its JSON, what is written of it so far, and what is complained of. */
#ifndef KG_RECORD_H
#define KG_RECORD_H

#include "output.h"

#define DEEPEST 64

/* A node with a name: where that begins in the names and its size, the place of the node in its list, and its JSON. */
typedef struct {
    size_t from, size, place;
    Value value;
    const Op *op;            /* the operation that gathered it */
    const Subject *resource; /* NULL for a part */
} Named;

/* The nodes of lists that have names. */
typedef struct {
    size_t stem; /* of the node that has them as parts */
    size_t first, count;
} Group;

/* How the resources of a list are listed. */
typedef struct {
    const Op *op;
    size_t first, count;
} Listing;

/* A step of the JSON path to what is written. */
typedef struct Step {
    const struct Step *above;
    Span key;
    int64_t place; /* in a list, from 0, or -1 */
} Step;

typedef struct {
    Exit out;
    Plan plan;
    Json json;
    Tokens tokens;
    Output output;
    Node nodes[DEEPEST]; /* those that lead to what is written, from the study on */
    uint64_t number;     /* of records so far, and of lists of resources */
    uint64_t list;
    Group groups[GROUPS];
    Buffer names, scratch;
    Named *named;
    size_t named_count, named_room;
    size_t *found; /* what is looked up at the moment */
    size_t found_room;
    Resource **resources; /* those of all listings */
    size_t resource_count, resource_room;
    Listing *listings;
    size_t listing_count, listing_room;
    Py_ssize_t *described; /* the descriptions of the resources that it refers to, each once */
    size_t described_count, described_room;
    size_t withheld;
    bool odd; /* more of it may not be in the graph */
    PyObject *complaints;
} Record;

/* Reads a record and begins its output; leaves for what is none. */
Value start_record(Record *record, Span text);
/* Makes the node at a depth, or leaves where that is too deep. */
Node *next_node(Record *record, size_t depth, bool at_end);
/* Notes that a value is refused, or is missing; Python gets the path, the number of the field and the JSON. */
void complain(Record *record, const Step *above, const Op *op, Span json);
void end_record(Record *record);

static inline _Noreturn void not_taken(Record *record) { leave(&record->out, NOT_TAKEN); }

static inline Span span_at(const Record *record, Value list, size_t i)
{
    return span_of(&record->json, element_of(&record->json, list, i));
}

static inline Value value_along(const Record *record, Value object, Path path)
{
    for (size_t i = 0; i < path.count && object.size; i++)
        object = value_of(&record->json, object, path.slots[i]);
    return object;
}

/* What is derived from an element: itself, or of an object with a text at one key the value at another. */
static inline Span picked(const Record *record, const Op *op, Value element)
{
    const Json *json = &record->json;
    if (op->pattern.count == 0)
        return span_of(json, element);
    const Piece *where = op->pattern.pieces;
    if (element.count == 0 || !equal(span_of(json, value_of(json, element, where->slot)), where->before))
        return (Span){"", 0};
    return span_of(json, value_along(record, element, op->path));
}

/* A fact of the record: the JSON of a text, or of something else. */
static inline Span fact_of(const Record *record, Value value, size_t i)
{
    return span_of(&record->json, value_along(record, value, record->plan.facts[i]));
}

#endif
