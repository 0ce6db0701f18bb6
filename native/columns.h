/* Splitting of N-Quads into columns of Arrow, for Parquet. */
#ifndef KG_COLUMNS_H
#define KG_COLUMNS_H

#include "memory.h"

/* Return the Arrow buffers of each column of kg/rdf/parquet.py for lines of N-Quads: a tuple of (validity, offsets,
   text) per column; None for lines that Python has to split, and NULL with an exception set. */
PyObject *columns_of(Span lines);

#endif
