/* The emitter: runs the programs of kg/program.py on the JSON of a record, and writes RDF.

   It takes records that are as the plan says, but for keys that nothing reads, for what is empty, and for single
   values that are refused. Whatever else there is it leaves to the careful way (kg/careful.py), which says the same
   of what both take. Values are looked up by their JSON; what comes for the first time is asked of Python. */
#include "json.h"

#include <stdlib.h>

#define DEEPEST 64
#define GROUPS 16
#define KEPT_VALUES ((size_t)1 << 16)
#define KEPT_RESOURCES ((size_t)1 << 14)
#define KEPT_BYTES ((size_t)8 << 20)
#define LONGEST_KEY 256
#define MOST_NAMES 1000

/* What is done, in the order of Code in kg/program.py. */
typedef enum {
    BELOW, WITHHOLD, TEXT, VALUE, DERIVE, TEXTS, VALUES, DERIVE_EACH, REFER, REFER_EACH, NAMES, PART, PARTS, SHARE,
    SHARE_EACH, RESOURCE
} Code;

typedef struct {
    Span before;
    int32_t slot, labels; /* -1: nothing is behind, or the text itself */
} Piece;

typedef struct Program Program;

typedef struct {
    Code code;
    int32_t slot, field, reader, group, back; /* -1: the object itself, or none */
    bool required, rows;
    Span key, lead, tail, after, types, listed;
    uint32_t rank; /* of the name in listed */
    Program *below;
    Piece *pattern;
    size_t pieces;
    int32_t *path;
    size_t steps;
} Op;

struct Program {
    Op *ops;
    size_t count;
    bool names;
};

typedef struct {
    bool none;
    Span token;
} Token;

/* What stands before and behind a value of letters and digits in its token, for readers that look at it no further. */
typedef struct {
    bool plain;
    Span before, after;
} Reader;

/* A shared resource: what is said of it, and how it is listed (as JSON within a text). */
typedef struct {
    uint64_t hash; /* of its token */
    Span token, listed, grouped;
    Span *pairs;
    size_t count;
    bool usual, odd;
} Resource;

/* A piece of the output that belongs to one block. */
typedef struct {
    size_t from, to;
    int64_t next;
} Segment;

typedef struct {
    int64_t first, last;
    bool begun, shared;
} Block;

/* What a record shares with others: a resource, or a block that is written for it alone. */
typedef struct {
    const Resource *resource;
    uint64_t hash; /* of its token */
    size_t block;
} Shared;

/* A node that bears a name: where the name begins and ends in the names, its place in its list, and its JSON. */
typedef struct {
    size_t from, size, place;
    Value value;
} Named;

typedef struct {
    const Op *op;
    size_t stem; /* of the node that has them as parts */
    size_t first, count;
} Group;

typedef struct {
    Buffer subject; /* with the space behind it */
    size_t stem, block;
} Node;

/* A step of the JSON path to what is written. */
typedef struct Step {
    const struct Step *above;
    Span key;
    int64_t place; /* in a list, from 0, or -1 */
} Step;

typedef struct {
    const Op *op;
    size_t first, count;
} Listing;

typedef struct {
    PyObject_HEAD
    /* what it was made of */
    PyObject *spec, *convert, *refuse, *describe;
    Type *types;
    uint32_t type_count;
    Program *programs;
    size_t program_count;
    Reader *readers;
    size_t reader_count;
    bool repeats;
    Span opening, close, position, position_tail, lead, study_before, study_after, graph_before, graph_after;
    Span study_types, listed, json_type;
    int32_t *facts[3];
    size_t fact_steps[3];
    /* what it remembers */
    Table tokens, resources;
    /* the record at hand */
    Exit out;
    bool busy;
    Json json;
    Buffer written, stem, names, scratch, graph, end, key;
    Segment *segments;
    size_t segment_count, segment_room;
    Block *blocks;
    size_t block_count, block_room, current, began;
    Shared *shared;
    size_t shared_count, shared_room;
    Named *named;
    size_t named_count, named_room;
    Group groups[GROUPS];
    const Resource **keys;
    size_t key_count, key_room;
    Listing *listings;
    size_t listing_count, listing_room;
    size_t *found;
    size_t found_room;
    Node nodes[DEEPEST];
    size_t triples, withheld;
    bool odd;
    PyObject *complaints;
} Emitter;

static _Noreturn void not_taken(Emitter *self) { leave(&self->out, NOT_TAKEN); }

static Span bytes_of(PyObject *object)
{
    return (Span){PyBytes_AsString(object), (size_t)PyBytes_Size(object)};
}

/* What Python is asked */

static PyObject *asked(Emitter *self, PyObject *function, int32_t field, Span json)
{
    PyObject *made = PyObject_CallFunction(function, "iy#", (int)field, json.at, (Py_ssize_t)json.size);
    if (made == NULL)
        leave(&self->out, FAILED);
    if (made != Py_None && !PyBytes_Check(made) && !PyTuple_Check(made)) {
        Py_DECREF(made);
        PyErr_SetString(PyExc_TypeError, "bytes, a tuple or None was expected");
        leave(&self->out, FAILED);
    }
    return made;
}

static Span kept(Emitter *self, Arena *arena, PyObject *bytes)
{
    Span span = bytes_of(bytes);
    char *place = taken(&self->out, arena, span.size + 1);
    memcpy(place, span.at, span.size);
    return (Span){place, span.size};
}

static bool is_word(Span text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c < '0' || c > '9') && ((c | 32) < 'a' || (c | 32) > 'z'))
            return false;
    }
    return text.size > 0;
}

