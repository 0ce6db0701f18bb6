#include "forms.h"

#define MOST_DIGITS 15 /* so many are the same again when they were a float */

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The digits at the beginning of a text. */
static size_t leading_digits(Span text)
{
    size_t count = 0;
    while (count < text.size && is_digit(text.at[count]))
        count++;
    return count;
}

static bool is_digits(Span text) { return text.size > 0 && leading_digits(text) == text.size; }

static Span behind(Span text, size_t from) { return (Span){text.at + from, text.size - from}; }

static Span unsigned_of(Span text) { return text.size && text.at[0] == '-' ? behind(text, 1) : text; }

static int number_of(Span text, size_t from, size_t count)
{
    int number = 0;
    for (size_t i = from; i < from + count; i++)
        number = number * 10 + (text.at[i] - '0');
    return number;
}

/* Dates and times */

/* Whether a text is like a pattern, in which 0 stands for any digit. */
static bool is_like(Span text, const char *pattern)
{
    if (text.size != strlen(pattern))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (pattern[i] == '0' ? !is_digit(text.at[i]) : text.at[i] != pattern[i])
            return false;
    return true;
}

static bool is_month_of_year(int month) { return month >= 1 && month <= 12; }

static bool is_month(Span text) { return is_like(text, "0000-00") && is_month_of_year(number_of(text, 5, 2)); }

static bool is_day(Span text)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!is_like(text, "0000-00-00"))
        return false;
    int year = number_of(text, 0, 4), month = number_of(text, 5, 2), day = number_of(text, 8, 2);
    if (year == 0 || !is_month_of_year(month) || day < 1 || day > days[month - 1])
        return false;
    return month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

static bool is_minute(Span text)
{
    return is_like(text, "0000-00-00T00:00") && is_day((Span){text.at, 10}) && number_of(text, 11, 2) < 24
           && number_of(text, 14, 2) < 60;
}

static bool is_dated(Span text)
{
    return (is_like(text, "0000") || is_like(text, "0000-00") || is_like(text, "0000-00-00")) && text.at[0] != '0';
}

/* Numbers */

/* Whether a text is a number with a point, before which there may be nothing. */
static bool is_fraction(Span text)
{
    Span digits = unsigned_of(text);
    size_t whole = leading_digits(digits);
    return whole < digits.size && digits.at[whole] == '.' && is_digits(behind(digits, whole + 1));
}

static bool is_integer(Span json)
{
    Span digits = unsigned_of(json);
    return is_digits(digits) && digits.size <= MOST_DIGITS && (digits.at[0] != '0' || json.size == 1);
}

/* Whether Python writes a float of this JSON number the same. */
static bool is_decimal(Span json)
{
    Span digits = unsigned_of(json);
    size_t whole = leading_digits(digits);
    if (whole == 0 || digits.size > MOST_DIGITS + 1 || !is_fraction(json) || (whole > 1 && digits.at[0] == '0'))
        return false;
    if (digits.at[digits.size - 1] != '0')
        return true;
    return digits.size == whole + 2 && (digits.at[0] != '0' || json.at[0] != '-'); /* there is no negative zero */
}

/* Takes a number off the beginning of some JSON; its whole part is below a limit. */
static bool takes_degrees(Span *json, const char *before, int limit, Span *degrees)
{
    size_t size = strlen(before), end = size;
    if (json->size < size || memcmp(json->at, before, size) != 0)
        return false;
    while (end < json->size && (is_digit(json->at[end]) || json->at[end] == '-' || json->at[end] == '.'))
        end++;
    *degrees = (Span){json->at + size, end - size};
    *json = behind(*json, end);
    Span digits = unsigned_of(*degrees);
    size_t whole = leading_digits(digits);
    return (is_decimal(*degrees) || is_integer(*degrees)) && whole <= 3 && number_of(digits, 0, whole) < limit;
}

static bool is_point(Span json, Shown *shown)
{
    return takes_degrees(&json, "{\"lat\":", 90, &shown->second)
           && takes_degrees(&json, ",\"lon\":", 180, &shown->first) && json.size == 1;
}

static bool is_text_of(Span text, Form form)
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
        return is_like(text, "0000");
    case MINUTE:
        return is_minute(text);
    case DATED:
        return is_dated(text);
    default:
        return false;
    }
}

bool has_form(Span json, Form form, Shown *shown)
{
    *shown = (Shown){json, {"", 0}};
    switch (form) {
    case INTEGER:
        return is_integer(json);
    case DECIMAL:
        return is_decimal(json);
    case POINT:
        return is_point(json, shown);
    default:
        if (!is_text(json) || !is_text_of(inside(json), form))
            return false;
        shown->first = form == DATED ? (Span){json.at + 1, 4} : inside(json);
        return true;
    }
}
