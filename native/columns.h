/* Statements as columns that are coded by dictionaries. */
#ifndef KG_COLUMNS_H
#define KG_COLUMNS_H

#include "memory.h"

/* The columns of lines of N-Quads, as kg/rdf/columns.py describes them; None of lines that are left to Python, and NULL with
   an exception. */
PyObject *columns_of(Span lines);

#endif
