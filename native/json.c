#include "json.h"

#include "utf8.h"

#define MAX_RECORD_BYTES ((size_t)1 << 30)
#define MAX_NUMBER_BYTES 200
#define SPARE_VALUES 4096
#define SPARE_UNMAPPED 1000
#define BYTES_PER_UNMAPPED 32

static _Noreturn void reject(Json *json) { fail(json->guard, UNSUPPORTED); }

static inline void skip_space(Json *json)
{
    while (*json->at == ' ' || *json->at == '\n' || *json->at == '\r' || *json->at == '\t')
        json->at++;
}

/* Skip white space, and the byte after it if it is the given one. */
static inline bool accept(Json *json, char byte)
{
    skip_space(json);
    if (*json->at != byte)
        return false;
    json->at++;
    return true;
}

static inline void expect(Json *json, char byte)
{
    if (!accept(json, byte))
        reject(json);
}

/* Scalars */

static void parse_string(Json *json)
{
    const char *at = json->at + 1;
    for (;;) {
        at = skip_plain(at, json->end);
        unsigned char c = (unsigned char)*at;
        if (c == '"')
            break;
        if (c == '\\') {
            if (at[1] == '\0' || strchr("\"\\nrt", at[1]) == NULL)
                reject(json);
            at += 2;
        } else if (c < 0x20)
            reject(json);
        else {
            size_t size = c < 0x80 ? 1 : character_size(at, json->end);
            if (size == 0)
                reject(json);
            at += size;
        }
    }
    json->at = at + 1;
}

static inline size_t parse_digits(Json *json)
{
    const char *from = json->at;
    while (*json->at >= '0' && *json->at <= '9')
        json->at++;
    if (json->at == from)
        reject(json);
    return (size_t)(json->at - from);
}

/* Parse a number; its length and its exponent are limited, so that it fits into a double. */
static void parse_number(Json *json)
{
    const char *from = json->at;
    if (*json->at == '-')
        json->at++;
    bool zero = *json->at == '0';
    if (parse_digits(json) > 1 && zero)
        reject(json);
    if (*json->at == '.') {
        json->at++;
        parse_digits(json);
    }
    if (*json->at == 'e' || *json->at == 'E') {
        json->at++;
        if (*json->at == '+' || *json->at == '-')
            json->at++;
        if (parse_digits(json) > 2)
            reject(json);
    }
    if (json->at - from > MAX_NUMBER_BYTES)
        reject(json);
}

static void parse_keyword(Json *json, const char *keyword)
{
    size_t size = strlen(keyword);
    if ((size_t)(json->end - json->at) < size || memcmp(json->at, keyword, size) != 0)
        reject(json);
    json->at += size;
}

static void parse_scalar(Json *json)
{
    switch (*json->at) {
    case '"':
        parse_string(json);
        break;
    case 't':
        parse_keyword(json, "true");
        break;
    case 'f':
        parse_keyword(json, "false");
        break;
    case 'n':
        parse_keyword(json, "null");
        break;
    default:
        parse_number(json);
    }
}

/* Values that the plan does not look into */

/* Return the key of a type whose quoted name a text begins with. Keys mostly come in the order of the type: ``next`` is
   where the search begins. */
static const Key *find_key(const Type *type, Span text, uint32_t *next)
{
    for (uint32_t i = 0, at = *next; i < type->count; i++, at++) {
        if (at >= type->count)
            at = 0;
        Span name = type->keys[at].name;
        if (text.size >= name.size + 2 && text.at[name.size + 1] == '"' &&
            memcmp(text.at + 1, name.at, name.size) == 0) {
            *next = at + 1;
            return &type->keys[at];
        }
    }
    return NULL;
}

/* Reject a key of the record itself at the beginning of a nested object: kg/records/splitter.py splits a stream of
   records at such keys. */
static void reject_record_key(Json *json, Span name)
{
    uint32_t next = 0;
    if (find_key(&json->types[0], name, &next) != NULL)
        reject(json);
}

static void parse_opaque(Json *json, int depth)
{
    char open = *json->at, close = open == '{' ? '}' : ']';
    if (open != '{' && open != '[') {
        parse_scalar(json);
        return;
    }
    if (depth == MAX_DEPTH)
        reject(json);
    bool first = true;
    json->at++;
    if (accept(json, close))
        return;
    do {
        skip_space(json);
        if (open == '{') {
            const char *name = json->at;
            if (*name != '"')
                reject(json);
            parse_string(json);
            if (first)
                reject_record_key(json, (Span){name, (size_t)(json->at - name)});
            first = false;
            expect(json, ':');
            skip_space(json);
        }
        parse_opaque(json, depth + 1);
    } while (accept(json, ','));
    expect(json, close);
}

static void parse_opaque_object(Json *json)
{
    if (*json->at != '{')
        reject(json);
    parse_opaque(json, 0);
}

/* Values of the plan */

static Value parse_value(Json *json, const Key *key);

static uint32_t position(const Json *json, const char *at) { return (uint32_t)(at - json->begin); }

