/* What of a record no key reads. */
#ifndef KG_UNREAD_H
#define KG_UNREAD_H

#include "json.h"

/* Puts what no key reads, and what says nothing, into a buffer, in its place in the JSON of a record. */
void put_unread(Json *json, Buffer *buffer, Value record, uint32_t type);

#endif
