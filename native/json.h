/* Parser of a record's JSON (RFC 8259), guided by the keys of the plan. It decodes nothing: values are positions. */
#ifndef KG_JSON_H
#define KG_JSON_H

#include "memory.h"

#define MAX_DEPTH 64 /* of nested objects */

/* The value that a key may have. Of an opaque value only the position is stored. */
typedef enum { SCALAR, OBJECT, SCALARS, OBJECTS, OPAQUE_OBJECT, OPAQUE_OBJECTS, ANYTHING } Shape;

typedef struct {
    Span name;
    Shape shape;
    uint32_t type; /* of the object, or of the objects in the list */
} Key;

/* A type of object: the keys that the plan reads. */
typedef struct {
    Key *keys;
    uint32_t count;
} Type;

/* A value: its bytes, and the index of its first child in Json.values: an object has one child per key of its type, a
   list one per element.

   ``size`` is 0 for a missing value. ``count`` is 0 for an empty object of a type. An empty object or list at a key
   that may have a non-empty one is treated as missing, but has a ``count`` of 1. */
typedef struct {
    uint32_t at, size, first, count;
} Value;

/* A member that no key of the type of its object reads; ``object`` is the position of that object. */
typedef struct {
    uint32_t object;
    Span name, json;
} Unmapped;

typedef struct {
    Guard *guard;
    const Type *types;
    size_t depth;
    const char *begin, *at, *end;
    Value *values, *pending; /* pending: the elements of unfinished lists */
    size_t count, capacity, pending_count, pending_capacity;
    Unmapped *unmapped;
    size_t unmapped_count, unmapped_capacity;
    bool has_unmapped; /* whether there are unmapped members or empty values */
} Json;

/* Parse the record at the beginning of a text, and the white space after it; ``json->at`` is the end of both. The text
   has to end with a NUL, and its first type is that of a record.

   Fail with UNSUPPORTED if the record is not valid JSON, is too long or too deep, or contains a value of another shape
   than the plan has, a duplicate key, a number that may exceed a double, a string with escapes other than \" \\ \n \r
   \t, or a character that RDF syntaxes cannot carry. */
Value parse_record(Json *json, Span text);
/* Append the unmapped members and the empty values of a record, each at its place in an otherwise empty record. */
void append_unmapped(Json *json, Buffer *buffer, Value record);
void free_json(Json *json);

static inline const Value *member_at(const Json *json, const Value *object, int32_t slot)
{
    size_t i = object->first + (size_t)slot;
    if (i >= json->count)
        fail(json->guard, UNSUPPORTED);
    return &json->values[i];
}

static inline Value member_of(const Json *json, Value object, int32_t slot) { return *member_at(json, &object, slot); }

static inline Value element_of(const Json *json, Value list, size_t i) { return json->values[list.first + i]; }

static inline Span json_of(const Json *json, Value value) { return (Span){json->begin + value.at, value.size}; }

static inline bool is_string(Span json) { return json.size >= 2 && json.at[0] == '"'; }

static inline Span unquoted(Span string) { return (Span){string.at + 1, string.size - 2}; }

/* Whether a text consists of ASCII letters and digits, and is not empty. */
bool is_word(Span text);

#endif
