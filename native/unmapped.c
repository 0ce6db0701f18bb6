#include "json.h"

#include <stdlib.h>

static bool append_object(const Json *json, Buffer *buffer, Value object, uint32_t type);

/* Append a list of objects; return whether it has unmapped content. Elements without any are null, so that the others
   keep their positions. */
static bool append_list(const Json *json, Buffer *buffer, Value list, uint32_t type)
{
    bool any = false;
    append_string(json->guard, buffer, "[");
    for (size_t i = 0; i < list.count; i++) {
        if (i)
            append_string(json->guard, buffer, ",");
        Value element = element_of(json, list, i);
        size_t from = buffer->size;
        bool empty = element.count == 0, partial = !empty && append_object(json, buffer, element, type);
        if (!partial) {
            buffer->size = from;
            append_string(json->guard, buffer, empty ? "{}" : "null");
        }
        any |= empty || partial;
    }
    append_string(json->guard, buffer, "]");
    return any;
}

static bool append_value(const Json *json, Buffer *buffer, Value value, const Key *key)
{
    if (value.size == 0 && value.count)
        append_string(json->guard, buffer, json->begin[value.at] == '{' ? "{}" : "[]");
    else if (value.size && key->shape == OBJECT)
        return append_object(json, buffer, value, key->type);
    else if (value.size && key->shape == OBJECTS)
        return append_list(json, buffer, value, key->type);
    else
        return false;
    return true;
}

/* Order members by object, and those of one object as in the text. */
static int by_object(const void *one, const void *other)
{
    const Unmapped *a = one, *b = other;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    return (a->name.at > b->name.at) - (a->name.at < b->name.at);
}

/* Return the index of the first member of an object, or of a later one; the members are in order. */
static size_t first_member(const Json *json, uint32_t object)
{
    size_t low = 0, high = json->unmapped_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (json->unmapped[middle].object < object)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Append the unmapped members of the object at a position. */
static bool append_members(const Json *json, Buffer *buffer, uint32_t object, bool any)
{
    for (size_t i = first_member(json, object); i < json->unmapped_count && json->unmapped[i].object == object; i++) {
        const Unmapped *member = &json->unmapped[i];
        append_string(json->guard, buffer, any ? "," : "");
        append(json->guard, buffer, member->name);
        append_string(json->guard, buffer, ":");
        append(json->guard, buffer, member->json);
        any = true;
    }
    return any;
}

static bool append_object(const Json *json, Buffer *buffer, Value object, uint32_t number)
{
    const Type *type = &json->types[number];
    bool any = false;
    append_string(json->guard, buffer, "{");
    for (uint32_t i = 0; i < type->count; i++) {
        size_t from = buffer->size;
        append_string(json->guard, buffer, any ? ",\"" : "\"");
        append(json->guard, buffer, type->keys[i].name);
        append_string(json->guard, buffer, "\":");
        if (append_value(json, buffer, member_of(json, object, (int32_t)i), &type->keys[i]))
            any = true;
        else
            buffer->size = from;
    }
    any = append_members(json, buffer, object.at, any);
    append_string(json->guard, buffer, "}");
    return any;
}

void append_unmapped(Json *json, Buffer *buffer, Value record)
{
    if (json->unmapped_count)
        qsort(json->unmapped, json->unmapped_count, sizeof *json->unmapped, by_object);
    if (json->has_unmapped && !append_object(json, buffer, record, 0))
        buffer->size = 0;
}