/* The token of a value; of one that is refused ``none``. One that is not remembered stays while no other is asked for. */
static Token token_of(Emitter *self, int32_t reader, Span json)
{
    bool brief = json.size <= LONGEST_KEY;
    uint64_t hash = 0;
    const Reader *known = &self->readers[reader];
    if (known->plain && is_text(json) && is_word(inside(json))) {
        self->key.size = 0;
        put(&self->out, &self->key, known->before);
        put(&self->out, &self->key, inside(json));
        put(&self->out, &self->key, known->after);
        return (Token){false, {self->key.at, self->key.size}};
    }
    if (brief) {
        hash = hash_of((uint32_t)reader, json);
        Entry *entry = find(&self->out, &self->tokens, (uint32_t)reader, json, hash);
        if (entry->item != NULL)
            return *(Token *)entry->item;
    }
    PyObject *made = asked(self, self->convert, reader, json);
    bool none = made == Py_None;
    Span span = none ? (Span){"", 0} : bytes_of(made);
    if (!brief) {
        self->key.size = 0;
        put(&self->out, &self->key, span); /* a failure here would leak, and ends the run */
        Py_DECREF(made);
        return (Token){none, {self->key.at, self->key.size}};
    }
    Token *token = taken(&self->out, &self->tokens.arena, sizeof *token + span.size);
    memcpy(token + 1, span.at, span.size);
    *token = (Token){none, {(char *)(token + 1), span.size}};
    Py_DECREF(made);
    remember(&self->out, &self->tokens, (uint32_t)reader, json, hash, token);
    return *token;
}

/* A shared resource; leaves where Python has a complaint of it. */
static const Resource *resource_of(Emitter *self, int32_t field, Span json)
{
    uint64_t hash = hash_of((uint32_t)field, json);
    Entry *entry = find(&self->out, &self->resources, (uint32_t)field, json, hash);
    if (entry->item != NULL)
        return entry->item;
    PyObject *made = asked(self, self->describe, field, json), *pairs = NULL;
    if (made == Py_None) {
        Py_DECREF(made);
        not_taken(self);
    }
    Arena *arena = &self->resources.arena;
    pairs = PyTuple_GetItem(made, 1);
    Resource *resource = taken(&self->out, arena, sizeof *resource);
    resource->token = kept(self, arena, PyTuple_GetItem(made, 0));
    resource->hash = hash_of(0, resource->token);
    resource->count = (size_t)PyTuple_Size(pairs);
    resource->pairs = taken(&self->out, arena, (resource->count + 1) * sizeof(Span));
    for (size_t i = 0; i < resource->count; i++)
        resource->pairs[i] = kept(self, arena, PyTuple_GetItem(pairs, (Py_ssize_t)i));
    resource->grouped = kept(self, arena, PyTuple_GetItem(made, 2));
    resource->listed = kept(self, arena, PyTuple_GetItem(made, 3));
    resource->usual = PyTuple_GetItem(made, 4) == Py_True;
    resource->odd = PyTuple_GetItem(made, 5) == Py_True;
    Py_DECREF(made);
    remember(&self->out, &self->resources, (uint32_t)field, json, hash, resource);
    return resource;
}

/* Writing */

static inline void emit(Emitter *self, Span span) { put(&self->out, &self->written, span); }

static inline void emit_word(Emitter *self, const char *word) { emit(self, (Span){word, strlen(word)}); }

static void put_number(Exit *out, Buffer *buffer, size_t number)
{
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    put(out, buffer, (Span){at, (size_t)(digits + sizeof digits - at)});
}

/* Ends the segment that is written, and gives it to its block. */
static void close_segment(Emitter *self)
{
    if (self->written.size == self->began)
        return;
    RESERVE(&self->out, self->segments, self->segment_room, self->segment_count + 1);
    int64_t number = (int64_t)self->segment_count++;
    self->segments[number] = (Segment){self->began, self->written.size, -1};
    Block *block = &self->blocks[self->current];
    if (block->first < 0)
        block->first = number;
    else
        self->segments[block->last].next = number;
    block->last = number;
    self->began = self->written.size;
}

static size_t new_block(Emitter *self, bool shared)
{
    RESERVE(&self->out, self->blocks, self->block_room, self->block_count + 1);
    self->blocks[self->block_count] = (Block){-1, -1, false, shared};
    return self->block_count++;
}

/* What stands before a predicate. */
static inline void begin(Emitter *self, Node *node)
{
    if (self->current != node->block) {
        close_segment(self);
        self->current = node->block;
    }
    Block *block = &self->blocks[node->block];
    Span before = self->repeats || !block->begun ? (Span){node->subject.at, node->subject.size} : self->lead;
    block->begun = true;
    emit(self, before);
    self->triples++;
}

static inline void end_line(Emitter *self)
{
    if (self->repeats)
        emit(self, (Span){self->end.at, self->end.size});
}

static void say(Emitter *self, Node *node, Span lead, Span token, Span tail)
{
    begin(self, node);
    emit(self, lead);
    emit(self, token);
    emit(self, tail);
    end_line(self);
}

static void say_types(Emitter *self, Node *node, Span types)
{
    if (types.size)
        say(self, node, types, (Span){"", 0}, (Span){"", 0});
}

/* What stands before one of several objects of a predicate; names stand three on a line in Turtle. */
static void begin_object(Emitter *self, Node *node, Span lead, size_t i, size_t count, bool names)
{
    if (self->repeats || i == 0) {
        begin(self, node);
        emit(self, lead);
        return;
    }
    emit_word(self, names && (count < 4 || i % 3) ? ", " : ",\n        ");
    self->triples++;
}

