/* The operations of programs. Each writes statements about ``node``; all of them fail with UNSUPPORTED for input that
   only the reference interpreter handles. */
#ifndef KG_OPERATIONS_H
#define KG_OPERATIONS_H

#include "record.h"

/* program.c: run the programs of the plan on a record. */
Value run_record(Record *record, Span text);

/* values.c: literals and IRIs. Single values may be invalid, elements of lists may not. */
void write_value(Record *record, const Op *op, const Node *node, const Step *parent, Span json);
void write_values(Record *record, const Op *op, const Node *node, Value list);
/* Write the distinct values that are derived from the elements of a list. */
void derive_values(Record *record, const Op *op, const Node *node, Value list);
/* Fail for a list with duplicates. */
void require_distinct(Record *record, Value list);

/* references.c: references by name, within the record. */
/* Index the nodes of a list by their names, before any reference to them is written. */
void index_names(Record *record, const Op *op, const Node *node, Value list);
void write_reference(Record *record, const Op *op, const Node *node, Span json);
void write_references(Record *record, const Op *op, const Node *node, Value object, Value list);
/* Index the possible targets of links in a list, in addition to those of other lists. */
void index_targets(Record *record, const Op *op, const Node *node, Value list);
/* Link a node to the nodes that are the only ones with one of its names. */
void write_links(Record *record, const Op *op, const Node *node, Value object);

/* shared_resources.c: resources that records share, such as organizations and MeSH terms. */
void write_shared(Record *record, const Op *op, const Node *node, Span json);
void write_shared_list(Record *record, const Op *op, const Node *node, Value list);
/* Write how the record lists its shared resources, as one JSON literal. */
void write_listings(Record *record, const Node *node);
/* Return the descriptions of the shared resources as a tuple of bytes, or NULL with an exception. */
PyObject *description_tuple(const Record *record);

#endif
