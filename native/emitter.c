/* The emitter: runs the programs of kg/export/compiler.py on the JSON of a record, and writes RDF.

   It takes records that are as the plan says, but for keys that nothing reads, for what is empty, and for single
   values that are refused. Whatever else there is it leaves to the careful way (kg/export/interpreter.py), which says the same
   of what both take. */
#include "columns.h"
#include "run.h"
#include "sharing.h"
#include "unread.h"

typedef struct {
    PyObject_HEAD
    bool busy;
    Record record;
} Emitter;

/* A text of the record without escapes, or None. */
static PyObject *text_of_fact(const Record *record, Value value, size_t i)
{
    Span json = fact_of(record, value, i);
    if (!is_text(json))
        return Py_NewRef(Py_None);
    return PyUnicode_DecodeUTF8(inside(json).at, (Py_ssize_t)inside(json).size, "strict");
}

/* The facts of a record as a tuple, or NULL with an exception. */
static PyObject *facts_of(const Record *record, Value value)
{
    PyObject *facts = PyTuple_New(FACTS);
    for (size_t i = 0; facts != NULL && i < FACTS; i++) {
        PyObject *text = text_of_fact(record, value, i);
        if (text == NULL || PyTuple_SetItem(facts, (Py_ssize_t)i, text) < 0)
            Py_CLEAR(facts);
    }
    return facts;
}

/* What a record became, in the order of Emitted in kg/_emitter.pyi. */
static PyObject *emitted(Record *record, Value value, Py_ssize_t end, Room room)
{
    size_t placed = 0, study = 0, triples = record->output.triples;
    record->scratch.size = 0;
    put_unread(&record->json, &record->scratch, value, 0);
    Span unread = all_of(&record->scratch);
    PyObject *data = laid_out(&record->output, room, &placed, &study);
    if (data == NULL)
        return NULL;
    PyObject *facts = facts_of(record, value);
    PyObject *shared = facts ? descriptions_of(record) : NULL;
    if (shared != NULL)
        return Py_BuildValue("NnnnnNnNNON", data, end, (Py_ssize_t)placed, (Py_ssize_t)study, (Py_ssize_t)triples,
                             facts, (Py_ssize_t)record->withheld, bytes_of(unread), PyBool_FromLong(record->odd),
                             record->complaints, shared);
    Py_DECREF(data);
    Py_XDECREF(facts);
    return NULL;
}

/* The way out of whatever is done for the record at a place in a piece. */
static PyObject *exported(Record *record, PyObject *piece, Py_ssize_t at, Room room)
{
    char *begin;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(piece, &begin, &size) < 0)
        return NULL;
    if (at < 0 || at > size)
        Py_RETURN_NONE;
    int way = setjmp(record->out.place);
    if (way == 0) {
        Value value = run_record(record, (Span){begin + at, (size_t)(size - at)});
        return emitted(record, value, record->json.at - begin, room);
    }
    return way == NOT_TAKEN ? Py_NewRef(Py_None) : NULL;
}

static PyObject *run_on(Emitter *self, PyObject *piece, Py_ssize_t at, Room room)
{
    self->busy = true;
    Record *record = &self->record;
    record->complaints = PyList_New(0);
    PyObject *made = record->complaints == NULL ? NULL : exported(record, piece, at, room);
    PyObject *complaints = record->complaints, *answer = record->tokens.answer;
    record->complaints = record->tokens.answer = NULL;
    self->busy = false;
    Py_XDECREF(complaints);
    Py_XDECREF(answer);
    return made;
}

static PyObject *Emitter_call(Emitter *self, PyObject *arguments, PyObject *keywords)
{
    PyObject *piece, *room = Py_None, *made;
    Py_ssize_t at = 0;
    static char *names[] = {"", "", "", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "S|On", names, &piece, &room, &at))
        return NULL;
    if (self->busy) /* by another thread, or this one, while Python was asked something */
        Py_RETURN_NONE;
    if (room == Py_None)
        return run_on(self, piece, at, (Room){NULL, 0});
    Py_buffer view;
    if (PyObject_GetBuffer(room, &view, PyBUF_WRITABLE) < 0)
        return NULL;
    made = run_on(self, piece, at, (Room){view.buf, (size_t)view.len});
    PyBuffer_Release(&view);
    return made;
}

/* Whether a record was made ready for a plan. */
static bool is_ready(Record *record, PyObject *source)
{
    if (setjmp(record->out.place))
        return false;
    make_plan(&record->out, &record->plan, source);
    record->json.out = record->tokens.out = record->output.out = &record->out;
    record->json.types = record->plan.types;
    record->tokens.readers = record->plan.readers;
    record->output.words = &record->plan.words;
    make_output(&record->output);
    return true;
}

static PyObject *Emitter_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *tuples[5], *convert, *refuse, *describe;
    static char *names[] = {"", "", "", "", "", "", "", "", NULL};
    PyTypeObject *tuple = &PyTuple_Type;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!O!O!O!OOO", names, tuple, &tuples[0], tuple, &tuples[1],
                                     tuple, &tuples[2], tuple, &tuples[3], tuple, &tuples[4], &convert, &refuse,
                                     &describe))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Emitter *self = (Emitter *)allocate(type, 0);
    if (self == NULL)
        return NULL;
    self->busy = true; /* until it is ready */
    Tokens *tokens = &self->record.tokens;
    tokens->convert = Py_NewRef(convert);
    tokens->refuse = Py_NewRef(refuse);
    tokens->describe = Py_NewRef(describe);
    PyObject *source = PyTuple_GetSlice(arguments, 0, 5);
    self->busy = source == NULL || !is_ready(&self->record, source);
    Py_XDECREF(source);
    if (!self->busy)
        return (PyObject *)self;
    Py_DECREF((PyObject *)self);
    return NULL;
}

static int Emitter_traverse(Emitter *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->record.plan.source);
    Py_VISIT(self->record.complaints);
    return visit_tokens(&self->record.tokens, visit, arg);
}

static int Emitter_clear(Emitter *self)
{
    clear_tokens(&self->record.tokens);
    return 0;
}

static void Emitter_dealloc(Emitter *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    end_record(&self->record);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(documentation, "Runs the programs of a plan on the JSON of records; see kg/_emitter.pyi.");

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)documentation},
    {Py_tp_new, Emitter_new},
    {Py_tp_call, Emitter_call},
    {Py_tp_traverse, Emitter_traverse},
    {Py_tp_clear, Emitter_clear},
    {Py_tp_dealloc, Emitter_dealloc},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "kg._emitter.Emitter",
    .basicsize = sizeof(Emitter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

static int add_types(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type == NULL)
        return -1;
    int failed = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return failed;
}

static PyObject *kept_memory(PyObject *module, PyObject *nothing)
{
    (void)module;
    (void)nothing;
    keep_memory();
    Py_RETURN_NONE;
}

static PyObject *columns(PyObject *module, PyObject *lines)
{
    Py_buffer view;
    (void)module;
    if (PyObject_GetBuffer(lines, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *made = columns_of((Span){view.buf, (size_t)view.len});
    PyBuffer_Release(&view);
    return made;
}

static PyMethodDef functions[] = {
    {"columns", columns, METH_O, "Cuts lines of N-Quads into columns; see kg/_emitter.pyi."},
    {"keep_memory", kept_memory, METH_NOARGS, "Has this process keep the memory that is freed; see kg/_emitter.pyi."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, add_types}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "kg._emitter",
    .m_doc = "The export of well-formed records, in C.",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__emitter(void) { return PyModuleDef_Init(&definition); }
