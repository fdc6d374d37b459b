"""ADES, the Minor Planet Center's format of observations: blocks of optical observations as PSV and as XML.

Source: Chesley et al., "Astrometry Data Exchange Standard", https://github.com/IAU-ADES/ADES-Master, version 2022.
Values stay the text that they are, so reading and writing change none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

VERSION = "2022"
LARGEST = 50_000_000  # bytes of a file that is read
OPTICAL = (
    "permID", "provID", "artSat", "trkSub", "obsSubID", "mode", "stn", "sys", "ctr", "pos1", "pos2", "pos3", "vel1",
    "vel2", "vel3", "posCov11", "posCov12", "posCov13", "posCov22", "posCov23", "posCov33", "obsTime", "rmsTime", "ra",
    "dec", "rmsRA", "rmsDec", "rmsCorr", "astCat", "mag", "rmsMag", "band", "fltr", "photCat", "photAp", "logSNR",
    "seeing", "exp", "rmsFit", "nStars", "disc", "uncTime", "notes", "remarks",
)  # fmt: skip
"""The elements of an optical observation, in the schema's order."""

Record = dict[str, str]
Group = tuple[str, list[tuple[str, str]]]
"""A group of a block's context, such as telescope, and its elements; text of the group itself has an empty name."""


@dataclass(frozen=True)
class Block:
    """Observations that share a context: observatory, submitter, measurers, telescope.

    Attributes
    ----------
    context
        The groups in order.
    observations
        By element; an absent element is missing or empty.
    """

    context: list[Group]
    observations: list[Record]


def write_psv(block: Block) -> str:
    """Return a block as pipe-separated values, its columns aligned.

    Raises
    ------
    ValueError
        A value contains a pipe or a line break, or an element is not one of an optical observation.
    """
    return "".join(f"{line}\n" for line in [*_psv_context(block), *_psv_rows(block.observations)])


def psv_first_row(block: Block) -> int:
    """Return the line, from 1, of the first observation in the PSV."""
    return len(list(_psv_context(block))) + 2


def _psv_context(block: Block) -> Iterator[str]:
    yield f"# version={VERSION}"
    for group, elements in block.context:
        own = [text for name, text in elements if not name]
        yield " ".join(["#", group, *map(_plain, own)])
        yield from (f"! {name} {_plain(text)}" for name, text in elements if name)


def _psv_rows(records: list[Record]) -> Iterator[str]:
    columns = _columns(records)
    table = [columns, *([_plain(record.get(name, "")) for name in columns] for record in records)]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    for row in table:
        yield "|".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _columns(records: list[Record]) -> list[str]:
    used = {name for record in records for name, text in record.items() if text}
    if unknown := used.difference(OPTICAL):
        raise ValueError(f"{min(unknown)} is no element of an optical observation")
    return [name for name in OPTICAL if name in used]


def _plain(text: str) -> str:
    if "|" in text or not text.isprintable():
        raise ValueError(f"{text!r} contains a pipe or a control character")
    return text


def read_psv(text: str) -> list[Block]:
    """Return the blocks of pipe-separated values.

    Raises
    ------
    ValueError
        By line: observations without a header, of another kind than optical, or with too many values.
    """
    _check_size(text)
    blocks: list[Block] = []
    columns: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        start = line.strip()[:1]
        if start == "#":
            name, _, rest = line.strip()[1:].strip().partition(" ")
            if name.startswith("version="):
                continue
            if not blocks or columns:
                blocks.append(Block([], []))
                columns = []
            blocks[-1].context.append((name, [("", rest.strip())] if rest.strip() else []))
        elif start == "!" and blocks and blocks[-1].context and not columns:
            name, _, rest = line.strip()[1:].strip().partition(" ")
            blocks[-1].context[-1][1].append((name, rest.strip()))
        elif start:
            cells = [cell.strip() for cell in line.split("|")]
            if {"obsTime", "stn"} <= set(cells):
                columns = _header(cells, number)
            elif not blocks or not columns or start == "!":
                raise ValueError(f"line {number} has no header above it")
            elif len(cells) > len(columns):
                raise ValueError(f"line {number} has {len(cells)} values for {len(columns)} columns")
            else:
                blocks[-1].observations.append({name: cell for name, cell in zip(columns, cells, strict=False) if cell})
    return blocks


def _header(cells: list[str], number: int) -> list[str]:
    if unknown := set(cells).difference(OPTICAL):
        raise ValueError(f"line {number}: {min(unknown)!r} is no element of an optical observation")
    return cells


def write_xml(blocks: list[Block]) -> bytes:
    """Return blocks as an XML document in UTF-8, one element a line.

    Raises
    ------
    ValueError
        A value contains a character that XML cannot hold.
    """
    root = etree.Element("ades", version=VERSION)
    for block in blocks:
        outer = etree.SubElement(root, "obsBlock")
        context = etree.SubElement(outer, "obsContext")
        for group, elements in block.context:
            parent = etree.SubElement(context, group)
            for name, text in elements:
                (etree.SubElement(parent, name) if name else parent).text = text
        data = etree.SubElement(outer, "obsData")
        for record in block.observations:
            parent = etree.SubElement(data, "optical")
            for name in OPTICAL:
                if record.get(name):
                    etree.SubElement(parent, name).text = record[name]
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def read_xml(data: bytes) -> list[Block]:
    """Return the blocks of an XML document. Entities, document types and network access are refused.

    Raises
    ------
    ValueError
        It is no ADES document of optical observations.
    """
    _check_size(data)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
                             remove_comments=True, remove_pis=True)  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"no XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a document type is not allowed")
    if root.tag != "ades":
        raise ValueError(f"the root is {root.tag}, not ades")
    return [_block(each) for each in root.iterfind("obsBlock")]


def _block(element: etree._Element) -> Block:
    context: list[Group] = []
    for group in element.iterfind("obsContext/*"):
        own = [("", group.text.strip())] if group.text and group.text.strip() else []
        context.append((str(group.tag), own + [(str(each.tag), each.text or "") for each in group]))
    records = []
    for each in element.iterfind("obsData/*"):
        if each.tag != "optical":
            raise ValueError(f"{each.tag} observations are not read, only optical ones")
        records.append({str(child.tag): child.text for child in each if child.text})
    return Block(context, records)


def _check_size(data: str | bytes) -> None:
    if len(data) > LARGEST:
        raise ValueError(f"the file has more than {LARGEST} bytes")
