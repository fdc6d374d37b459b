"""YAML of plain data from people: no tags of objects, no aliases, no deep nesting."""

from typing import Any

import yaml

MOST_LEVELS = 16
"""How deep it may be nested: PyYAML takes time with the square of the depth."""

_OPENING = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken, yaml.BlockSequenceStartToken,
            yaml.BlockMappingStartToken)  # fmt: skip
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


class YamlHasAliases(ValueError):
    """An alias, by which a small file grows without end."""


def read_plain_yaml(text: str | bytes) -> Any:
    """Parse YAML without running anything that it says.

    Raises
    ------
    YamlHasAliases
        It refers to an anchor.
    ValueError, yaml.YAMLError, RecursionError
        It is no YAML, has tags of objects, or is nested deeper than `MOST_LEVELS`.
    """
    level = 0
    for token in yaml.scan(text):
        if isinstance(token, yaml.AliasToken):
            raise YamlHasAliases
        level += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if level > MOST_LEVELS:
            raise ValueError(f"nested deeper than {MOST_LEVELS} levels")
    return yaml.safe_load(text)