static Value value_from(const Json *json, const char *from, size_t first, size_t count)
{
    return (Value){position(json, from), (uint32_t)(json->at - from), (uint32_t)first, (uint32_t)count};
}

/* Reserve places for child values and return the index of the first. A record whose many nearly empty objects need more
   places than it has bytes left is rejected. */
static size_t reserve_values(Json *json, size_t count)
{
    size_t first = json->count;
    if (first + count > SPARE_VALUES + (size_t)(json->end - json->begin))
        reject(json);
    RESERVE(json->guard, json->values, json->capacity, first + count);
    json->count += count;
    return first;
}

/* Parse a member that no key reads. A record that is full of them is rejected, as each takes more memory than JSON. */
static void parse_unmapped(Json *json, uint32_t object, Span name)
{
    if (json->unmapped_count > SPARE_UNMAPPED + (size_t)(json->at - json->begin) / BYTES_PER_UNMAPPED)
        reject(json);
    reject_record_key(json, name);
    RESERVE(json->guard, json->unmapped, json->unmapped_capacity, json->unmapped_count + 1);
    const char *from = json->at;
    parse_opaque(json, 0);
    json->unmapped[json->unmapped_count++] = (Unmapped){object, name, {from, (size_t)(json->at - from)}};
    json->has_unmapped = true;
}

/* Parse a member of the object at a position, whose values begin at ``first``. */
static void parse_member(Json *json, uint32_t object, const Type *type, size_t first, uint32_t *next)
{
    skip_space(json);
    const char *from = json->at;
    if (*from != '"')
        reject(json);
    const Key *key = find_key(type, (Span){from, (size_t)(json->end - from)}, next);
    if (key == NULL)
        parse_string(json);
    else
        json->at += key->name.size + 2;
    Span name = {from, (size_t)(json->at - from)};
    expect(json, ':');
    skip_space(json);
    if (key == NULL) {
        parse_unmapped(json, object, name);
        return;
    }
    Value value = parse_value(json, key);
    Value *place = &json->values[first + (size_t)(key - type->keys)];
    if (place->size || place->count)
        reject(json);
    *place = value;
}

static Value parse_object(Json *json, uint32_t number)
{
    const Type *type = &json->types[number];
    const char *from = json->at;
    size_t first = reserve_values(json, type->count), count = 0;
    memset(json->values + first, 0, type->count * sizeof *json->values);
    if (json->depth++ == MAX_DEPTH)
        reject(json);
    expect(json, '{');
    if (!accept(json, '}')) {
        uint32_t next = 0;
        do {
            parse_member(json, position(json, from), type, first, &next);
            count++;
        } while (accept(json, ','));
        expect(json, '}');
    }
    json->depth--;
    json->has_unmapped |= count == 0;
    return value_from(json, from, first, count);
}

static Value parse_element(Json *json, const Key *key)
{
    const char *from = json->at;
    if (key->shape == OBJECTS)
        return parse_object(json, key->type);
    if (key->shape == SCALARS)
        parse_scalar(json);
    else
        parse_opaque_object(json);
    return value_from(json, from, 0, 0);
}

static Value parse_list(Json *json, const Key *key)
{
    const char *from = json->at;
    size_t before = json->pending_count;
    expect(json, '[');
    do {
        skip_space(json);
        Value value = parse_element(json, key);
        RESERVE(json->guard, json->pending, json->pending_capacity, json->pending_count + 1);
        json->pending[json->pending_count++] = value;
    } while (accept(json, ','));
    expect(json, ']');
    size_t count = json->pending_count - before, first = reserve_values(json, count);
    memcpy(json->values + first, json->pending + before, count * sizeof *json->values);
    json->pending_count = before;
    return value_from(json, from, first, count);
}

/* Parse an object or a list if it is empty. */
static bool accept_empty(Json *json)
{
    const char *from = json->at;
    char open = *json->at++;
    if ((open == '{' && accept(json, '}')) || (open == '[' && accept(json, ']')))
        return true;
    json->at = from;
    return false;
}

static Value parse_value(Json *json, const Key *key)
{
    const char *from = json->at;
    if (key->shape == ANYTHING)
        parse_opaque(json, 0);
    else if (key->shape == SCALAR)
        parse_scalar(json);
    else if (accept_empty(json)) {
        json->has_unmapped = true;
        return (Value){position(json, from), 0, 0, 1};
    } else if (key->shape == OBJECT)
        return parse_object(json, key->type);
    else if (key->shape != OPAQUE_OBJECT)
        return parse_list(json, key);
    else
        parse_opaque_object(json);
    return value_from(json, from, 0, 0);
}

Value parse_record(Json *json, Span text)
{
    json->begin = json->at = text.at;
    json->end = text.at + text.size;
    json->count = json->pending_count = json->unmapped_count = json->depth = 0;
    json->has_unmapped = false;
    if (text.size > MAX_RECORD_BYTES)
        reject(json);
    skip_space(json);
    Value value = parse_object(json, 0);
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

void free_json(Json *json)
{
    PyMem_Free(json->unmapped);
    PyMem_Free(json->values);
    PyMem_Free(json->pending);
}