static void write_part(Emitter *self, size_t stem, Span after, size_t place)
{
    emit(self, (Span){self->stem.at, stem});
    emit(self, after);
    if (place)
        put_number(&self->out, &self->written, place);
    emit(self, self->close);
}

/* Complaints */

static void put_path(Emitter *self, Buffer *path, const Step *step)
{
    if (step == NULL)
        return;
    put_path(self, path, step->above);
    if (path->size)
        put(&self->out, path, (Span){".", 1});
    put(&self->out, path, step->key);
    if (step->place >= 0) {
        put(&self->out, path, (Span){"[", 1});
        put_number(&self->out, path, (size_t)step->place);
        put(&self->out, path, (Span){"]", 1});
    }
}

static void complain(Emitter *self, const Step *above, const Op *op, Span json)
{
    Step step = {above, op->key, -1};
    self->key.size = 0;
    put_path(self, &self->key, &step);
    PyObject *made = Py_BuildValue("(s#iy#)", self->key.at, (Py_ssize_t)self->key.size, (int)op->field, json.at,
                                   (Py_ssize_t)json.size);
    if (made == NULL || PyList_Append(self->complaints, made) < 0) {
        Py_XDECREF(made);
        leave(&self->out, FAILED);
    }
    Py_DECREF(made);
}

/* A value that is refused: a complaint, and its plain text as far as it has one. */
static void say_refused(Emitter *self, Node *node, const Step *above, const Op *op, Span json)
{
    self->odd = true;
    complain(self, above, op, json);
    PyObject *text = asked(self, self->refuse, op->field, json);
    if (text != Py_None) {
        self->key.size = 0;
        put(&self->out, &self->key, bytes_of(text));
        say(self, node, op->lead, (Span){self->key.at, self->key.size}, (Span){"", 0});
    }
    Py_DECREF(text);
}

/* Names */

static inline Value *slot_of(Emitter *self, Value object, int32_t slot)
{
    return &self->json.values[object.first + (uint32_t)slot];
}

/* Puts the name of a node into a buffer; whether it has one. */
static bool put_name(Emitter *self, Buffer *buffer, const Op *op, Value object)
{
    for (size_t i = 0; i < op->pieces; i++) {
        const Piece *piece = &op->pattern[i];
        put(&self->out, buffer, piece->before);
        if (piece->slot < 0)
            continue;
        Span json = span_of(&self->json, *slot_of(self, object, piece->slot));
        if (!is_text(json))
            return false;
        put(&self->out, buffer, piece->labels < 0 ? inside(json) : token_of(self, piece->labels, json).token);
    }
    return true;
}

static void gather_names(Emitter *self, const Op *op, const Node *node, Value list)
{
    Group *group = &self->groups[op->group];
    *group = (Group){op, node->stem, self->named_count, 0};
    if (list.size == 0)
        return;
    if (list.count > MOST_NAMES)
        not_taken(self);
    RESERVE(&self->out, self->named, self->named_room, self->named_count + list.count);
    for (size_t i = 0; i < list.count; i++) {
        Value value = self->json.values[list.first + i];
        size_t from = self->names.size;
        if (value.count && put_name(self, &self->names, op, value))
            self->named[self->named_count++] = (Named){from, self->names.size - from, i + 1, value};
    }
    group->count = self->named_count - group->first;
}

static bool is_called(const Emitter *self, const Named *named, Span name)
{
    return named->size == name.size && memcmp(self->names.at + named->from, name.at, name.size) == 0;
}

static bool lists(Emitter *self, Value list, Span name)
{
    for (size_t i = 0; list.size && i < list.count; i++) {
        Span json = span_of(&self->json, self->json.values[list.first + i]);
        if (is_text(json) && equal(inside(json), name))
            return true;
    }
    return false;
}

/* Adds the nodes of a group that bear a name to what was found: of several, those that refer back to ``mine``. */
static size_t look_up(Emitter *self, const Op *op, Span name, Span mine, size_t count)
{
    const Group *group = &self->groups[op->group];
    size_t from = count, back = 0;
    if (group->op == NULL)
        return count;
    RESERVE(&self->out, self->found, self->found_room, count + 2 * group->count);
    for (size_t i = 0; i < group->count; i++)
        if (is_called(self, &self->named[group->first + i], name))
            self->found[count++] = group->first + i;
    if (count - from < 2 || op->back < 0 || mine.at == NULL)
        return count;
    for (size_t i = from; i < count; i++)
        if (lists(self, *slot_of(self, self->named[self->found[i]].value, op->back), mine))
            self->found[count + back++] = self->found[i];
    if (back == 0)
        return count;
    memmove(self->found + from, self->found + count, back * sizeof *self->found);
    return from + back;
}

/* The node that a single reference names. Those of a list come mostly in the order of the nodes. */
static void refer(Emitter *self, const Op *op, Node *node, Span json)
{
    const Group *group = &self->groups[op->group];
    if (!is_text(json) || look_up(self, op, inside(json), (Span){NULL, 0}, 0) != 1)
        not_taken(self);
    const Named *named = &self->named[self->found[0]];
    begin(self, node);
    emit(self, op->lead);
    write_part(self, group->stem, group->op->after, named->place);
    end_line(self);
}

static bool comes_again(const Emitter *self, Value list, size_t i)
{
    Span json = span_of(&self->json, self->json.values[list.first + i]);
    for (size_t j = 0; j < i; j++)
        if (equal(span_of(&self->json, self->json.values[list.first + j]), json))
            return true;
    return false;
}

