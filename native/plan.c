#include "plan.h"

#define DEEPEST 64

/* What Python gives */

static _Noreturn void wrong(Exit *out, const char *problem)
{
    PyErr_SetString(PyExc_ValueError, problem);
    leave(out, FAILED);
}

static size_t size_of(Exit *out, PyObject *tuple)
{
    Py_ssize_t size = PyTuple_Size(tuple);
    if (size < 0)
        leave(out, FAILED);
    return (size_t)size;
}

static PyObject *item(Exit *out, PyObject *tuple, size_t i)
{
    PyObject *found = PyTuple_GetItem(tuple, (Py_ssize_t)i);
    if (found == NULL)
        leave(out, FAILED);
    return found;
}

static Span span_at(Exit *out, PyObject *tuple, size_t i)
{
    char *at;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(item(out, tuple, i), &at, &size) < 0)
        leave(out, FAILED);
    return (Span){at, (size_t)size};
}

/* A number from ``least`` on, and below ``end``. */
static int32_t number_at(Exit *out, PyObject *tuple, size_t i, long least, size_t end)
{
    long number = PyLong_AsLong(item(out, tuple, i));
    if (number == -1 && PyErr_Occurred())
        leave(out, FAILED);
    if (number < least || (number >= 0 && (size_t)number >= end) || number > INT32_MAX)
        wrong(out, "a number is not one that the plan has");
    return (int32_t)number;
}

static bool truth_at(Exit *out, PyObject *tuple, size_t i) { return number_at(out, tuple, i, 0, 2) != 0; }

/* Types */

static Key make_key(Exit *out, PyObject *key, size_t types)
{
    int32_t shape = number_at(out, key, 1, 0, ANYTHING + 1), type = number_at(out, key, 2, 0, types);
    return (Key){span_at(out, key, 0), (Shape)shape, (uint32_t)type};
}

static void make_types(Exit *out, Plan *plan, PyObject *types)
{
    size_t count = size_of(out, types);
    plan->types = zeroed(out, count, sizeof *plan->types);
    plan->type_count = count;
    for (size_t i = 0; i < count; i++) {
        PyObject *keys = item(out, types, i);
        size_t own = size_of(out, keys);
        Type *type = &plan->types[i];
        type->keys = zeroed(out, own, sizeof *type->keys);
        type->count = (uint32_t)own;
        for (size_t j = 0; j < own; j++)
            type->keys[j] = make_key(out, item(out, keys, j), count);
    }
}

/* Readers */

static Spelling make_spelling(Exit *out, PyObject *made)
{
    return (Spelling){(Form)number_at(out, made, 0, 0, POINT + 1), span_at(out, made, 1), span_at(out, made, 2)};
}

static void make_readers(Exit *out, Plan *plan, PyObject *readers)
{
    size_t count = size_of(out, readers);
    plan->readers = zeroed(out, count, sizeof *plan->readers);
    plan->reader_count = count;
    for (size_t i = 0; i < count; i++) {
        PyObject *spellings = item(out, readers, i);
        size_t own = size_of(out, spellings);
        Reader *reader = &plan->readers[i];
        reader->spellings = zeroed(out, own, sizeof *reader->spellings);
        reader->count = own;
        for (size_t j = 0; j < own; j++)
            reader->spellings[j] = make_spelling(out, item(out, spellings, j));
    }
}

/* Programs */

static void make_path(Exit *out, Path *path, PyObject *slots)
{
    size_t count = size_of(out, slots);
    path->slots = zeroed(out, count, sizeof *path->slots);
    path->count = count;
    for (size_t i = 0; i < count; i++)
        path->slots[i] = number_at(out, slots, i, 0, INT32_MAX);
}

static void make_pattern(Exit *out, const Plan *plan, Pattern *pattern, PyObject *pieces)
{
    size_t count = size_of(out, pieces);
    pattern->pieces = zeroed(out, count, sizeof *pattern->pieces);
    pattern->count = count;
    for (size_t i = 0; i < count; i++) {
        PyObject *piece = item(out, pieces, i);
        int32_t slot = number_at(out, piece, 1, -1, INT32_MAX);
        pattern->pieces[i] = (Piece){span_at(out, piece, 0), slot, number_at(out, piece, 2, -2, plan->reader_count)};
    }
}

static void make_patterns(Exit *out, const Plan *plan, Op *op, PyObject *patterns)
{
    size_t count = size_of(out, patterns);
    op->patterns = zeroed(out, count, sizeof *op->patterns);
    op->pattern_count = count;
    for (size_t i = 0; i < count; i++)
        make_pattern(out, plan, &op->patterns[i], item(out, patterns, i));
}

