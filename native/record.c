#include "record.h"

/* The budget of a record; real records spend less than one step per byte. */
#define BASE_BUDGET ((size_t)1 << 20)
#define BUDGET_PER_BYTE 16
#define MAX_ERRORS 100000 /* as in kg/records/limits.py */

static Span nct_number(Record *record, Value value)
{
    Span json = fact_json(record, value, 0);
    if (!is_string(json) || !is_word(unquoted(json)))
        unsupported(record);
    return unquoted(json);
}

static void reject_escapes_in_facts(Record *record, Value value)
{
    for (size_t i = 1; i < FACT_COUNT; i++) {
        Span json = fact_json(record, value, i);
        if (json.size && memchr(json.at, '\\', json.size) != NULL)
            unsupported(record);
    }
}

static void reset(Record *record)
{
    record->record_number++;
    record->names.size = record->scratch.size = 0;
    record->bucket_count = 0;
    record->named_count = record->resource_count = record->listing_count = record->description_count = 0;
    record->listed_size = 0;
    record->withheld = 0;
    record->incomplete = false;
    memset(record->groups, 0, sizeof record->groups);
}

Value start_record(Record *record, Span text)
{
    Guard *guard = &record->guard;
    const Syntax *syntax = &record->plan.syntax;
    Value value = parse_record(&record->json, text);
    guard->budget = BASE_BUDGET + (size_t)value.size * BUDGET_PER_BYTE;
    Span number = nct_number(record, value);
    reject_escapes_in_facts(record, value);
    trim_tokens(&record->tokens);
    reset(record);
    start_output(&record->output, number);
    Node *study = add_node(record, 0, false);
    Buffer *stem = &record->output.stem;
    append(guard, stem, syntax->part_open);
    append(guard, stem, number);
    study->stem = stem->size;
    append(guard, &record->scratch, syntax->study_open);
    append(guard, &record->scratch, number);
    append(guard, &record->scratch, syntax->study_close);
    set_subject(&record->output, study, contents(&record->scratch));
    return value;
}

Node *add_node(Record *record, size_t depth, bool deferred)
{
    if (depth >= MAX_DEPTH)
        unsupported(record);
    Node *node = &record->nodes[depth];
    node->block = new_block(&record->output, deferred);
    return node;
}

size_t clear_table(Record *record, size_t count)
{
    size_t capacity = 4;
    while (capacity < 2 * count)
        capacity *= 2;
    RESERVE(&record->guard, record->buckets, record->bucket_capacity, record->bucket_count + capacity);
    memset(record->buckets + record->bucket_count, 0, capacity * sizeof *record->buckets);
    return capacity;
}

static void append_path(Guard *guard, Buffer *path, const Step *step)
{
    if (step == NULL)
        return;
    append_path(guard, path, step->parent);
    if (path->size)
        append_string(guard, path, ".");
    append(guard, path, step->key);
    if (step->index >= 0) {
        append_string(guard, path, "[");
        append_number(guard, path, (size_t)step->index);
        append_string(guard, path, "]");
    }
}

void report_error(Record *record, const Step *parent, const Op *op, Span json)
{
    Step step = {parent, op->key, -1};
    if (PyList_Size(record->errors) > MAX_ERRORS)
        unsupported(record);
    record->scratch.size = 0;
    append_path(&record->guard, &record->scratch, &step);
    Span span = contents(&record->scratch);
    PyObject *path = PyUnicode_FromStringAndSize(span.at, (Py_ssize_t)span.size);
    PyObject *error = path ? Py_BuildValue("(NiN)", path, (int)op->field, to_bytes(json)) : NULL;
    int failed = error == NULL || PyList_Append(record->errors, error) < 0;
    Py_XDECREF(error);
    if (failed)
        fail(&record->guard, PYTHON_ERROR);
}

void free_record(Record *record)
{
    for (size_t i = 0; i < MAX_DEPTH; i++)
        PyMem_Free(record->nodes[i].subject.at);
    void *arrays[] = {record->names.at, record->scratch.at,        record->named,    record->indices,
                      record->buckets,  (void *)record->resources, record->listings, record->descriptions};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        PyMem_Free(arrays[i]);
    Py_CLEAR(record->errors);
    free_output(&record->output);
    free_tokens(&record->tokens);
    free_json(&record->json);
    free_plan(&record->plan);
}