/* A list that says one thing twice is not taken, nor one too long to look. */
static void check_distinct(Emitter *self, Value list)
{
    if (list.count > MOST_NAMES)
        not_taken(self);
    for (size_t i = 1; i < list.count; i++)
        if (comes_again(self, list, i))
            not_taken(self);
}

static void refer_each(Emitter *self, const Op *op, Node *node, Value object, Value list)
{
    const Group *group = &self->groups[op->group];
    size_t count = 0, once = 0;
    Span mine = {NULL, 0};
    check_distinct(self, list);
    self->scratch.size = 0;
    if (op->back >= 0 && put_name(self, &self->scratch, op, object))
        mine = (Span){self->scratch.at ? self->scratch.at : "", self->scratch.size};
    for (size_t i = 0; i < list.count; i++) {
        Span json = span_of(&self->json, self->json.values[list.first + i]);
        size_t before = count;
        if (!is_text(json) || (count = look_up(self, op, inside(json), mine, count)) == before)
            not_taken(self);
    }
    if (count > MOST_NAMES)
        not_taken(self);
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < once && self->found[j] != self->found[i])
            j++;
        if (j == once)
            self->found[once++] = self->found[i];
    }
    for (size_t i = 0; i < once; i++) {
        begin_object(self, node, op->lead, i, once, true);
        write_part(self, group->stem, group->op->after, self->named[self->found[i]].place);
        end_line(self);
    }
}

/* Values */

static void say_value(Emitter *self, const Op *op, Node *node, const Step *above, Span json)
{
    Token token = token_of(self, op->reader, json);
    if (!token.none)
        say(self, node, op->lead, token.token, op->tail);
    else if (op->code != DERIVE)
        say_refused(self, node, above, op, json);
}

static void say_each(Emitter *self, const Op *op, Node *node, Value list)
{
    check_distinct(self, list);
    for (size_t i = 0; i < list.count; i++) {
        Span json = span_of(&self->json, self->json.values[list.first + i]), token = json;
        if (op->code == VALUES) {
            Token made = token_of(self, op->reader, json);
            if (made.none)
                not_taken(self);
            token = made.token;
        } else if (!is_text(json))
            not_taken(self);
        begin_object(self, node, op->lead, i, list.count, op->rows);
        emit(self, token);
        emit(self, op->tail);
        end_line(self);
    }
}

/* Values that are made from the elements of a list, each once. */
static void derive_each(Emitter *self, const Op *op, Node *node, Value list)
{
    size_t count = 0;
    self->scratch.size = 0;
    RESERVE(&self->out, self->found, self->found_room, list.count * 2);
    if (list.count > MOST_NAMES)
        not_taken(self);
    for (size_t i = 0; i < list.count; i++) {
        Token made = token_of(self, op->reader, span_of(&self->json, self->json.values[list.first + i]));
        size_t j = 0;
        while (j < count
               && !equal((Span){self->scratch.at + self->found[2 * j], self->found[2 * j + 1]}, made.token))
            j++;
        if (made.none || j < count)
            continue;
        self->found[2 * count] = self->scratch.size;
        self->found[2 * count++ + 1] = made.token.size;
        put(&self->out, &self->scratch, made.token);
    }
    for (size_t i = 0; i < count; i++) {
        begin_object(self, node, op->lead, i, count, op->rows);
        emit(self, (Span){self->scratch.at + self->found[2 * i], self->found[2 * i + 1]});
        end_line(self);
    }
}

/* Shared resources */

static bool say_the_same(const Resource *one, const Resource *other)
{
    if (one->count != other->count || !equal(one->token, other->token))
        return false;
    for (size_t i = 0; i < one->count; i++)
        if (!equal(one->pairs[i], other->pairs[i]))
            return false;
    return true;
}

/* Enters a resource into what the record shares; one that it describes in two ways is not taken. */
static void share(Emitter *self, const Resource *resource)
{
    self->odd |= resource->odd;
    for (size_t i = 0; i < self->shared_count; i++) {
        const Shared *shared = &self->shared[i];
        if (shared->resource == resource)
            return;
        if (shared->hash != resource->hash)
            continue;
        if (shared->resource == NULL || !say_the_same(shared->resource, resource))
            not_taken(self);
        return;
    }
    RESERVE(&self->out, self->shared, self->shared_room, self->shared_count + 1);
    self->shared[self->shared_count++] = (Shared){resource, resource->hash, 0};
}

static void share_each(Emitter *self, const Op *op, Node *node, Value list)
{
    size_t first = self->key_count, count = 0;
    if (list.count > MOST_NAMES)
        not_taken(self);
    RESERVE(&self->out, self->keys, self->key_room, first + list.count);
    RESERVE(&self->out, self->found, self->found_room, list.count);
    for (size_t i = 0; i < list.count; i++) {
        const Resource *resource = resource_of(self, op->reader, span_of(&self->json, self->json.values[list.first + i]));
        share(self, resource);
        self->keys[self->key_count++] = resource;
        size_t j = 0;
        while (j < count && !equal(self->keys[first + self->found[j]]->token, resource->token))
            j++;
        if (j == count)
            self->found[count++] = i;
    }
    for (size_t i = 0; i < count; i++) {
        begin_object(self, node, op->lead, i, count, true);
        emit(self, self->keys[first + self->found[i]]->token);
        end_line(self);
    }
    if (op->listed.size == 0 || (list.count < 2 && self->keys[first]->usual))
        return;
    size_t at = 0;
    while (at < self->listing_count && self->listings[at].op->rank != op->rank)
        at++;
    if (at == self->listing_count) {
        RESERVE(&self->out, self->listings, self->listing_room, at + 1);
        self->listing_count++;
    }
    self->listings[at] = (Listing){op, first, list.count};
}

