#include "plan.h"

/* Items of tuples */

static _Noreturn void invalid(Guard *guard, const char *problem)
{
    PyErr_SetString(PyExc_ValueError, problem);
    fail(guard, PYTHON_ERROR);
}

static size_t tuple_size(Guard *guard, PyObject *tuple)
{
    Py_ssize_t size = PyTuple_Size(tuple);
    if (size < 0)
        fail(guard, PYTHON_ERROR);
    return (size_t)size;
}

static PyObject *item(Guard *guard, PyObject *tuple, size_t i)
{
    PyObject *object = PyTuple_GetItem(tuple, (Py_ssize_t)i);
    if (object == NULL)
        fail(guard, PYTHON_ERROR);
    return object;
}

static Span bytes_item(Guard *guard, PyObject *tuple, size_t i)
{
    char *at;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(item(guard, tuple, i), &at, &size) < 0)
        fail(guard, PYTHON_ERROR);
    return (Span){at, (size_t)size};
}

/* Return a number of at least ``least`` and below ``end``. */
static int32_t to_int(Guard *guard, PyObject *object, long least, size_t end)
{
    long number = PyLong_AsLong(object);
    if (number == -1 && PyErr_Occurred())
        fail(guard, PYTHON_ERROR);
    if (number < least || (number >= 0 && (size_t)number >= end) || number > INT32_MAX)
        invalid(guard, "number out of range");
    return (int32_t)number;
}

static int32_t int_item(Guard *guard, PyObject *tuple, size_t i, long least, size_t end)
{
    return to_int(guard, item(guard, tuple, i), least, end);
}

static bool bool_item(Guard *guard, PyObject *tuple, size_t i) { return int_item(guard, tuple, i, 0, 2) != 0; }

/* Read an array from a tuple: ``read`` is an expression for the element of an ``entry``. */
#define READ_ARRAY(guard, plan, array, length, tuple, read)                                                            \
    do {                                                                                                               \
        PyObject *entries = (tuple);                                                                                   \
        size_t count = tuple_size(guard, entries);                                                                     \
        (array) = arena_alloc(guard, &(plan)->arena, count, sizeof *(array));                                          \
        for (size_t i = 0; i < count; i++) {                                                                           \
            PyObject *entry = item(guard, entries, i);                                                                 \
            (array)[i] = (read);                                                                                       \
        }                                                                                                              \
        (length) = count;                                                                                              \
    } while (0)

/* Types and readers */

static Key read_key(Guard *guard, PyObject *key, size_t types)
{
    int32_t shape = int_item(guard, key, 1, 0, ANYTHING + 1), type = int_item(guard, key, 2, 0, types);
    return (Key){bytes_item(guard, key, 0), (Shape)shape, (uint32_t)type};
}

static Type read_type(Guard *guard, Plan *plan, PyObject *keys, size_t types)
{
    Type type;
    READ_ARRAY(guard, plan, type.keys, type.count, keys, read_key(guard, entry, types));
    return type;
}

static Spelling read_spelling(Guard *guard, PyObject *spelling)
{
    int32_t form = int_item(guard, spelling, 0, 0, POINT + 1);
    return (Spelling){(Form)form, bytes_item(guard, spelling, 1), bytes_item(guard, spelling, 2)};
}

static Reader read_reader(Guard *guard, Plan *plan, PyObject *spellings)
{
    Reader reader;
    READ_ARRAY(guard, plan, reader.spellings, reader.count, spellings, read_spelling(guard, entry));
    return reader;
}

/* Programs */

static Path read_path(Guard *guard, Plan *plan, PyObject *slots)
{
    Path path;
    READ_ARRAY(guard, plan, path.slots, path.count, slots, to_int(guard, entry, 0, INT32_MAX));
    return path;
}

static Piece read_piece(Guard *guard, const Plan *plan, PyObject *piece)
{
    int32_t slot = int_item(guard, piece, 1, NO_VALUE, INT32_MAX);
    return (Piece){bytes_item(guard, piece, 0), slot, int_item(guard, piece, 2, EVERY_TEXT, plan->reader_count)};
}

static Pattern read_pattern(Guard *guard, Plan *plan, PyObject *pieces)
{
    Pattern pattern;
    READ_ARRAY(guard, plan, pattern.pieces, pattern.count, pieces, read_piece(guard, plan, entry));
    return pattern;
}

