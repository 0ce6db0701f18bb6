/* Programs, run on the objects of a record. */
#ifndef KG_RUN_H
#define KG_RUN_H

#include "record.h"

/* Runs the programs of the plan on the JSON of a record; leaves where it is not taken. */
Value run_record(Record *record, Span text);

#endif