static int by_rank(const void *one, const void *other)
{
    uint32_t a = ((const Listing *)one)->op->rank, b = ((const Listing *)other)->op->rank;
    return (a > b) - (a < b);
}

/* How shared resources are listed in the record, as one JSON literal. */
static void say_listings(Emitter *self, Node *node)
{
    if (self->listing_count == 0)
        return;
    qsort(self->listings, self->listing_count, sizeof *self->listings, by_rank);
    begin(self, node);
    emit(self, self->listed);
    emit_word(self, "\"{");
    for (size_t i = 0; i < self->listing_count; i++) {
        const Listing *listing = &self->listings[i];
        emit_word(self, i ? ",\\\"" : "\\\"");
        emit(self, listing->op->listed);
        emit_word(self, "\\\":[");
        for (size_t j = 0; j < listing->count; j++) {
            if (j)
                emit_word(self, ",");
            emit(self, self->keys[listing->first + j]->listed);
        }
        emit_word(self, "]");
    }
    emit_word(self, "}\"");
    emit(self, self->json_type);
    end_line(self);
}

/* Nodes */

static void run(Emitter *self, const Program *program, Value object, size_t depth, const Step *above);

static Node *next_node(Emitter *self, size_t depth, bool shared)
{
    if (depth == DEEPEST)
        not_taken(self);
    Node *node = &self->nodes[depth];
    node->block = new_block(self, shared);
    node->subject.size = 0;
    return node;
}

/* Writes what is said of a part of a node, and its parts; ``place`` is 0 for one that stands alone. */
static void write_node(Emitter *self, const Op *op, Value object, size_t depth, size_t place, const Step *above)
{
    Exit *out = &self->out;
    size_t stem = self->nodes[depth].stem;
    Node *node = next_node(self, depth + 1, false);
    self->stem.size = stem;
    put(out, &self->stem, op->after);
    if (place)
        put_number(out, &self->stem, place);
    node->stem = self->stem.size;
    put(out, &node->subject, (Span){self->stem.at, self->stem.size});
    put(out, &node->subject, self->close);
    put(out, &node->subject, (Span){" ", 1});
    say_types(self, node, op->types);
    if (place) {
        begin(self, node);
        emit(self, self->position);
        put_number(out, &self->written, place);
        emit(self, self->position_tail);
        end_line(self);
    }
    if (!op->below->names) {
        run(self, op->below, object, depth + 1, above);
        return;
    }
    Group before[GROUPS];
    memcpy(before, self->groups, sizeof before);
    run(self, op->below, object, depth + 1, above);
    memcpy(self->groups, before, sizeof before);
}

static void write_part_of(Emitter *self, const Op *op, Value object, size_t depth, const Step *above)
{
    Step step = {above, op->key, -1};
    Node *node = &self->nodes[depth];
    write_node(self, op, object, depth, 0, op->slot < 0 ? above : &step);
    begin(self, node);
    emit(self, op->lead);
    write_part(self, node->stem, op->after, 0);
    end_line(self);
}

static void write_parts(Emitter *self, const Op *op, Value list, size_t depth, const Step *above)
{
    Node *node = &self->nodes[depth];
    size_t count = 0, written = 0;
    for (size_t i = 0; i < list.count; i++)
        count += self->json.values[list.first + i].count > 0;
    for (size_t i = 0; i < list.count; i++) {
        if (self->json.values[list.first + i].count == 0)
            continue;
        begin_object(self, node, op->lead, written++, count, true);
        write_part(self, node->stem, op->after, i + 1);
        end_line(self);
    }
    for (size_t i = 0; i < list.count; i++) {
        Value value = self->json.values[list.first + i];
        Step step = {above, op->key, (int64_t)i};
        if (value.count)
            write_node(self, op, value, depth, i + 1, &step);
    }
}

static Value value_along(Emitter *self, Value object, const int32_t *path, size_t steps)
{
    for (size_t i = 0; i < steps; i++) {
        if (object.size == 0)
            break;
        object = *slot_of(self, object, path[i]);
    }
    return object;
}

/* A resource that is read from the same object as what leads to it. */
static void write_resource(Emitter *self, const Op *op, Value object, size_t depth, const Step *above)
{
    Span json = span_of(&self->json, value_along(self, object, op->path, op->steps));
    Token token = is_text(json) ? token_of(self, op->reader, json) : (Token){true, {"", 0}};
    if (token.none || op->below->names)
        not_taken(self);
    say(self, &self->nodes[depth], op->lead, token.token, (Span){"", 0});
    Node *node = next_node(self, depth + 1, true);
    put(&self->out, &node->subject, token.token);
    put(&self->out, &node->subject, (Span){" ", 1});
    node->stem = self->nodes[depth].stem;
    say_types(self, node, op->types);
    run(self, op->below, object, depth + 1, above);
    uint64_t hash = hash_of(0, (Span){node->subject.at, node->subject.size - 1});
    for (size_t i = 0; i < self->shared_count; i++)
        if (self->shared[i].hash == hash)
            not_taken(self);
    RESERVE(&self->out, self->shared, self->shared_room, self->shared_count + 1);
    self->shared[self->shared_count++] = (Shared){NULL, hash, node->block};
}

