/* The JSON of a record, read along the keys that a plan knows (RFC 8259). Nothing is decoded: values are places. */
#ifndef KG_JSON_H
#define KG_JSON_H

#include "memory.h"

/* What may stand at a key. Of what is whole only the place is kept. */
typedef enum { SCALAR, OBJECT, SCALARS, OBJECTS, WHOLE_OBJECT, WHOLE_OBJECTS, ANYTHING } Shape;

typedef struct {
    Span name;
    Shape shape;
    uint32_t type; /* of an object, or of those in a list */
} Key;

/* A type of object: the keys that are known of it. */
typedef struct {
    Key *keys;
    uint32_t count;
} Type;

/* A value: its bytes, and where those in it begin: one for each key of an object's type, or each of a list.
   ``size`` is 0 for what is not there; ``count`` is 0 for an empty object, and 1 for an empty object or list at a key
   where one with something in it could be: that says nothing, and is as if it was not there. */
typedef struct {
    uint32_t at, size, first, count;
} Value;

/* A member that no key reads, of the object at a place. */
typedef struct {
    uint32_t object;
    Span name, json;
} Unread;

typedef struct {
    Exit *out;
    const Type *types;
    size_t depth;
    uint32_t top; /* the type of a record */
    const char *begin, *at, *end;
    Value *values, *waiting;
    size_t count, room, waiting_count, waiting_room;
    Unread *unread;
    size_t unread_count, unread_room;
    bool odd; /* something was seen that no key reads, or that says nothing */
} Json;

/* Reads the record that a text begins with, whose bytes a NUL ends, and the spaces behind it, up to ``at``.

   Leaves for what is no JSON, is too long or too deep, has a value of another shape, a key twice, a number that may be
   too great, a text with escapes other than \" \\ \n \r \t, or one that formats cannot carry. */
Value read_json(Json *json, Span text, uint32_t type);
void end_json(Json *json);

/* Where the value at a key of an object is, which has something in it. */
static inline const Value *place_of(const Json *json, const Value *object, int32_t slot)
{
    size_t at = object->first + (size_t)slot;
    if (at >= json->count)
        leave(json->out, NOT_TAKEN);
    return &json->values[at];
}

static inline Value value_of(const Json *json, Value object, int32_t slot) { return *place_of(json, &object, slot); }

static inline Value element_of(const Json *json, Value list, size_t i) { return json->values[list.first + i]; }

static inline Span span_of(const Json *json, Value value)
{
    return (Span){json->begin + value.at, value.size};
}

static inline bool is_text(Span span) { return span.size >= 2 && span.at[0] == '"'; }

/* Whether there are only letters and digits, and some. */
bool is_word(Span text);

/* A text without its quotes. */
static inline Span inside(Span text) { return (Span){text.at + 1, text.size - 2}; }

#endif
