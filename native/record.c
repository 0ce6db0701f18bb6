#include "record.h"

/* The steps that any record may take, and more for each of its bytes; real ones take less than one a byte. */
#define FREE_STEPS ((size_t)1 << 20)
#define STEPS_A_BYTE 16

/* The NCT number, of which the stems of the parts are made. */
static Span number_of(Record *record, Value value)
{
    Span json = fact_of(record, value, 0);
    if (!is_text(json) || !is_word(inside(json)))
        not_taken(record);
    return inside(json);
}

static void check_facts(Record *record, Value value)
{
    for (size_t i = 1; i < FACTS; i++) {
        Span json = fact_of(record, value, i);
        if (json.size && memchr(json.at, '\\', json.size) != NULL)
            not_taken(record);
    }
}

static void empty_record(Record *record)
{
    record->number++;
    record->names.size = record->scratch.size = 0;
    record->named_count = record->resource_count = record->listing_count = record->withheld = 0;
    record->described_count = 0;
    record->odd = false;
    memset(record->groups, 0, sizeof record->groups);
}

Value start_record(Record *record, Span text)
{
    Exit *out = &record->out;
    const Words *words = &record->plan.words;
    Value value = read_json(&record->json, text, 0);
    out->steps = FREE_STEPS + (size_t)value.size * STEPS_A_BYTE;
    Span number = number_of(record, value);
    check_facts(record, value);
    forget_tokens(&record->tokens);
    empty_record(record);
    start_output(&record->output, number);
    Node *node = next_node(record, 0, false);
    Buffer *stem = &record->output.stem;
    put(out, stem, words->opening);
    put(out, stem, number);
    node->stem = stem->size;
    Buffer *subject = &node->subject;
    subject->size = 0;
    put(out, subject, words->study_before);
    put(out, subject, number);
    put(out, subject, words->study_after);
    put(out, subject, span_of_word(" "));
    return value;
}

Node *next_node(Record *record, size_t depth, bool at_end)
{
    if (depth >= DEEPEST)
        not_taken(record);
    Node *node = &record->nodes[depth];
    node->block = new_block(&record->output, at_end);
    return node;
}

static void put_path(Exit *out, Buffer *path, const Step *step)
{
    if (step == NULL)
        return;
    put_path(out, path, step->above);
    if (path->size)
        put(out, path, span_of_word("."));
    put(out, path, step->key);
    if (step->place >= 0) {
        put(out, path, span_of_word("["));
        put_number(out, path, (size_t)step->place);
        put(out, path, span_of_word("]"));
    }
}

void complain(Record *record, const Step *above, const Op *op, Span json)
{
    Step step = {above, op->key, -1};
    record->scratch.size = 0;
    put_path(&record->out, &record->scratch, &step);
    Span path = all_of(&record->scratch);
    PyObject *said = PyUnicode_FromStringAndSize(path.at, (Py_ssize_t)path.size);
    PyObject *made = said ? Py_BuildValue("(NiN)", said, (int)op->field, bytes_of(json)) : NULL;
    int failed = made == NULL || PyList_Append(record->complaints, made) < 0;
    Py_XDECREF(made);
    if (failed)
        leave(&record->out, FAILED);
}

void end_record(Record *record)
{
    for (size_t i = 0; i < DEEPEST; i++)
        PyMem_Free(record->nodes[i].subject.at);
    void *arrays[] = {record->names.at, record->scratch.at, record->named,
                      record->found,    (void *)record->resources, record->listings, record->described};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        PyMem_Free(arrays[i]);
    Py_CLEAR(record->complaints);
    end_output(&record->output);
    end_tokens(&record->tokens);
    end_json(&record->json);
    end_plan(&record->plan);
}