static void run(Emitter *self, const Program *program, Value object, size_t depth, const Step *above)
{
    for (const Op *op = program->ops; op < program->ops + program->count; op++) {
        Value value = op->slot < 0 ? object : *slot_of(self, object, op->slot);
        Node *node = &self->nodes[depth];
        if (value.size == 0 && op->code != NAMES) {
            if (op->required && value.count == 0)
                complain(self, above, op, (Span){"", 0});
            continue;
        }
        Span json = span_of(&self->json, value);
        switch (op->code) {
        case BELOW: {
            Step step = {above, op->key, -1};
            run(self, op->below, value, depth, &step);
            break;
        }
        case WITHHOLD:
            self->withheld++;
            break;
        case TEXT:
            if (is_text(json))
                say(self, node, op->lead, json, op->tail);
            else
                say_refused(self, node, above, op, json);
            break;
        case VALUE:
        case DERIVE:
            say_value(self, op, node, above, json);
            break;
        case TEXTS:
        case VALUES:
            say_each(self, op, node, value);
            break;
        case DERIVE_EACH:
            derive_each(self, op, node, value);
            break;
        case REFER:
            refer(self, op, node, json);
            break;
        case REFER_EACH:
            refer_each(self, op, node, object, value);
            break;
        case NAMES:
            gather_names(self, op, node, value);
            break;
        case PART:
            write_part_of(self, op, value, depth, above);
            break;
        case PARTS:
            write_parts(self, op, value, depth, above);
            break;
        case SHARE: {
            const Resource *resource = resource_of(self, op->reader, json);
            share(self, resource);
            say(self, node, op->lead, resource->token, (Span){"", 0});
            break;
        }
        case SHARE_EACH:
            share_each(self, op, node, value);
            break;
        case RESOURCE:
            write_resource(self, op, object, depth, above);
            break;
        }
    }
}

/* A record */

/* A text of the record without escapes, or None. */
static PyObject *fact(Emitter *self, Value record, int i)
{
    Span json = span_of(&self->json, value_along(self, record, self->facts[i], self->fact_steps[i]));
    if (!is_text(json))
        return Py_NewRef(Py_None);
    return PyUnicode_DecodeUTF8(json.at + 1, (Py_ssize_t)json.size - 2, "strict");
}

/* The NCT number, of which the stems of the parts are made. */
static Span number_of(Emitter *self, Value record)
{
    Span json = span_of(&self->json, value_along(self, record, self->facts[0], self->fact_steps[0]));
    if (!is_text(json))
        not_taken(self);
    Span number = inside(json);
    if (!is_word(number))
        not_taken(self);
    return number;
}

static void start(Emitter *self, Span number)
{
    Exit *out = &self->out;
    if (self->tokens.count > KEPT_VALUES || self->tokens.arena.size > KEPT_BYTES)
        forget(&self->tokens);
    if (self->resources.count > KEPT_RESOURCES || self->resources.arena.size > KEPT_BYTES)
        forget(&self->resources);
    self->written.size = self->stem.size = self->names.size = self->graph.size = self->end.size = 0;
    self->segment_count = self->block_count = self->shared_count = self->named_count = 0;
    self->key_count = self->listing_count = self->current = self->began = 0;
    self->triples = self->withheld = 0;
    memset(self->groups, 0, sizeof self->groups);
    if (self->graph_before.size) {
        put(out, &self->graph, self->graph_before);
        put(out, &self->graph, number);
        put(out, &self->graph, self->graph_after);
        put(out, &self->end, (Span){" ", 1});
        put(out, &self->end, (Span){self->graph.at, self->graph.size});
    }
    put(out, &self->end, (Span){" .\n", 3});
    Node *node = next_node(self, 0, false);
    put(out, &self->stem, self->opening);
    put(out, &self->stem, number);
    node->stem = self->stem.size;
    put(out, &node->subject, self->study_before);
    put(out, &node->subject, number);
    put(out, &node->subject, self->study_after);
    put(out, &node->subject, (Span){" ", 1});
}


static size_t lay(char *to, size_t at, Span span)
{
    if (to != NULL)
        memcpy(to + at, span.at, span.size);
    return at + span.size;
}

static size_t lay_block(const Emitter *self, char *to, size_t at, size_t number)
{
    for (int64_t i = self->blocks[number].first; i >= 0; i = self->segments[i].next) {
        const Segment *segment = &self->segments[i];
        at = lay(to, at, (Span){self->written.at + segment->from, segment->to - segment->from});
    }
    return at;
}

static size_t lay_resource(const Emitter *self, char *to, size_t at, const Resource *resource)
{
    if (!self->repeats)
        return lay(to, at, resource->grouped);
    for (size_t i = 0; i < resource->count; i++) {
        at = lay(to, at, resource->token);
        at = lay(to, at, (Span){" ", 1});
        at = lay(to, at, resource->pairs[i]);
        at = lay(to, at, (Span){self->end.at, self->end.size});
    }
    return at;
}

