"""Operators of comparisons: SPEC.md, chapter 5.

A matcher answers True or False, or None when it cannot read the value.
"""
import re

from values import is_number, is_scalar, length, parse_instant, same

TEXT_LIMIT = 8192
REGEX_TEXT_LIMIT = 1024
ITEMS_LIMIT = 1000
WHITESPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

EQUALITY = {"equals", "notEquals", "in", "notIn"}
NEGATIVE = {"notEquals", "notIn", "notExists"}
PRESENCE = {"exists", "notExists"}
MEMBERS = {"arrayContainsAny", "arrayContainsAll"}
TEXTUAL = EQUALITY | MEMBERS | {"startsWith", "endsWith", "contains", "matches"}


def folded(value, ignore_case):
    return value.lower() if ignore_case and isinstance(value, str) else value


def equality(value, operands, ignore_case):
    return any(same(folded(value, ignore_case), folded(operand, ignore_case)) for operand in operands)


def text_relation(relation):
    def matches(value, operands, ignore_case):
        if not isinstance(value, str) or length(value) > TEXT_LIMIT:
            return None
        return any(relation(folded(value, ignore_case), folded(operand, ignore_case)) for operand in operands)

    return matches


def regex(value, operands, ignore_case):
    """Only the subset of RE2 that reads the same here: SPEC.md, 5.7."""
    if not isinstance(value, str) or length(value) > REGEX_TEXT_LIMIT:
        return None
    flags = re.ASCII | (re.IGNORECASE if ignore_case else 0)
    return any(re.search(operand, value, flags) for operand in operands)


def ordered(read, relation):
    """Operands that `read` turns into something with an order."""

    def matches(value, operands, _ignore_case):
        actual = read(value)
        return None if actual is None else any(relation(actual, read(operand)) for operand in operands)

    return matches


def number_of(value):
    return value if is_number(value) else None


def instant_of(value):
    return parse_instant(value) if isinstance(value, str) else number_of(value)


# Versions

NUMBER = "(0|[1-9][0-9]*)"
PRE = "(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][a-zA-Z0-9-]*)"
VERSION = re.compile(
    rf"v?{NUMBER}\.{NUMBER}\.{NUMBER}(?:-({PRE}(?:\.{PRE})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def version_of(value):
    """A tuple that orders as precedence does, or None."""
    if not isinstance(value, str) or length(value) > 256:
        return None
    match = VERSION.fullmatch(value.strip(WHITESPACE))
    if match is None:
        return None
    core = tuple(int(match[group]) for group in (1, 2, 3))
    if max(core) > 2**53 - 1:
        return None
    if match[4] is None:
        return (core, 1, ())
    identifiers = (
        (0, float(part), "") if part.isdigit() else (1, 0.0, part) for part in match[4].split(".")
    )
    return (core, 0, tuple(identifiers))


# Addresses


def address_of(value):
    """(number, bits), or None; an IPv4 address mapped into IPv6 is the IPv4 address."""
    if not isinstance(value, str) or length(value) > 45:
        return None
    if ":" not in value:
        groups = v4_groups(value)
        return None if groups is None else (number_from(groups), 32)
    groups = v6_groups(value)
    if groups is None:
        return None
    if groups[:6] == [0, 0, 0, 0, 0, 0xFFFF]:
        return (number_from(groups[6:]), 32)
    return (number_from(groups), 128)


def number_from(groups):
    number = 0
    for group in groups:
        number = number << 16 | group
    return number


def v4_groups(text):
    parts = text.split(".")
    if len(parts) != 4 or not all(re.fullmatch("0|[1-9][0-9]{0,2}", part) for part in parts):
        return None
    a, b, c, d = map(int, parts)
    return [a << 8 | b, c << 8 | d] if max(a, b, c, d) < 256 else None


def side_groups(text, may_end_in_v4):
    groups = []
    parts = text.split(":") if text else []
    for index, part in enumerate(parts):
        if re.fullmatch("[0-9a-fA-F]{1,4}", part):
            groups.append(int(part, 16))
            continue
        tail = v4_groups(part) if may_end_in_v4 and index == len(parts) - 1 else None
        if tail is None:
            return None
        groups += tail
    return groups


def v6_groups(text):
    halves = text.split("::")
    if len(halves) > 2:
        return None
    if len(halves) == 1:
        groups = side_groups(text, True)
        return groups if groups is not None and len(groups) == 8 else None
    head, tail = side_groups(halves[0], False), side_groups(halves[1], True)
    if head is None or tail is None or len(head) + len(tail) > 7:
        return None
    return head + [0] * (8 - len(head) - len(tail)) + tail


def block_of(value):
    """(number, bits of the family, bits of the prefix), or None."""
    if not isinstance(value, str):
        return None
    text, slash, prefix = value.partition("/")
    address = address_of(text)
    if address is None:
        return None
    number, width = address
    if not slash:
        return (number, width, width)
    if not re.fullmatch("0|[1-9][0-9]{0,2}", prefix):
        return None
    bits = int(prefix) - (96 if ":" in text and width == 32 else 0)
    return (number, width, bits) if 0 <= bits <= width else None


def in_cidr(value, operands, _ignore_case):
    address = address_of(value)
    if address is None:
        return None
    number, width = address
    blocks = (block_of(operand) for operand in operands)
    return any(own == width and number >> width - bits == base >> width - bits for base, own, bits in blocks)


MATCHERS = {
    "equals": equality,
    "notEquals": equality,
    "in": equality,
    "notIn": equality,
    "lt": ordered(number_of, lambda actual, bound: actual < bound),
    "lte": ordered(number_of, lambda actual, bound: actual <= bound),
    "gt": ordered(number_of, lambda actual, bound: actual > bound),
    "gte": ordered(number_of, lambda actual, bound: actual >= bound),
    "startsWith": text_relation(str.startswith),
    "endsWith": text_relation(str.endswith),
    "contains": text_relation(lambda text, operand: operand in text),
    "matches": regex,
    "semverEquals": ordered(version_of, lambda actual, bound: actual == bound),
    "semverLt": ordered(version_of, lambda actual, bound: actual < bound),
    "semverLte": ordered(version_of, lambda actual, bound: actual <= bound),
    "semverGt": ordered(version_of, lambda actual, bound: actual > bound),
    "semverGte": ordered(version_of, lambda actual, bound: actual >= bound),
    "before": ordered(instant_of, lambda actual, bound: actual < bound),
    "after": ordered(instant_of, lambda actual, bound: actual > bound),
    "inCidr": in_cidr,
}

OPERATORS = {*MATCHERS, *PRESENCE, *MEMBERS}


def members(name, value, operands, ignore_case):
    if not isinstance(value, list):
        return None
    elements = [folded(element, ignore_case) for element in value[:ITEMS_LIMIT] if is_scalar(element)]
    hits = [any(same(element, folded(operand, ignore_case)) for element in elements) for operand in operands]
    return all(hits) if name == "arrayContainsAll" else any(hits)


def apply_operator(name, value, operands, ignore_case):
    """What the operator says about a value that is present, before any negation."""
    if name in PRESENCE:
        return True
    if name in MEMBERS:
        return members(name, value, operands, ignore_case)
    matcher = MATCHERS[name]
    if isinstance(value, list):
        elements = (element for element in value[:ITEMS_LIMIT] if is_scalar(element))
        return any(matcher(element, operands, ignore_case) for element in elements)
    return None if isinstance(value, dict) else matcher(value, operands, ignore_case)
