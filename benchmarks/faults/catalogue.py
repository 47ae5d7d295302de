"""All programs of the corpus."""

from __future__ import annotations

from faults.bases import healthy
from faults.healthy import healthy_programs
from faults.planted import planted
from faults.program import Program
from faults.standing import standing


def programs() -> list[Program]:
    """Returns faults, healthy programs, and the twins of the faults as healthy programs; by seed."""
    faults = [*planted(), *standing()]
    found = {program.name: program for program in (*faults, *healthy_programs())}
    known = [program.recipe for program in found.values() if program.truth is None]
    for fault in faults:
        if fault.twin is not None and fault.twin not in known:
            known.append(fault.twin)
            label = f"plain_{fault.name.partition('/')[0]}"  # of the first fault that has this twin
            twin = healthy("plain", fault.twin, label=label)
            found[twin.name] = twin
    return sorted(found.values(), key=lambda program: program.recipe.seed)