/* Lays the output out, block after block, and gives its size; ``study`` is where that of the study ends. */
static size_t lay_out(const Emitter *self, char *to, size_t *study)
{
    Span gap = self->repeats ? (Span){"", 0} : (Span){"\n", 1}, stop = self->repeats ? gap : (Span){" .\n", 3};
    bool wrapped = !self->repeats && self->graph.size;
    size_t at = 0;
    if (wrapped) {
        at = lay(to, at, (Span){self->graph.at, self->graph.size});
        at = lay(to, at, (Span){" {\n", 3});
    }
    for (size_t i = 0; i < self->block_count; i++) {
        if (self->blocks[i].shared)
            continue;
        at = lay_block(self, to, i ? lay(to, at, gap) : at, i);
        if (i == 0)
            *study = at;
        at = lay(to, at, stop);
    }
    for (size_t i = 0; i < self->shared_count; i++) {
        const Shared *shared = &self->shared[i];
        at = lay(to, at, gap);
        at = shared->resource ? lay_resource(self, to, at, shared->resource) : lay_block(self, to, at, shared->block);
        at = lay(to, at, stop);
    }
    return wrapped ? lay(to, at, (Span){"}\n", 2}) : at;
}

static PyObject *emitted(Emitter *self, Value record)
{
    size_t study = 0;
    close_segment(self);
    self->scratch.size = 0;
    put_unread(&self->json, &self->scratch, record, 0);
    for (size_t i = 0; i < self->shared_count; i++)
        if (self->shared[i].resource != NULL)
            self->triples += self->shared[i].resource->count;
    PyObject *data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)lay_out(self, NULL, &study));
    if (data == NULL)
        return NULL;
    lay_out(self, PyBytes_AsString(data), &study);
    PyObject *facts[3] = {fact(self, record, 0), fact(self, record, 1), fact(self, record, 2)};
    return Py_BuildValue("NnnNNNny#NO", data, (Py_ssize_t)study, (Py_ssize_t)self->triples, facts[0], facts[1], facts[2],
                         (Py_ssize_t)self->withheld, self->scratch.at, (Py_ssize_t)self->scratch.size,
                         PyBool_FromLong(self->odd), self->complaints);
}

/* Runs the programs on a record; leaves where it is not taken. */
static Value run_all(Emitter *self, Span text)
{
    Value record = read_json(&self->json, text, 0);
    Span number = number_of(self, record);
    for (int i = 1; i < 3; i++) {
        Span json = span_of(&self->json, value_along(self, record, self->facts[i], self->fact_steps[i]));
        if (json.size && memchr(json.at, '\\', json.size) != NULL)
            not_taken(self);
    }
    start(self, number);
    say_types(self, &self->nodes[0], self->study_types);
    run(self, &self->programs[0], record, 0, NULL);
    say_listings(self, &self->nodes[0]);
    return record;
}

static PyObject *Emitter_call(Emitter *self, PyObject *arguments, PyObject *Py_UNUSED(keywords))
{
    PyObject *piece;
    if (!PyArg_ParseTuple(arguments, "S", &piece))
        return NULL;
    if (self->busy) /* by another thread, while Python was asked something */
        Py_RETURN_NONE;
    Py_CLEAR(self->complaints);
    self->complaints = PyList_New(0);
    if (self->complaints == NULL)
        return NULL;
    self->busy = true;
    self->odd = false;
    PyObject *made = NULL;
    int way = setjmp(self->out.place);
    if (way == 0)
        made = emitted(self, run_all(self, bytes_of(piece)));
    else if (way == NOT_TAKEN)
        made = Py_NewRef(Py_None);
    self->busy = false;
    return made;
}

/* Making one */

static Span span_at(PyObject *tuple, Py_ssize_t i) { return bytes_of(PyTuple_GetItem(tuple, i)); }

static int32_t number_at(PyObject *tuple, Py_ssize_t i)
{
    return (int32_t)PyLong_AsLong(PyTuple_GetItem(tuple, i));
}

static void *zeroed(Emitter *self, size_t count, size_t size)
{
    void *made = PyMem_Calloc(count ? count : 1, size);
    if (made == NULL)
        no_memory(&self->out);
    return made;
}

static void make_types(Emitter *self, PyObject *types)
{
    size_t count = (size_t)PyTuple_Size(types);
    self->types = zeroed(self, count, sizeof *self->types);
    self->type_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        PyObject *keys = PyTuple_GetItem(types, (Py_ssize_t)i);
        Type *type = &self->types[i];
        type->count = (uint32_t)PyTuple_Size(keys);
        type->keys = zeroed(self, type->count, sizeof *type->keys);
        for (uint32_t j = 0; j < type->count; j++) {
            PyObject *key = PyTuple_GetItem(keys, j);
            type->keys[j] = (Key){span_at(key, 0), (Shape)number_at(key, 1), (uint32_t)number_at(key, 2)};
        }
    }
    self->json.types = self->types;
}

static void make_readers(Emitter *self, PyObject *readers)
{
    self->reader_count = (size_t)PyTuple_Size(readers);
    self->readers = zeroed(self, self->reader_count, sizeof *self->readers);
    for (size_t i = 0; i < self->reader_count; i++) {
        PyObject *plain = PyTuple_GetItem(readers, (Py_ssize_t)i);
        if (plain != Py_None)
            self->readers[i] = (Reader){true, span_at(plain, 0), span_at(plain, 1)};
    }
}

static int32_t *make_path(Emitter *self, PyObject *path, size_t *steps)
{
    *steps = (size_t)PyTuple_Size(path);
    int32_t *made = zeroed(self, *steps, sizeof *made);
    for (size_t i = 0; i < *steps; i++)
        made[i] = number_at(path, (Py_ssize_t)i);
    return made;
}