/* Whether an operation has all that its code works with. */
static bool is_whole(const Op *op, size_t readers)
{
    switch (op->code) {
    case BELOW:
        return op->below != NULL && op->slot >= 0;
    case PART:
    case PARTS:
        return op->below != NULL;
    case RESOURCE:
        return op->below != NULL && op->reader >= 0 && (size_t)op->reader < readers;
    case VALUE:
    case DERIVE:
    case VALUES:
        return op->reader >= 0 && (size_t)op->reader < readers;
    case DERIVE_EACH:
        return op->reader >= 0 && (size_t)op->reader < readers &&
               (op->pattern.count == 0 || op->pattern.pieces->slot >= 0);
    case SHARE:
    case SHARE_EACH:
        return op->reader >= 0;
    case REFER:
    case REFER_EACH:
    case NAMES:
    case GATHER:
    case LINK:
        return op->group >= 0;
    case WITHHOLD:
    case TEXT:
    case TEXTS:
        return true;
    }
    return false;
}

static void make_op(Exit *out, const Plan *plan, Op *op, PyObject *made)
{
    const size_t any = INT32_MAX;
    int32_t below = number_at(out, made, 15, -1, plan->program_count);
    *op = (Op){.code = (Code)number_at(out, made, 0, 0, LINK + 1),
               .slot = number_at(out, made, 1, -1, any),
               .field = number_at(out, made, 2, -1, any),
               .reader = number_at(out, made, 3, -1, any),
               .group = number_at(out, made, 4, -1, GROUPS),
               .back = number_at(out, made, 5, -1, any),
               .required = truth_at(out, made, 6),
               .rows = truth_at(out, made, 7),
               .key = span_at(out, made, 8),
               .lead = span_at(out, made, 9),
               .tail = span_at(out, made, 10),
               .after = span_at(out, made, 11),
               .types = span_at(out, made, 12),
               .listed = span_at(out, made, 13),
               .rank = (uint32_t)number_at(out, made, 14, 0, any),
               .below = below < 0 ? NULL : &plan->programs[below],
               .fold = truth_at(out, made, 18)};
    make_pattern(out, plan, &op->pattern, item(out, made, 16));
    make_path(out, &op->path, item(out, made, 17));
    make_patterns(out, plan, op, item(out, made, 19));
    if (!is_whole(op, plan->reader_count))
        wrong(out, "an operation lacks what it works with");
}

/* Whether a program gathers names, itself or at the keys below it. */
static bool gathers(Exit *out, const Program *program, int depth)
{
    if (depth == DEEPEST)
        wrong(out, "a program is too deep");
    for (size_t i = 0; i < program->count; i++) {
        const Op *op = &program->ops[i];
        if (op->code == NAMES || (op->code == BELOW && gathers(out, op->below, depth + 1)))
            return true;
    }
    return false;
}

static void make_programs(Exit *out, Plan *plan, PyObject *programs)
{
    size_t count = size_of(out, programs);
    plan->programs = zeroed(out, count, sizeof *plan->programs);
    plan->program_count = count;
    for (size_t i = 0; i < count; i++) {
        PyObject *ops = item(out, programs, i);
        size_t own = size_of(out, ops);
        Program *program = &plan->programs[i];
        program->ops = zeroed(out, own, sizeof *program->ops);
        program->count = own;
        for (size_t j = 0; j < own; j++)
            make_op(out, plan, &program->ops[j], item(out, ops, j));
    }
    for (size_t i = 0; i < count; i++)
        plan->programs[i].names = gathers(out, &plan->programs[i], 0);
}

static void make_words(Exit *out, Words *words, PyObject *made)
{
    Span *places[] = {&words->opening,      &words->close,       &words->position,    &words->position_tail,
                      &words->lead,         &words->study_before, &words->study_after, &words->graph_before,
                      &words->graph_after,  &words->study_types, &words->listed,      &words->json_type,
                      &words->of_study};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        *places[i] = span_at(out, made, i);
}

void make_plan(Exit *out, Plan *plan, PyObject *source)
{
    plan->source = Py_NewRef(source);
    make_types(out, plan, item(out, source, 0));
    make_readers(out, plan, item(out, source, 2));
    make_programs(out, plan, item(out, source, 1));
    make_words(out, &plan->words, item(out, source, 3));
    for (size_t i = 0; i < FACTS; i++)
        make_path(out, &plan->facts[i], item(out, item(out, source, 4), i));
    if (plan->type_count == 0 || plan->program_count == 0)
        wrong(out, "a plan has a type and a program at least");
}

static void end_program(Program *program)
{
    for (size_t i = 0; i < program->count; i++) {
        Op *op = &program->ops[i];
        PyMem_Free(op->pattern.pieces);
        PyMem_Free(op->path.slots);
        for (size_t j = 0; j < op->pattern_count; j++)
            PyMem_Free(op->patterns[j].pieces);
        PyMem_Free(op->patterns);
    }
    PyMem_Free(program->ops);
}

void end_plan(Plan *plan)
{
    for (size_t i = 0; i < plan->type_count; i++)
        PyMem_Free(plan->types[i].keys);
    for (size_t i = 0; i < plan->program_count; i++)
        end_program(&plan->programs[i]);
    for (size_t i = 0; i < FACTS; i++)
        PyMem_Free(plan->facts[i].slots);
    for (size_t i = 0; i < plan->reader_count; i++)
        PyMem_Free(plan->readers[i].spellings);
    PyMem_Free(plan->types);
    PyMem_Free(plan->programs);
    PyMem_Free(plan->readers);
    Py_CLEAR(plan->source);
}