/* Whether an operation has the operands that its code needs. */
static bool is_complete(const Op *op, size_t readers)
{
    bool has_reader = op->reader >= 0 && (size_t)op->reader < readers;
    switch (op->code) {
    case BELOW:
        return op->below != NULL && op->slot >= 0;
    case PART:
    case PARTS:
        return op->below != NULL;
    case RESOURCE:
        return op->below != NULL && has_reader;
    case VALUE:
    case DERIVE:
    case VALUES:
        return has_reader;
    case DERIVE_EACH:
        return has_reader && (op->pattern.count == 0 || op->pattern.pieces->slot >= 0);
    case SHARE:
    case SHARE_EACH:
        return op->reader >= 0; /* the kind of resource */
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

static Op read_op(Guard *guard, Plan *plan, PyObject *source)
{
    const size_t any = INT32_MAX;
    int32_t below = int_item(guard, source, 15, -1, plan->program_count);
    Op op = {.code = (Code)int_item(guard, source, 0, 0, LINK + 1),
             .slot = int_item(guard, source, 1, -1, any),
             .field = int_item(guard, source, 2, -1, any),
             .reader = int_item(guard, source, 3, -1, any),
             .group = int_item(guard, source, 4, -1, MAX_GROUPS),
             .back = int_item(guard, source, 5, -1, any),
             .required = bool_item(guard, source, 6),
             .rows = bool_item(guard, source, 7),
             .key = bytes_item(guard, source, 8),
             .lead = bytes_item(guard, source, 9),
             .tail = bytes_item(guard, source, 10),
             .after = bytes_item(guard, source, 11),
             .types = bytes_item(guard, source, 12),
             .listed = bytes_item(guard, source, 13),
             .rank = (uint32_t)int_item(guard, source, 14, 0, any),
             .below = below < 0 ? NULL : &plan->programs[below],
             .pattern = read_pattern(guard, plan, item(guard, source, 16)),
             .path = read_path(guard, plan, item(guard, source, 17)),
             .fold = bool_item(guard, source, 18)};
    PyObject *patterns = item(guard, source, 19);
    READ_ARRAY(guard, plan, op.patterns, op.pattern_count, patterns, read_pattern(guard, plan, entry));
    if (!is_complete(&op, plan->reader_count))
        invalid(guard, "an operation lacks an operand");
    return op;
}

static bool has_names(Guard *guard, const Program *program, int depth)
{
    if (depth == MAX_DEPTH)
        invalid(guard, "programs are nested too deeply");
    for (size_t i = 0; i < program->count; i++) {
        const Op *op = &program->ops[i];
        if (op->code == NAMES || (op->code == BELOW && has_names(guard, op->below, depth + 1)))
            return true;
    }
    return false;
}

static void read_programs(Guard *guard, Plan *plan, PyObject *programs)
{
    size_t count = plan->program_count = tuple_size(guard, programs); /* operations refer to programs to come */
    plan->programs = arena_alloc(guard, &plan->arena, count, sizeof *plan->programs);
    for (size_t i = 0; i < count; i++) {
        Program *program = &plan->programs[i];
        READ_ARRAY(guard, plan, program->ops, program->count, item(guard, programs, i), read_op(guard, plan, entry));
    }
    for (size_t i = 0; i < count; i++)
        plan->programs[i].has_names = has_names(guard, &plan->programs[i], 0);
}

static void read_syntax(Guard *guard, Syntax *syntax, PyObject *source)
{
    Span *members[] = {&syntax->part_open,   &syntax->part_close,        &syntax->position,    &syntax->position_end,
                       &syntax->next_predicate, &syntax->study_open,     &syntax->study_close, &syntax->graph_open,
                       &syntax->graph_close, &syntax->study_types,       &syntax->listing_predicate,
                       &syntax->json_type,   &syntax->study_predicate,   &syntax->mask};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        *members[i] = bytes_item(guard, source, i);
}

void read_plan(Guard *guard, Plan *plan, PyObject *source)
{
    plan->source = Py_NewRef(source);
    PyObject *types = item(guard, source, 0), *readers = item(guard, source, 2), *facts = item(guard, source, 4);
    size_t type_count = tuple_size(guard, types);
    READ_ARRAY(guard, plan, plan->types, plan->type_count, types, read_type(guard, plan, entry, type_count));
    READ_ARRAY(guard, plan, plan->readers, plan->reader_count, readers, read_reader(guard, plan, entry));
    read_programs(guard, plan, item(guard, source, 1));
    read_syntax(guard, &plan->syntax, item(guard, source, 3));
    for (size_t i = 0; i < FACT_COUNT; i++)
        plan->facts[i] = read_path(guard, plan, item(guard, facts, i));
    if (plan->type_count == 0 || plan->program_count == 0)
        invalid(guard, "a plan has at least one type and one program");
}

void free_plan(Plan *plan)
{
    arena_free(&plan->arena);
    Py_CLEAR(plan->source);
}
