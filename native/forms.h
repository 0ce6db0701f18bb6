/* Forms of JSON values that stand in their tokens as they are written. */
#ifndef KG_FORMS_H
#define KG_FORMS_H

#include "json.h"

/* In the order of Form in kg/mapping/verbatim.py. */
typedef enum {
    ANY_TEXT, WORD, DIGITS, WHOLE, FRACTION, DAY, MONTH, YEAR, MINUTE, DATED, INTEGER, DECIMAL, POINT
} Form;

/* What of a value stands in its token, in two pieces, the second of which may be empty. */
typedef struct {
    Span first, second;
} Shown;

/* Whether some JSON is a value of a form, and what of it is shown. */
bool has_form(Span json, Form form, Shown *shown);

#endif
