/* Nodes that bear names, and what refers to them. */
#ifndef KG_REFERENCES_H
#define KG_REFERENCES_H

#include "record.h"

/* Gathers the nodes of a list by their names, before anything refers to them. */
void gather_names(Record *record, const Op *op, const Node *node, Value list);
/* Says the node that a single reference names; leaves where that is none, or several. */
void refer(Record *record, const Op *op, const Node *node, Span json);
/* Says the nodes that the references in a list name; leaves where one names none. */
void refer_each(Record *record, const Op *op, const Node *node, Value object, Value list);
/* Gathers the nodes of a list for the links of the whole record, beside those of other lists. */
void gather(Record *record, const Op *op, const Node *node, Value list);
/* Links a node to those that alone have one of its names. */
void link_node(Record *record, const Op *op, const Node *node, Value object);

#endif
