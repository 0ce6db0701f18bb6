#include "values.h"

#define FEW 16 /* are compared with each other */

/* A value that is refused: a complaint, and its plain text as far as it has one; of an object or a list that depends
   on whether it is empty. */
static void say_refused(Record *record, const Op *op, const Node *node, const Step *above, Span json)
{
    if (json.at[0] == '{' || json.at[0] == '[')
        not_taken(record);
    record->odd = true;
    complain(record, above, op, json);
    Token text = text_of(&record->tokens, op->field, json);
    if (!text.none)
        say(&record->output, node, op->lead, text.span, (Span){"", 0});
}

void say_value(Record *record, const Op *op, const Node *node, const Step *above, Span json)
{
    Token token = token_of(&record->tokens, op->reader, json);
    if (!token.none)
        say(&record->output, node, op->lead, token.span, op->tail);
    else if (op->code != DERIVE)
        say_refused(record, op, node, above, json);
}

void say_text(Record *record, const Op *op, const Node *node, const Step *above, Span json)
{
    if (is_text(json))
        say(&record->output, node, op->lead, json, op->tail);
    else
        say_refused(record, op, node, above, json);
}

/* Whether an element of a list comes for the second time; ``found`` has the elements before it by their hashes. */
static bool comes_again(Record *record, Value list, size_t i, size_t room)
{
    Span json = span_at(record, list, i);
    size_t at = (size_t)hash_of(0, json) & (room - 1);
    for (; record->found[at]; at = (at + 1) & (room - 1)) {
        spend(&record->out, 1);
        if (equal(span_at(record, list, record->found[at] - 1), json))
            return true;
    }
    record->found[at] = i + 1;
    return false;
}

static bool all_differ(Record *record, Value list)
{
    size_t room = 4;
    while (room < 2 * (size_t)list.count)
        room *= 2;
    RESERVE(&record->out, record->found, record->found_room, room);
    memset(record->found, 0, room * sizeof *record->found);
    for (size_t i = 0; i < list.count; i++)
        if (comes_again(record, list, i, room))
            return false;
    return true;
}

static bool few_differ(const Record *record, Value list)
{
    for (size_t i = 1; i < list.count; i++)
        for (size_t j = 0; j < i; j++)
            if (equal(span_at(record, list, j), span_at(record, list, i)))
                return false;
    return true;
}

void check_distinct(Record *record, Value list)
{
    if (list.count > FEW ? !all_differ(record, list) : !few_differ(record, list))
        not_taken(record);
}

/* What is said of an element: its token, or for plain texts its JSON. */
static Span said_of(Record *record, const Op *op, Span json)
{
    if (op->code == TEXTS && is_text(json))
        return json;
    Token token = op->code == VALUES ? token_of(&record->tokens, op->reader, json) : (Token){true, {"", 0}};
    if (token.none)
        not_taken(record);
    return token.span;
}

void say_each(Record *record, const Op *op, const Node *node, Value list)
{
    Output *output = &record->output;
    check_distinct(record, list);
    for (size_t i = 0; i < list.count; i++) {
        Span said = said_of(record, op, span_at(record, list, i));
        begin_object(output, node, op->lead, i, list.count, op->rows);
        emit(output, said);
        emit(output, op->tail);
        end_line(output);
    }
}

/* A token that is kept in the scratch: found[2 * i] is where it begins there, and found[2 * i + 1] its size. */
static Span derived(const Record *record, size_t i)
{
    return (Span){all_of(&record->scratch).at + record->found[2 * i], record->found[2 * i + 1]};
}

static bool is_derived(Record *record, Span token, size_t count)
{
    spend(&record->out, count);
    for (size_t i = 0; i < count; i++)
        if (equal(derived(record, i), token))
            return true;
    return false;
}

void derive_each(Record *record, const Op *op, const Node *node, Value list)
{
    Exit *out = &record->out;
    size_t count = 0;
    record->scratch.size = 0;
    for (size_t i = 0; i < list.count; i++) {
        Span json = picked(record, op, element_of(&record->json, list, i));
        Token token = json.size ? token_of(&record->tokens, op->reader, json) : (Token){true, json};
        if (token.none || is_derived(record, token.span, count))
            continue;
        RESERVE(out, record->found, record->found_room, 2 * count + 2);
        record->found[2 * count] = record->scratch.size;
        record->found[2 * count + 1] = token.span.size;
        put(out, &record->scratch, token.span);
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        begin_object(&record->output, node, op->lead, i, count, op->rows);
        emit(&record->output, derived(record, i));
        end_line(&record->output);
    }
}
