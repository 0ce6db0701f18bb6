/* The extension module kg._emitter: the type Emitter, which exports records by running the programs of
   kg/export/compiler.py on their JSON.

   It handles records that follow the plan, apart from unmapped keys, empty values and single invalid values. For any
   other record it returns None, and the reference interpreter (kg/export/interpreter.py) exports it. Both write the
   same bytes for what both handle. */
#include "columns.h"
#include "operations.h"

typedef struct {
    PyObject_HEAD
    bool busy; /* or not initialized */
    Record record;
} Emitter;

static PyObject *fact(const Record *record, Value value, size_t i)
{
    Span json = fact_json(record, value, i);
    if (!is_string(json))
        return Py_NewRef(Py_None);
    return PyUnicode_DecodeUTF8(unquoted(json).at, (Py_ssize_t)unquoted(json).size, "strict");
}

static PyObject *fact_tuple(const Record *record, Value value)
{
    PyObject *facts = PyTuple_New(FACT_COUNT);
    for (size_t i = 0; facts != NULL && i < FACT_COUNT; i++) {
        PyObject *text = fact(record, value, i);
        if (text == NULL || PyTuple_SetItem(facts, (Py_ssize_t)i, text) < 0)
            Py_CLEAR(facts);
    }
    return facts;
}

/* Return the tuple Emitted of kg/_emitter.pyi, or NULL with an exception. */
static PyObject *emitted_tuple(Record *record, Value value, Py_ssize_t end)
{
    size_t study_end = 0;
    record->scratch.size = 0;
    append_unmapped(&record->json, &record->scratch, value);
    PyObject *data = finish_output(&record->output, &study_end);
    PyObject *facts = data ? fact_tuple(record, value) : NULL;
    PyObject *shared = facts ? description_tuple(record) : NULL;
    if (shared != NULL)
        return Py_BuildValue("NnnnNnNNON", data, end, (Py_ssize_t)study_end, (Py_ssize_t)record->output.triples, facts,
                             (Py_ssize_t)record->withheld, to_bytes(contents(&record->scratch)),
                             PyBool_FromLong(record->incomplete), record->errors, shared);
    Py_XDECREF(data);
    Py_XDECREF(facts);
    return NULL;
}

/* Export the record at an offset. Everything that fails below jumps back to this function. */
static PyObject *guarded_export(Record *record, PyObject *text, Py_ssize_t at)
{
    char *begin;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(text, &begin, &size) < 0)
        return NULL;
    if (at < 0 || at > size)
        Py_RETURN_NONE;
    int failure = setjmp(record->guard.exit);
    if (failure == 0) {
        Value value = run_record(record, (Span){begin + at, (size_t)(size - at)});
        return emitted_tuple(record, value, record->json.at - begin);
    }
    return failure == UNSUPPORTED ? Py_NewRef(Py_None) : NULL;
}

static PyObject *export_record(Emitter *self, PyObject *text, Py_ssize_t at)
{
    self->busy = true;
    Record *record = &self->record;
    record->errors = PyList_New(0);
    PyObject *emitted = record->errors == NULL ? NULL : guarded_export(record, text, at);
    PyObject *errors = record->errors, *result = record->tokens.result;
    record->errors = record->tokens.result = NULL;
    self->busy = false;
    Py_XDECREF(errors);
    Py_XDECREF(result);
    return emitted;
}

static PyObject *Emitter_call(Emitter *self, PyObject *arguments, PyObject *keywords)
{
    PyObject *text;
    Py_ssize_t at = 0;
    static char *names[] = {"", "", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "S|n", names, &text, &at))
        return NULL;
    if (self->busy) /* in another thread, or in this one when a callable uses its own emitter */
        Py_RETURN_NONE;
    return export_record(self, text, at);
}

static bool init_record(Record *record, PyObject *source)
{
    if (setjmp(record->guard.exit))
        return false;
    read_plan(&record->guard, &record->plan, source);
    record->json.guard = record->tokens.guard = record->output.guard = &record->guard;
    record->json.types = record->plan.types;
    record->tokens.readers = record->plan.readers;
    record->output.syntax = &record->plan.syntax;
    return true;
}

static PyObject *Emitter_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *tuples[5], *convert, *fallback, *describe;
    static char *names[] = {"", "", "", "", "", "", "", "", NULL};
    PyTypeObject *tuple = &PyTuple_Type;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!O!O!O!OOO", names, tuple, &tuples[0], tuple, &tuples[1],
                                     tuple, &tuples[2], tuple, &tuples[3], tuple, &tuples[4], &convert, &fallback,
                                     &describe))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Emitter *self = (Emitter *)allocate(type, 0);
    if (self == NULL)
        return NULL;
    self->busy = true;
    Tokens *tokens = &self->record.tokens;
    tokens->convert = Py_NewRef(convert);
    tokens->fallback = Py_NewRef(fallback);
    tokens->describe = Py_NewRef(describe);
    PyObject *source = PyTuple_GetSlice(arguments, 0, 5);
    self->busy = source == NULL || !init_record(&self->record, source);
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
    Py_VISIT(self->record.errors);
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
    free_record(&self->record);
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

static PyObject *call_keep_memory(PyObject *module, PyObject *nothing)
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
    PyObject *buffers = columns_of((Span){view.buf, (size_t)view.len});
    PyBuffer_Release(&view);
    return buffers;
}

static PyMethodDef functions[] = {
    {"columns", columns, METH_O, "Split lines of N-Quads into columns of Arrow; see kg/_emitter.pyi."},
    {"keep_memory", call_keep_memory, METH_NOARGS, "Keep freed memory for later allocations; see kg/_emitter.pyi."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, add_types}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "kg._emitter",
    .m_doc = "Export of records by compiled programs.",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__emitter(void) { return PyModuleDef_Init(&definition); }
