/* The resources that a record shares with others: links to them, their descriptions, and how the record lists them. */
#ifndef KG_SHARING_H
#define KG_SHARING_H

#include "record.h"

/* Writes the link to a shared resource, or to each of a list of them. */
void share(Record *record, const Op *op, const Node *node, Span json);
void share_each(Record *record, const Op *op, const Node *node, Value list);
/* Writes the shared resources as the record lists them, in one JSON literal. */
void say_listings(Record *record, const Node *node);
/* The descriptions of the shared resources as a tuple of bytes; NULL with an exception. */
PyObject *descriptions_of(const Record *record);

#endif
