"""Values, texts, attributes and instants: SPEC.md, chapters 1, 3 and 4.

JSON is read with every number as a float; `ABSENT` stands for what a context does not have.
"""
import json
import re

ABSENT = object()
FORBIDDEN_PARTS = {"__proto__", "constructor", "prototype"}


def load_json(text):
    return json.loads(text, parse_int=float)


def is_number(value):
    return isinstance(value, float)


def is_scalar(value):
    return isinstance(value, (str, bool, float))


def same(a, b):
    """Typed equality: true is not 1, "1" is not 1."""
    return type(a) is type(b) and a == b


def same_json(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same_json(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_json(a[key], b[key]) for key in a)
    return same(a, b)


def length(text):
    """UTF-16 units: a code point above U+FFFF counts as two."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def utf8(text):
    """A lone surrogate becomes U+FFFD."""
    return "".join("\ufffd" if 0xD800 <= ord(char) < 0xE000 else char for char in text).encode()


def number_text(number):
    """ECMAScript's Number::toString, which is JSON's shortest text."""
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    rest = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"


def native_text(value):
    """None: the value has no text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if is_number(value) and abs(value) != float("inf"):
        return number_text(value)
    return None


# Attributes


def parts_of(attribute):
    """Parts of a dotted path or a JSON pointer; None when it is a bad pointer."""
    if not attribute.startswith("/"):
        return attribute.split(".")
    if re.search("~(?![01])", attribute):
        return None
    return [part.replace("~1", "/").replace("~0", "~") for part in attribute[1:].split("/")]


def context_of_kind(context, kind):
    if kind == "":
        return context
    own = context.get("kind")
    if own == "multi":
        inner = context.get(kind)
        return inner if isinstance(inner, dict) else None
    return context if ("user" if own is None else own) == kind else None


def read(context, attribute, kind=""):
    """The attribute's value, or ABSENT; null is absent."""
    chosen = context_of_kind(context, kind)
    if chosen is None:
        return ABSENT
    if attribute in ("", "targetingKey"):
        for name in ("targetingKey",) if kind == "" else ("targetingKey", "key"):
            value = member(chosen, name)
            if value is not ABSENT and value != "":
                return value
        return ABSENT
    parts = parts_of(attribute)
    if len(parts) == 1 or not attribute.startswith("/"):
        value = member(chosen, parts[0] if len(parts) == 1 else attribute)
        if value is not ABSENT:
            return ABSENT if value == "" and parts == ["targetingKey"] else value
    return follow(chosen, parts) if len(parts) > 1 else ABSENT


def member(value, name):
    found = value.get(name)
    return ABSENT if found is None else found


def follow(value, parts):
    for part in parts:
        if isinstance(value, dict):
            value = member(value, part)
        elif isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,8}", part) and int(part) < len(value):
            value = ABSENT if value[int(part)] is None else value[int(part)]
        else:
            return ABSENT
    return value


# Instants

RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)


def parse_instant(text):
    """Unix milliseconds, digits below them dropped; None when the text is no instant."""
    match = RFC_3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    offset_hours, offset_minutes = int(match[9] or 0), int(match[10] or 0)
    if not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        return None
    if hour > 23 or minute > 59 or second > 59 or offset_hours > 23 or offset_minutes > 59:
        return None
    offset = (offset_hours * 60 + offset_minutes) * (-1 if match[8] == "-" else 1)
    days = days_before_year(year) - days_before_year(1970) + day - 1
    days += sum(days_in_month(year, earlier) for earlier in range(1, month))
    milliseconds = int(((match[7] or "") + "000")[:3])
    return ((days * 1440 + hour * 60 + minute - offset) * 60 + second) * 1000 + milliseconds


def days_in_month(year, month):
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def days_before_year(year):
    last = year - 1
    return year * 365 + last // 4 - last // 100 + last // 400
