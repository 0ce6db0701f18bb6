/* Scanning of UTF-8 within JSON strings. */
#ifndef KG_UTF8_H
#define KG_UTF8_H

#include "memory.h"

static inline bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

/* Return the size of a multi-byte character, or 0 if it is not well-formed (Unicode 16, table 3-7) or is U+FFFE or
   U+FFFF. */
static inline size_t character_size(const char *at, const char *end)
{
    const unsigned char *c = (const unsigned char *)at;
    size_t left = (size_t)(end - at);
    if (c[0] >= 0xC2 && c[0] <= 0xDF && left >= 2 && is_continuation(c[1]))
        return 2;
    if ((c[0] & 0xF0) == 0xE0 && left >= 3 && is_continuation(c[1]) && is_continuation(c[2])) {
        uint32_t code = (uint32_t)(c[0] & 15) << 12 | (uint32_t)(c[1] & 63) << 6 | (c[2] & 63);
        return code >= 0x800 && (code < 0xD800 || code > 0xDFFF) && code < 0xFFFE ? 3 : 0;
    }
    if (c[0] >= 0xF0 && c[0] <= 0xF4 && left >= 4 && is_continuation(c[1]) && is_continuation(c[2]) &&
        is_continuation(c[3]) && (c[0] > 0xF0 || c[1] >= 0x90) && (c[0] < 0xF4 || c[1] < 0x90))
        return 4;
    return 0;
}

#define REPEATED(byte) (0x0101010101010101u * (byte))

/* Skip ASCII characters that need no attention, a word at a time: stop at a quote, a backslash, a control character or
   a byte that is not ASCII. May stop up to seven bytes early, and always stops within eight bytes of the end. */
static inline const char *skip_plain(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word = load_word(at), quote = word ^ REPEATED('"'), backslash = word ^ REPEATED('\\');
        uint64_t special = (word - REPEATED(0x20)) | (quote - REPEATED(1)) | (backslash - REPEATED(1)) | word;
        special &= REPEATED(0x80);
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (special)
            return at + __builtin_ctzll(special) / 8;
#else
        if (special)
            break;
#endif
    }
    return at;
}

#endif
