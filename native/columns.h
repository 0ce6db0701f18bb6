/* Statements as columns that are coded by dictionaries. */
#ifndef KG_COLUMNS_H
#define KG_COLUMNS_H

#include "memory.h"

/* Return the columns of lines of N-Quads, as kg/rdf/columns.py describes them; None for lines left to Python, NULL with
   an exception. */
PyObject *columns_of(Span lines);

#endif
