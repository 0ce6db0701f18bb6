#include "unread.h"

#include <stdlib.h>

static void put_word(const Json *json, Buffer *buffer, const char *word)
{
    put(json->out, buffer, span_of_word(word));
}

static bool put_object(const Json *json, Buffer *buffer, Value object, uint32_t type);

/* Each element in its place, null for one that is read as a whole, where one has something in it. */
static bool put_list(const Json *json, Buffer *buffer, Value list, uint32_t type)
{
    bool some = false;
    put_word(json, buffer, "[");
    for (size_t i = 0; i < list.count; i++) {
        if (i)
            put_word(json, buffer, ",");
        Value element = element_of(json, list, i);
        size_t from = buffer->size;
        bool empty = element.count == 0, left = !empty && put_object(json, buffer, element, type);
        if (!left) {
            buffer->size = from;
            put_word(json, buffer, empty ? "{}" : "null");
        }
        some |= empty || left;
    }
    put_word(json, buffer, "]");
    return some;
}

static bool put_value(const Json *json, Buffer *buffer, Value value, const Key *key)
{
    if (value.size == 0 && value.count)
        put_word(json, buffer, json->begin[value.at] == '{' ? "{}" : "[]");
    else if (value.size && key->shape == OBJECT)
        return put_object(json, buffer, value, key->type);
    else if (value.size && key->shape == OBJECTS)
        return put_list(json, buffer, value, key->type);
    else
        return false;
    return true;
}

/* The first of the members of an object that no key reads; they are sorted. */
static size_t first_of(const Json *json, uint32_t object)
{
    size_t from = 0, to = json->unread_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (json->unread[middle].object < object)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool put_members(const Json *json, Buffer *buffer, uint32_t object, bool some)
{
    for (size_t i = first_of(json, object); i < json->unread_count && json->unread[i].object == object; i++) {
        put_word(json, buffer, some ? "," : "");
        put(json->out, buffer, json->unread[i].name);
        put_word(json, buffer, ":");
        put(json->out, buffer, json->unread[i].json);
        some = true;
    }
    return some;
}

/* An object without what is read; whether something is left. */
static bool put_object(const Json *json, Buffer *buffer, Value object, uint32_t type)
{
    const Type *known = &json->types[type];
    bool some = false;
    put_word(json, buffer, "{");
    for (uint32_t i = 0; i < known->count; i++) {
        size_t from = buffer->size;
        put_word(json, buffer, some ? ",\"" : "\"");
        put(json->out, buffer, known->keys[i].name);
        put_word(json, buffer, "\":");
        if (put_value(json, buffer, value_of(json, object, (int32_t)i), &known->keys[i]))
            some = true;
        else
            buffer->size = from;
    }
    some = put_members(json, buffer, object.at, some);
    put_word(json, buffer, "}");
    return some;
}

/* By object, and within one in the order of the record. */
static int by_place(const void *one, const void *other)
{
    const Unread *a = one, *b = other;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    return a->name.at < b->name.at ? -1 : a->name.at > b->name.at;
}

void put_unread(Json *json, Buffer *buffer, Value record, uint32_t type)
{
    if (!json->odd)
        return;
    if (json->unread_count)
        qsort(json->unread, json->unread_count, sizeof *json->unread, by_place);
    if (!put_object(json, buffer, record, type))
        buffer->size = 0;
}
