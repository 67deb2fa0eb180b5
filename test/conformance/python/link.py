"""From units to what can be evaluated: SPEC.md, chapters 2 and 13."""
from check import Checker
from evaluate import Engine


def compile_set(flags, segments):
    """(engine over what compiles, problems of the rest)."""
    nodes = {}
    for unit in segments:
        checker = Checker(unit["key"], "segment")
        checker.segment(unit["segment"])
        nodes["segment", unit["key"]] = (unit, checker)
    for unit in flags:
        nodes.pop(("flag", unit["key"]), None)
        if not unit["flag"].get("archiveTime"):
            checker = Checker(unit["key"], "flagConfig")
            checker.config(unit.get("config", {}), checker.flag(unit["flag"]))
            nodes["flag", unit["key"]] = (unit, checker)
    linker = Linker(nodes)
    live = {name: unit for name, (unit, _) in nodes.items() if linker.is_live(name)}
    engine = Engine(
        {key: unit for (kind, key), unit in live.items() if kind == "flag"},
        {key: unit for (kind, key), unit in live.items() if kind == "segment"},
    )
    problems = [problem for _, checker in nodes.values() for problem in checker.problems]
    return engine, sorted(problems, key=lambda own: (own["key"], own["entity"], own["path"], own["code"]))


class Linker:
    """Adds to each node the problems of what it refers to."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.reached = {name: self.reach(name) for name in nodes}
        self.depths = {}
        for name in nodes:
            self.link(name)

    def reach(self, start):
        found, todo = set(), [start]
        while todo:
            for target in self.targets(todo.pop()):
                if target not in found:
                    found.add(target)
                    todo.append(target)
        return found

    def targets(self, name):
        references = self.nodes[name][1].references if name in self.nodes else []
        return [(kind, key) for kind, key, *_ in references]

    def is_live(self, name):
        return name in self.nodes and not self.nodes[name][1].problems

    def link(self, name):
        """Targets first, so that it is known which of them are live; answers the depth below."""
        if name in self.depths or name not in self.nodes:
            return self.depths.get(name, 0)
        checker, depth = self.nodes[name][1], 0
        for kind, key, variants, optional, path in checker.references:
            target = (kind, key)
            where = f"{path}.flag" if kind == "flag" else path
            if name in self.reached.get(target, ()) or target == name:
                checker.add(self.cycle_code(name), where)
                continue
            below = self.link(target)
            if not self.is_live(target):
                if not optional:
                    checker.add("UNKNOWN_FLAG" if kind == "flag" else "UNKNOWN_SEGMENT", where)
                continue
            depth = max(depth, below + 1)
            if kind == "flag":
                self.check_variants(checker, self.nodes[target][0]["flag"], variants, path)
        if depth > 20:
            kind, _, _, _, path = checker.references[0]
            checker.add("LIMIT_EXCEEDED", f"{path}.flag" if kind == "flag" else path)
        self.depths[name] = depth
        return depth

    def cycle_code(self, name):
        component = {other for other in self.reached[name] if name in self.reached.get(other, ())}
        kinds = {kind for kind, _ in component}
        return "PREREQUISITE_CYCLE" if "flag" in kinds else "SEGMENT_CYCLE"

    @staticmethod
    def check_variants(checker, flag, variants, path):
        known = {variant["key"] for variant in flag.get("variants", [])}
        for index, variant in enumerate(variants):
            if variant not in known:
                return checker.add("UNKNOWN_VARIANT", f"{path}.variants[{index}]")
        return None
