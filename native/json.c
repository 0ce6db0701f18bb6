#include "json.h"

#include "characters.h"

#define DEEPEST 64
#define LONGEST ((size_t)1 << 30)
#define LONGEST_NUMBER 200
#define MOST_FREE 4096
#define MOST_UNREAD 1000

static _Noreturn void refuse(Json *json) { leave(json->out, NOT_TAKEN); }

static inline void skip_space(Json *json)
{
    while (*json->at == ' ' || *json->at == '\n' || *json->at == '\r' || *json->at == '\t')
        json->at++;
}

static inline bool follows(Json *json, char byte)
{
    skip_space(json);
    if (*json->at != byte)
        return false;
    json->at++;
    return true;
}

static inline void expect(Json *json, char byte)
{
    if (!follows(json, byte))
        refuse(json);
}

static void text(Json *json)
{
    const char *at = json->at + 1;
    for (;;) {
        at = plain(at, json->end);
        unsigned char c = (unsigned char)*at;
        if (c == '"')
            break;
        if (c == '\\') {
            if (at[1] == '\0' || strchr("\"\\nrt", at[1]) == NULL)
                refuse(json);
            at += 2;
        } else if (c < 0x20)
            refuse(json);
        else {
            size_t size = c < 0x80 ? 1 : size_of_character(at, json->end);
            if (size == 0)
                refuse(json);
            at += size;
        }
    }
    json->at = at + 1;
}

static inline bool digits(Json *json)
{
    const char *from = json->at;
    while (*json->at >= '0' && *json->at <= '9')
        json->at++;
    return json->at > from;
}

/* Nearly all have no exponent. */
static void exponent(Json *json)
{
    json->at++;
    if (*json->at == '+' || *json->at == '-')
        json->at++;
    const char *from = json->at;
    if (!digits(json) || json->at - from > 2)
        refuse(json);
}

/* A number that is not too great for a float, whatever it is. */
static void number(Json *json)
{
    const char *begin = json->at;
    if (*json->at == '-')
        json->at++;
    bool zero = *json->at == '0';
    const char *from = json->at;
    if (!digits(json) || (zero && json->at - from > 1))
        refuse(json);
    if (*json->at == '.') {
        json->at++;
        if (!digits(json))
            refuse(json);
    }
    if (*json->at == 'e' || *json->at == 'E')
        exponent(json);
    if (json->at - begin > LONGEST_NUMBER)
        refuse(json);
}

static void word(Json *json, const char *expected)
{
    size_t size = strlen(expected);
    if ((size_t)(json->end - json->at) < size || memcmp(json->at, expected, size) != 0)
        refuse(json);
    json->at += size;
}

static void scalar(Json *json)
{
    switch (*json->at) {
    case '"':
        text(json);
        break;
    case 't':
        word(json, "true");
        break;
    case 'f':
        word(json, "false");
        break;
    case 'n':
        word(json, "null");
        break;
    default:
        number(json);
    }
}

static const Key *known(const Type *type, Span text, uint32_t *next);

/* Leaves for a key of the record itself that stands within it: where an object begins with one, kg/records/splitter.py cuts. */
static void check_within(Json *json, Span name)
{
    uint32_t next = 0;
    if (known(&json->types[json->top], name, &next) != NULL)
        refuse(json);
}

/* Any value, of which only the form is looked at. */
static void anything(Json *json, int depth)
{
    char opened = *json->at;
    if (opened != '{' && opened != '[') {
        scalar(json);
        return;
    }
    if (depth == DEEPEST)
        refuse(json);
    char close = opened == '{' ? '}' : ']';
    bool first = true;
    json->at++;
    if (follows(json, close))
        return;
    do {
        skip_space(json);
        if (opened == '{') {
            const char *quote = json->at;
            if (*quote != '"')
                refuse(json);
            text(json);
            if (first)
                check_within(json, (Span){quote, (size_t)(json->at - quote)});
            first = false;
            expect(json, ':');
            skip_space(json);
        }
        anything(json, depth + 1);
    } while (follows(json, ','));
    expect(json, close);
}

static Value value_at(Json *json, const Key *key);

/* The key with whose name in quotes a text begins, among those of a type; they mostly come in the order of the type. */
static const Key *known(const Type *type, Span text, uint32_t *next)
{
    for (uint32_t i = 0, at = *next; i < type->count; i++, at++) {
        if (at >= type->count)
            at = 0;
        Span name = type->keys[at].name;
        if (text.size >= name.size + 2 && text.at[name.size + 1] == '"' &&
            same(text.at + 1, name.at, name.size)) {
            *next = at + 1;
            return &type->keys[at];
        }
    }
    return NULL;
}

static uint32_t offset(const Json *json, const char *at) { return (uint32_t)(at - json->begin); }

/* What was read from a place on. */
static Value read_from(const Json *json, const char *from, size_t first, size_t count)
{
    return (Value){offset(json, from), (uint32_t)(json->at - from), (uint32_t)first, (uint32_t)count};
}

