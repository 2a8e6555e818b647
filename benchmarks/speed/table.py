"""Tables of results."""


def table(head: list[str], rows: list[list[str]], markdown: bool) -> None:
    """Print rows under a head, aligned to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * (width - 1) + ":" for width in widths]
    for line in [head, rule, *rows] if markdown else [head, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(line, widths, strict=True)]
        print("| " + " | ".join(cells) + " |" if markdown else "   ".join(cells))
    print(flush=True)


def text(size: tuple[int, ...]) -> str:
    """Write a size."""
    return ", ".join(map(str, size))
