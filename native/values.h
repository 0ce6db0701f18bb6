/* Values: each has a token, or is refused. */
#ifndef KG_VALUES_H
#define KG_VALUES_H

#include "record.h"

void say_value(Record *record, const Op *op, const Node *node, const Step *above, Span json);
void say_text(Record *record, const Op *op, const Node *node, const Step *above, Span json);
/* Says each value of a list, or leaves where one is refused. */
void say_each(Record *record, const Op *op, const Node *node, Value list);
/* Says the values that are made from the elements of a list, each once. */
void derive_each(Record *record, const Op *op, const Node *node, Value list);
/* Leaves for a list that says one thing twice. */
void check_distinct(Record *record, Value list);

#endif