/* Takes places for values, and gives the first. There are never more than bytes of JSON, but for those few that an
   object without a key takes. */
static size_t take_places(Json *json, size_t count)
{
    size_t first = json->count;
    if (first + count > MOST_FREE + (size_t)(json->end - json->begin))
        refuse(json);
    RESERVE(json->out, json->values, json->room, first + count);
    json->count += count;
    return first;
}

/* The value of a key that is not known. */
static void unread(Json *json, uint32_t object, Span name)
{
    if (json->unread_count == MOST_UNREAD)
        refuse(json);
    check_within(json, name);
    RESERVE(json->out, json->unread, json->unread_room, json->unread_count + 1);
    const char *from = json->at;
    anything(json, 0);
    json->unread[json->unread_count++] = (Unread){object, name, {from, (size_t)(json->at - from)}};
    json->odd = true;
}

/* A member of an object of a type, whose values are from ``first`` on. */
static void member(Json *json, uint32_t object, const Type *type, size_t first, uint32_t *next)
{
    skip_space(json);
    const char *quote = json->at;
    if (*quote != '"')
        refuse(json);
    const Key *key = known(type, (Span){quote, (size_t)(json->end - quote)}, next);
    if (key == NULL)
        text(json);
    else
        json->at += key->name.size + 2;
    Span name = {quote, (size_t)(json->at - quote)};
    expect(json, ':');
    skip_space(json);
    if (key == NULL) {
        unread(json, object, name);
        return;
    }
    Value value = value_at(json, key);
    Value *place = &json->values[first + (size_t)(key - type->keys)];
    if (place->size || place->count)
        refuse(json);
    *place = value;
}

static Value object(Json *json, uint32_t number)
{
    const Type *type = &json->types[number];
    const char *from = json->at;
    size_t first = take_places(json, type->count), count = 0;
    memset(json->values + first, 0, type->count * sizeof *json->values);
    if (json->depth++ == DEEPEST)
        refuse(json);
    expect(json, '{');
    if (!follows(json, '}')) {
        uint32_t next = 0;
        do {
            member(json, offset(json, from), type, first, &next);
            count++;
        } while (follows(json, ','));
        expect(json, '}');
    }
    json->depth--;
    json->odd |= count == 0;
    return read_from(json, from, first, count);
}

/* A value of a list that is read along a plan, or whose elements are kept as places. */
static Value element(Json *json, const Key *key)
{
    const char *from = json->at;
    if (key->shape == OBJECTS)
        return object(json, key->type);
    if (key->shape == SCALARS)
        scalar(json);
    else if (*from == '{')
        anything(json, 0);
    else
        refuse(json);
    return read_from(json, from, 0, 0);
}

static Value list(Json *json, const Key *key)
{
    const char *from = json->at;
    size_t before = json->waiting_count;
    expect(json, '[');
    do {
        skip_space(json);
        Value value = element(json, key);
        RESERVE(json->out, json->waiting, json->waiting_room, json->waiting_count + 1);
        json->waiting[json->waiting_count++] = value;
    } while (follows(json, ','));
    expect(json, ']');
    size_t count = json->waiting_count - before, first = take_places(json, count);
    memcpy(json->values + first, json->waiting + before, count * sizeof *json->values);
    json->waiting_count = before;
    return read_from(json, from, first, count);
}

/* Whether an object or a list is empty, which is passed over then. */
static bool empty(Json *json)
{
    const char *from = json->at;
    char opened = *json->at++;
    if ((opened == '{' && follows(json, '}')) || (opened == '[' && follows(json, ']')))
        return true;
    json->at = from;
    return false;
}

static Value value_at(Json *json, const Key *key)
{
    const char *from = json->at;
    if (key->shape == ANYTHING)
        anything(json, 0);
    else if (key->shape == SCALAR)
        scalar(json);
    else if (empty(json)) {
        json->odd = true;
        return (Value){offset(json, from), 0, 0, 1};
    } else if (key->shape == OBJECT)
        return object(json, key->type);
    else if (key->shape != WHOLE_OBJECT)
        return list(json, key);
    else if (*from == '{')
        anything(json, 0);
    else
        refuse(json);
    return read_from(json, from, 0, 0);
}

Value read_json(Json *json, Span text, uint32_t type)
{
    json->begin = json->at = text.at;
    json->end = text.at + text.size;
    json->count = json->waiting_count = json->unread_count = json->depth = 0;
    json->odd = false;
    json->top = type;
    if (text.size > LONGEST)
        refuse(json);
    skip_space(json);
    Value value = object(json, type);
    skip_space(json);
    return value;
}

bool is_word(Span text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c < '0' || c > '9') && ((c | 32) < 'a' || (c | 32) > 'z'))
            return false;
    }
    return text.size > 0;
}

void end_json(Json *json)
{
    PyMem_Free(json->unread);
    PyMem_Free(json->values);
    PyMem_Free(json->waiting);
    memset(json, 0, sizeof *json);
}
