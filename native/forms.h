/* Forms of JSON values whose tokens contain the value exactly as it is written, so that no conversion is needed. */
#ifndef KG_FORMS_H
#define KG_FORMS_H

#include "json.h"

/* In the order of Form in kg/mapping/datatypes.py. */
typedef enum {
    ANY_TEXT, WORD, DIGITS, WHOLE, FRACTION, DAY, MONTH, YEAR, MINUTE, DATED, INTEGER, DECIMAL, POINT
} Form;

/* The parts of a value that its token contains, separated by a space; the second may be empty. */
typedef struct {
    Span first, second;
} Excerpt;

/* Return whether a JSON value has a form, and set its excerpt. */
bool has_form(Span json, Form form, Excerpt *excerpt);

#endif
