#include "operations.h"

static bool is_address_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c >= 0x80;
}

/* Whether a text may have an e-mail address that kg/records/contacts.py masks. */
static bool may_have_address(Span json)
{
    const char *at = json.at, *end = json.at + json.size;
    while ((at = memchr(at, '@', (size_t)(end - at))) != NULL) {
        if (is_address_byte((unsigned char)at[1]) &&
            (is_address_byte((unsigned char)at[-1]) || strchr("._%+&'~-", at[-1]) != NULL))
            return true;
        at++;
    }
    return false;
}

static Span value_token(Record *record, const Op *op, Span json)
{
    if (op->code != TEXT && op->code != TEXTS)
        return token_of(&record->tokens, op->reader, json);
    if (!is_string(json))
        return (Span){NULL, 0};
    if (record->plan.syntax.mask.size && may_have_address(json))
        unsupported(record);
    return json;
}

void write_value(Record *record, const Op *op, const Node *node, const Step *parent, Span json)
{
    Span token = value_token(record, op, json), tail = op->tail;
    if (is_none(token)) {
        if (op->code == DERIVE)
            return;
        if (json.at[0] == '{' || json.at[0] == '[') /* how they are kept depends on whether they are empty */
            unsupported(record);
        record->incomplete = true;
        report_error(record, parent, op, json);
        token = fallback_token(&record->tokens, op->field, json);
        tail = EMPTY;
    }
    if (!is_none(token))
        write_statement(&record->output, node, op->lead, token, tail);
}

/* Whether an element equals an earlier one; if not, add it to the hash table behind the buckets in use. */
static bool is_repeated(Record *record, Value list, size_t i, size_t capacity)
{
    size_t *table = record->buckets + record->bucket_count;
    Span json = element_json(record, list, i);
    size_t at = (size_t)hash_of(0, json) & (capacity - 1);
    for (; table[at]; at = (at + 1) & (capacity - 1)) {
        spend(&record->guard, 1);
        if (equal(element_json(record, list, table[at] - 1), json))
            return true;
    }
    table[at] = i + 1;
    return false;
}

void require_distinct(Record *record, Value list)
{
    size_t capacity = clear_table(record, list.count);
    for (size_t i = 0; i < list.count; i++)
        if (is_repeated(record, list, i, capacity))
            unsupported(record);
}

void write_values(Record *record, const Op *op, const Node *node, Value list)
{
    Output *output = &record->output;
    require_distinct(record, list);
    for (size_t i = 0; i < list.count; i++) {
        Span token = value_token(record, op, element_json(record, list, i));
        if (is_none(token))
            unsupported(record);
        begin_object(output, node, op->lead, i, list.count, op->rows);
        emit(output, token);
        emit(output, op->tail);
        end_statement(output);
    }
}

/* Derivation */

/* Return the JSON that a value is derived from: the element itself or, if the operation has a condition, the value at a
   path in an object that meets it. */
static Span source_of(const Record *record, const Op *op, Value element)
{
    const Json *json = &record->json;
    if (op->pattern.count == 0)
        return json_of(json, element);
    const Piece *condition = op->pattern.pieces;
    if (element.count == 0 || !equal(json_of(json, member_of(json, element, condition->slot)), condition->before))
        return EMPTY;
    return json_of(json, value_along(record, element, op->path));
}

/* Return token ``i`` of those in ``scratch``; ``indices`` has the offset and the size of each. */
static Span derived_token(const Record *record, size_t i)
{
    return (Span){contents(&record->scratch).at + record->indices[2 * i], record->indices[2 * i + 1]};
}

/* Whether one of ``count`` tokens is the given one; if not, add it to the hash table behind the buckets in use. */
static bool is_derived(Record *record, Span token, size_t count, size_t capacity)
{
    size_t *table = record->buckets + record->bucket_count;
    size_t at = (size_t)hash_of(0, token) & (capacity - 1);
    for (; table[at]; at = (at + 1) & (capacity - 1)) {
        spend(&record->guard, 1);
        if (equal(derived_token(record, table[at] - 1), token))
            return true;
    }
    table[at] = count + 1;
    return false;
}

void derive_values(Record *record, const Op *op, const Node *node, Value list)
{
    size_t count = 0, capacity = clear_table(record, list.count);
    record->scratch.size = 0;
    for (size_t i = 0; i < list.count; i++) {
        Span json = source_of(record, op, element_of(&record->json, list, i));
        Span token = json.size ? token_of(&record->tokens, op->reader, json) : (Span){NULL, 0};
        if (is_none(token) || is_derived(record, token, count, capacity))
            continue;
        RESERVE(&record->guard, record->indices, record->index_capacity, 2 * count + 2);
        record->indices[2 * count] = record->scratch.size;
        record->indices[2 * count + 1] = token.size;
        append(&record->guard, &record->scratch, token);
        count++;
    }
    for (size_t i = 0; i < count; i++)
        write_object(&record->output, node, op->lead, i, count, op->rows, derived_token(record, i));
}
