/* The state of the record that is being exported, and what all operations use of it. */
#ifndef KG_RECORD_H
#define KG_RECORD_H

#include "output.h"

/* A node that other nodes refer to by name. The name is a range of Record.names. */
typedef struct {
    size_t from, size;
    size_t position; /* in its list, counted from 1 */
    Value value;
    const Op *op;     /* the operation that indexed it */
    Subject *subject; /* NULL for a part */
    size_t next;      /* the next node of the group with the same name, counted from 1, or 0 */
    uint64_t list;    /* the last list of links that it occurred in */
} NamedNode;

/* A range of Record.named. */
typedef struct {
    size_t stem; /* of the node that the parts belong to */
    size_t first, count;
    size_t buckets, capacity; /* hash table of the names, a range of Record.buckets; empty for a short range */
} Group;

/* How a record lists shared resources under one key: a range of Record.resources. */
typedef struct {
    const Op *op;
    size_t first, count;
} Listing;

/* A step of the JSON path to the current value. */
typedef struct Step {
    const struct Step *parent;
    Span key;
    int64_t index; /* in a list, or -1 */
} Step;

typedef struct {
    Guard guard;
    Plan plan;
    Json json;
    Tokens tokens;
    Output output;
    Node nodes[MAX_DEPTH]; /* the current node and its ancestors; the first is the study */
    uint64_t record_number, list_number;
    Group groups[MAX_GROUPS];
    Buffer names, scratch;
    NamedNode *named;
    size_t named_count, named_capacity;
    size_t *indices; /* scratch memory of one operation */
    size_t index_capacity;
    size_t *buckets; /* hash tables: those of groups, and behind them that of one operation */
    size_t bucket_count, bucket_capacity;
    Resource **resources; /* of all listings */
    size_t resource_count, resource_capacity;
    Listing *listings;
    size_t listing_count, listing_capacity;
    size_t listed_size; /* of the resources of all listings */
    Py_ssize_t *descriptions; /* of the shared resources in the record, each once */
    size_t description_count, description_capacity;
    size_t withheld; /* contact values left out */
    bool incomplete; /* the graph may lack something that append_unmapped does not return */
    PyObject *errors;
} Record;

/* Parse a record and begin its output. */
Value start_record(Record *record, Span text);
/* Add a node at a depth. */
Node *add_node(Record *record, size_t depth, bool deferred);
/* Clear a hash table for some items behind the buckets in use; return its capacity, a power of two. */
size_t clear_table(Record *record, size_t count);
/* Report an invalid value, or a missing one if ``json`` is empty. */
void report_error(Record *record, const Step *parent, const Op *op, Span json);
void free_record(Record *record);

static inline _Noreturn void unsupported(Record *record) { fail(&record->guard, UNSUPPORTED); }

static inline Span element_json(const Record *record, Value list, size_t i)
{
    return json_of(&record->json, element_of(&record->json, list, i));
}

static inline Value value_along(const Record *record, Value object, Path path)
{
    for (size_t i = 0; i < path.count && object.size; i++)
        object = member_of(&record->json, object, path.slots[i]);
    return object;
}

/* The JSON of a fact of the record, which need not be a string. */
static inline Span fact_json(const Record *record, Value value, size_t i)
{
    return json_of(&record->json, value_along(record, value, record->plan.facts[i]));
}

#endif
