#include "characters.h"

static bool follows(unsigned char byte) { return (byte & 0xC0) == 0x80; }

size_t size_of_character(const char *at, const char *end)
{
    const unsigned char *c = (const unsigned char *)at;
    size_t left = (size_t)(end - at);
    if (c[0] >= 0xC2 && c[0] <= 0xDF && left >= 2 && follows(c[1]))
        return 2;
    if ((c[0] & 0xF0) == 0xE0 && left >= 3 && follows(c[1]) && follows(c[2])) {
        uint32_t code = (uint32_t)(c[0] & 15) << 12 | (uint32_t)(c[1] & 63) << 6 | (c[2] & 63);
        return code >= 0x800 && (code < 0xD800 || code > 0xDFFF) && code < 0xFFFE ? 3 : 0;
    }
    if (c[0] >= 0xF0 && c[0] <= 0xF4 && left >= 4 && follows(c[1]) && follows(c[2]) && follows(c[3]) &&
        (c[0] > 0xF0 || c[1] >= 0x90) && (c[0] < 0xF4 || c[1] < 0x90))
        return 4;
    return 0;
}
