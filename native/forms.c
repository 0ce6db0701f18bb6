#include "forms.h"

#define MAX_DIGITS 15 /* a decimal of this many digits survives conversion to a double and back */

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Count the digits at the beginning of a text. */
static size_t leading_digits(Span text)
{
    size_t count = 0;
    while (count < text.size && is_digit(text.at[count]))
        count++;
    return count;
}

static bool is_digits(Span text) { return text.size > 0 && leading_digits(text) == text.size; }

static Span skip(Span text, size_t from) { return (Span){text.at + from, text.size - from}; }

static Span unsigned_of(Span text) { return text.size && text.at[0] == '-' ? skip(text, 1) : text; }

static int to_int(Span text, size_t from, size_t count)
{
    int number = 0;
    for (size_t i = from; i < from + count; i++)
        number = number * 10 + (text.at[i] - '0');
    return number;
}

/* Dates and times */

/* Whether a text matches a pattern, in which 0 is any digit. */
static bool matches(Span text, const char *pattern)
{
    if (text.size != strlen(pattern))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (pattern[i] == '0' ? !is_digit(text.at[i]) : text.at[i] != pattern[i])
            return false;
    return true;
}

static bool is_month_number(int month) { return month >= 1 && month <= 12; }

static bool is_month(Span text) { return matches(text, "0000-00") && is_month_number(to_int(text, 5, 2)); }

static bool is_day(Span text)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!matches(text, "0000-00-00"))
        return false;
    int year = to_int(text, 0, 4), month = to_int(text, 5, 2), day = to_int(text, 8, 2);
    if (year == 0 || !is_month_number(month) || day < 1 || day > days[month - 1])
        return false;
    return month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

static bool is_minute(Span text)
{
    return matches(text, "0000-00-00T00:00") && is_day((Span){text.at, 10}) && to_int(text, 11, 2) < 24
           && to_int(text, 14, 2) < 60;
}

static bool is_dated(Span text)
{
    return (matches(text, "0000") || matches(text, "0000-00") || matches(text, "0000-00-00")) && text.at[0] != '0';
}

/* Numbers */

/* Whether a text is a number with a decimal point; digits before the point are optional. */
static bool is_fraction(Span text)
{
    Span digits = unsigned_of(text);
    size_t whole = leading_digits(digits);
    return whole < digits.size && digits.at[whole] == '.' && is_digits(skip(digits, whole + 1));
}

static bool is_integer(Span json)
{
    Span digits = unsigned_of(json);
    return is_digits(digits) && digits.size <= MAX_DIGITS && (digits.at[0] != '0' || json.size == 1);
}

/* Whether Python's repr() of this JSON number is the same text. */
static bool is_decimal(Span json)
{
    Span digits = unsigned_of(json);
    size_t whole = leading_digits(digits);
    if (whole == 0 || digits.size > MAX_DIGITS + 1 || !is_fraction(json) || (whole > 1 && digits.at[0] == '0'))
        return false;
    if (digits.at[digits.size - 1] != '0')
        return true;
    return digits.size == whole + 2 && (digits.at[0] != '0' || json.at[0] != '-'); /* -0.0 is written 0.0 */
}

/* Consume a prefix and a number whose absolute value is below a limit from the beginning of JSON. */
static bool parse_degrees(Span *json, const char *prefix, int limit, Span *degrees)
{
    size_t size = strlen(prefix), end = size;
    if (json->size < size || memcmp(json->at, prefix, size) != 0)
        return false;
    while (end < json->size && (is_digit(json->at[end]) || json->at[end] == '-' || json->at[end] == '.'))
        end++;
    *degrees = (Span){json->at + size, end - size};
    *json = skip(*json, end);
    Span digits = unsigned_of(*degrees);
    size_t whole = leading_digits(digits);
    return (is_decimal(*degrees) || is_integer(*degrees)) && whole <= 3 && to_int(digits, 0, whole) < limit;
}

static bool is_point(Span json, Excerpt *excerpt)
{
    return parse_degrees(&json, "{\"lat\":", 90, &excerpt->second)
           && parse_degrees(&json, ",\"lon\":", 180, &excerpt->first) && json.size == 1;
}

static bool is_text_form(Span text, Form form)
{
    switch (form) {
    case ANY_TEXT:
        return true;
    case WORD:
        return is_word(text);
    case DIGITS:
        return is_digits(text);
    case WHOLE:
        return is_digits(unsigned_of(text));
    case FRACTION:
        return is_fraction(text);
    case DAY:
        return is_day(text);
    case MONTH:
        return is_month(text);
    case YEAR:
        return matches(text, "0000");
    case MINUTE:
        return is_minute(text);
    case DATED:
        return is_dated(text);
    default:
        return false;
    }
}

bool has_form(Span json, Form form, Excerpt *excerpt)
{
    *excerpt = (Excerpt){json, EMPTY};
    switch (form) {
    case INTEGER:
        return is_integer(json);
    case DECIMAL:
        return is_decimal(json);
    case POINT:
        return is_point(json, excerpt);
    default:
        if (!is_string(json) || !is_text_form(unquoted(json), form))
            return false;
        excerpt->first = form == DATED ? (Span){json.at + 1, 4} : unquoted(json);
        return true;
    }
}