static void make_op(Emitter *self, Op *op, PyObject *made)
{
    int32_t below = number_at(made, 15);
    *op = (Op){.code = (Code)number_at(made, 0), .slot = number_at(made, 1), .field = number_at(made, 2),
               .reader = number_at(made, 3), .group = number_at(made, 4), .back = number_at(made, 5),
               .required = number_at(made, 6) != 0, .rows = number_at(made, 7) != 0, .key = span_at(made, 8),
               .lead = span_at(made, 9), .tail = span_at(made, 10), .after = span_at(made, 11),
               .types = span_at(made, 12), .listed = span_at(made, 13), .rank = (uint32_t)number_at(made, 14),
               .below = below < 0 ? NULL : &self->programs[below]};
    PyObject *pattern = PyTuple_GetItem(made, 16);
    op->pieces = (size_t)PyTuple_Size(pattern);
    op->pattern = zeroed(self, op->pieces, sizeof *op->pattern);
    for (size_t i = 0; i < op->pieces; i++) {
        PyObject *piece = PyTuple_GetItem(pattern, (Py_ssize_t)i);
        op->pattern[i] = (Piece){span_at(piece, 0), number_at(piece, 1), number_at(piece, 2)};
    }
    op->path = make_path(self, PyTuple_GetItem(made, 17), &op->steps);
}

static void make_programs(Emitter *self, PyObject *programs)
{
    self->program_count = (size_t)PyTuple_Size(programs);
    self->programs = zeroed(self, self->program_count, sizeof *self->programs);
    for (size_t i = 0; i < self->program_count; i++) {
        PyObject *ops = PyTuple_GetItem(programs, (Py_ssize_t)i);
        Program *program = &self->programs[i];
        program->count = (size_t)PyTuple_Size(ops);
        program->ops = zeroed(self, program->count, sizeof *program->ops);
        for (size_t j = 0; j < program->count; j++)
            make_op(self, &program->ops[j], PyTuple_GetItem(ops, (Py_ssize_t)j));
    }
}

/* Whether a program gathers names, itself or at the keys below it. */
static bool gathers(const Program *program)
{
    for (size_t i = 0; i < program->count; i++) {
        const Op *op = &program->ops[i];
        if (op->code == NAMES || (op->code == BELOW && gathers(op->below)))
            return true;
    }
    return false;
}

static PyObject *Emitter_new(PyTypeObject *type, PyObject *arguments, PyObject *Py_UNUSED(keywords))
{
    PyObject *types, *programs, *readers, *words, *facts, *convert, *refuse, *describe;
    if (!PyArg_ParseTuple(arguments, "O!O!O!O!O!OOO", &PyTuple_Type, &types, &PyTuple_Type, &programs, &PyTuple_Type,
                          &readers, &PyTuple_Type, &words, &PyTuple_Type, &facts, &convert, &refuse, &describe))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Emitter *self = (Emitter *)allocate(type, 0);
    if (self == NULL)
        return NULL;
    self->spec = Py_NewRef(arguments);
    self->convert = Py_NewRef(convert);
    self->refuse = Py_NewRef(refuse);
    self->describe = Py_NewRef(describe);
    self->json.out = &self->out;
    if (setjmp(self->out.place)) {
        Py_DECREF(self);
        return NULL;
    }
    make_types(self, types);
    make_programs(self, programs);
    make_readers(self, readers);
    for (size_t i = 0; i < self->program_count; i++)
        self->programs[i].names = gathers(&self->programs[i]);
    Span *places[] = {&self->opening, &self->close, &self->position, &self->position_tail, &self->lead,
                      &self->study_before, &self->study_after, &self->graph_before, &self->graph_after,
                      &self->study_types, &self->listed, &self->json_type};
    for (Py_ssize_t i = 0; i < 12; i++)
        *places[i] = span_at(words, i);
    self->repeats = self->lead.size == 0;
    for (int i = 0; i < 3; i++)
        self->facts[i] = make_path(self, PyTuple_GetItem(facts, i), &self->fact_steps[i]);
    if (PyErr_Occurred()) { /* something was of another type */
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int Emitter_traverse(Emitter *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->spec);
    Py_VISIT(self->convert);
    Py_VISIT(self->refuse);
    Py_VISIT(self->describe);
    Py_VISIT(self->complaints);
    return 0;
}

static int Emitter_clear(Emitter *self)
{
    Py_CLEAR(self->convert);
    Py_CLEAR(self->refuse);
    Py_CLEAR(self->describe);
    Py_CLEAR(self->complaints);
    return 0;
}

static void Emitter_dealloc(Emitter *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    Emitter_clear(self);
    for (uint32_t i = 0; self->types && i < self->type_count; i++)
        PyMem_Free(self->types[i].keys);
    for (size_t i = 0; self->programs && i < self->program_count; i++) {
        for (size_t j = 0; self->programs[i].ops && j < self->programs[i].count; j++) {
            PyMem_Free(self->programs[i].ops[j].pattern);
            PyMem_Free(self->programs[i].ops[j].path);
        }
        PyMem_Free(self->programs[i].ops);
    }
    for (int i = 0; i < 3; i++)
        PyMem_Free(self->facts[i]);
    for (size_t i = 0; i < DEEPEST; i++)
        PyMem_Free(self->nodes[i].subject.at);
    void *arrays[] = {self->types, self->programs, self->readers, self->written.at, self->stem.at, self->names.at, self->scratch.at,
                      self->graph.at, self->end.at, self->key.at, self->segments, self->blocks, self->shared,
                      self->named, self->keys, self->listings, self->found};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        PyMem_Free(arrays[i]);
    end_json(&self->json);
    end_table(&self->tokens);
    end_table(&self->resources);
    Py_CLEAR(self->spec);
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

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, add_types}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "kg._emitter",
    .m_doc = "The export of well-formed records, in C.",
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__emitter(void) { return PyModuleDef_Init(&definition); }
