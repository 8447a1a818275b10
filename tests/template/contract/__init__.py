"""The rules of template.yaml, as checks on the expanded template. Each check yields a sentence per violation."""

import itertools

from contract import access, data, running

RULES = access.RULES + data.RULES + running.RULES


def violations(template):
    """Return every violation in the template."""
    return list(itertools.chain.from_iterable(rule(template) for rule in RULES))
