/* The characters of texts, in UTF-8. */
#ifndef KG_CHARACTERS_H
#define KG_CHARACTERS_H

#include "memory.h"

#define EACH(byte) (0x0101010101010101u * (byte))

/* The bytes of a character that takes several, or 0 where it is not well-formed (Unicode 16, table 3-7), or is U+FFFE
   or U+FFFF. */
size_t size_of_character(const char *at, const char *end);

/* Which of eight bytes, in the order of memory, is the first with a bit, of which there is one. */
static inline size_t first_byte(uint64_t bits)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (size_t)__builtin_ctzll(bits) / 8;
#else
    unsigned char bytes[8];
    size_t i = 0;
    memcpy(bytes, &bits, 8);
    while (bytes[i] == 0)
        i++;
    return i;
#endif
}

/* Passes over what is plain in a text: up to a byte that ends it, escapes, is a control character or no ASCII, or
   at times a few before, and eight before the end. */
static inline const char *plain(const char *at, const char *end)
{
    uint64_t word;
    for (; end - at >= 8; at += 8) {
        memcpy(&word, at, 8);
        uint64_t quote = word ^ EACH('"'), slash = word ^ EACH('\\');
        uint64_t found = (word - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1)) | word;
        if (found & EACH(0x80))
            return at + first_byte(found & EACH(0x80));
    }
    return at;
}

#endif
