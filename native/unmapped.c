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

/* Return the index of the first unmapped member of an object, by binary search. */
static size_t first_member(const Json *json, uint32_t object)
{
    size_t from = 0, to = json->unmapped_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (json->unmapped[middle].object < object)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool append_members(const Json *json, Buffer *buffer, uint32_t object, bool any)
{
    for (size_t i = first_member(json, object); i < json->unmapped_count && json->unmapped[i].object == object; i++) {
        append_string(json->guard, buffer, any ? "," : "");
        append(json->guard, buffer, json->unmapped[i].name);
        append_string(json->guard, buffer, ":");
        append(json->guard, buffer, json->unmapped[i].json);
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

/* Order members by their objects, and within an object as in the record. */
static int by_position(const void *one, const void *other)
{
    const Unmapped *a = one, *b = other;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    return a->name.at < b->name.at ? -1 : a->name.at > b->name.at;
}

void append_unmapped(Json *json, Buffer *buffer, Value record)
{
    if (!json->has_unmapped)
        return;
    if (json->unmapped_count)
        qsort(json->unmapped, json->unmapped_count, sizeof *json->unmapped, by_position);
    if (!append_object(json, buffer, record, 0))
        buffer->size = 0;
}
