"""From weights to ranges, moving the fewest subjects: SPEC.md, chapter 9.

Spans are (from, to); lists of spans are sorted, disjoint and without empty spans.
"""
import math

WHOLE = 100_000


def spans_of(entry):
    return [(part.get("from", 0.0), part.get("to", 0.0)) for part in entry.get("ranges", [])]


def width(spans):
    total = 0.0
    for start, end in spans:
        total += end - start
    return total


def joined(spans):
    result = []
    for start, end in sorted((span for span in spans if span[1] > span[0]), key=lambda span: span[0]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def without(spans, taken):
    """What of `spans` is not in `taken`."""
    for hole_start, hole_end in taken:
        rest = []
        for start, end in spans:
            if hole_start > start:
                rest.append((start, min(end, hole_start)))
            if hole_end < end:
                rest.append((max(start, hole_end), end))
        spans = [span for span in rest if span[1] > span[0]]
    return spans


def cut_end(spans, amount):
    """What stays when `amount` is cut off the end."""
    rest = list(spans)
    while amount > 0 and rest:
        start, end = rest.pop()
        if end - start > amount:
            rest.append((start, end - amount))
        amount -= end - start
    return rest


def cut_start(spans, amount):
    """What stays when `amount` is cut off the start, and what was cut."""
    cut = []
    for index, (start, end) in enumerate(spans):
        if amount <= 0:
            return spans[index:], cut
        if end - start > amount:
            cut.append((start, start + amount))
            return [(start + amount, end), *spans[index + 1 :]], cut
        cut.append((start, end))
        amount -= end - start
    return [], cut


def usable(entries, end):
    spans = [span for entry in entries for span in spans_of(entry)]
    inside = all(0 <= start <= stop <= end for start, stop in spans)
    return inside and len(entries) <= 250 and len(spans) <= 2000


def resolve(split):
    """(spans of each entry, weights of each entry or None, problems as (path, code))."""
    entries = split.get("entries", [])
    gate = split.get("gate", {})
    offset, size = gate.get("offset", 0.0), gate.get("buckets") or float(WHOLE)
    spans = [spans_of(entry) for entry in entries]
    weights = [entry.get("weight", 0.0) for entry in entries]
    if all(entry.get("alsoAlone") for entry in entries) or not usable(entries, offset + size):
        return spans, weights, []
    present = [math.floor(width(own) * WHOLE / size + 0.5) for own in spans]
    if not any(weights):
        if not any(spans):
            return spans, weights, [("entries", "BAD_WEIGHTS")]
        return spans, weights if max(present) > WHOLE else present, []
    if weights == present:
        return spans, weights, []
    problems = weight_problems(split, weights)
    if problems:
        return spans, weights, problems
    wanted = [weight * size / WHOLE for weight in weights]
    space = (offset, offset + size)
    return move_least([within(own, space) for own in owned_spans(spans)], wanted, space), weights, []


def weight_problems(split, weights):
    problems = [
        (f"entries[{index}].weight", "BAD_WEIGHTS")
        for index, weight in enumerate(weights)
        if weight != int(weight) or not 0 <= weight <= WHOLE
    ]
    if not problems and sum(weights) != WHOLE:
        problems.append(("entries", "BAD_WEIGHTS"))
    if split.get("gate", {}).get("upperClosed"):
        problems.append(("gate.upperClosed", "BAD_WEIGHTS"))
    for index, entry in enumerate(split["entries"]):
        if entry.get("also"):
            problems.append((f"entries[{index}].also", "BAD_WEIGHTS"))
    return problems


def owned_spans(spans):
    """An overlap belongs to the earlier entry."""
    taken, owned = [], []
    for own in spans:
        owned.append(without(joined(own), taken))
        taken = joined(taken + owned[-1])
    return owned


def within(spans, space):
    cut = [(max(start, space[0]), min(end, space[1])) for start, end in spans]
    return [(start, end) for start, end in cut if end > start]


def move_least(current, wanted, space):
    negligible = (space[1] - space[0]) * 1e-9
    kept = []
    for spans, want in zip(current, wanted):
        surplus = width(spans) - want
        kept.append(cut_end(spans, surplus) if surplus > negligible else spans)
    free = without([space], joined([span for spans in kept for span in spans]))
    growing = [index for index, spans in enumerate(kept) if wanted[index] - width(spans) > negligible]
    for index in growing:
        need = math.inf if index == growing[-1] else wanted[index] - width(kept[index])
        free, cut = cut_start(free, need)
        kept[index] = joined(kept[index] + cut)
    return kept
