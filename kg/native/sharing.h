/* What a record shares with others, and how it lists that. */
#ifndef KG_SHARING_H
#define KG_SHARING_H

#include "record.h"

/* Says a shared resource, and each of a list of them. */
void share(Record *record, const Op *op, const Node *node, Span json);
void share_each(Record *record, const Op *op, const Node *node, Value list);
/* Enters a block that is written for the record alone; leaves where it shares something of that name. */
void share_block(Record *record, Span token, size_t block);
/* Says how shared resources are listed, where that is not told by what is said of them: as one JSON literal. */
void say_listings(Record *record, const Node *node);
/* The statements of the shared resources. */
size_t shared_triples(const Record *record);

#endif
