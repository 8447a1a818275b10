"""Prints what an import would do, in words for the person who uploaded the file."""

from narration import say, table

COUNTS = {
    "valid": "will be invited",
    "rejected": "are rejected and must be fixed; they invite nobody",
    "ignored_duplicates": "repeat an earlier row and are ignored",
    "already_invited": "are already invited",
    "already_member": "are already members",
    "deactivated_member": "are deactivated members; reactivate them instead",
}


SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def preview(filename, plan, issues, seats):
    counts = plan["counts"]
    say(f"{filename}: {plan['rows']} rows, read as {reading(plan['dialect'])}.")
    used = [f"{column['header']} as {column['field']}" for column in plan["dialect"].get("columns", [])]
    say(f"Columns: {', '.join(used)}.")
    say()
    for name, meaning in COUNTS.items():
        if counts.get(name) or name == "valid":
            say(f"{counts.get(name, 0):>3} {meaning}")
    left = seats["free"] - counts["valid"]
    say()
    say(f"Seats: {seats['free']:,} of {seats['limit']:,} are free; {left:,} after sending.")
    if issues:
        say()
        table(
            [
                [issue["line"], shown(issue.get("column")), shown(issue.get("found")), issue["message"], allowed(issue)]
                for issue in issues
            ],
            ["Line", "Column", "Found", "What is wrong", "Suggestion or allowed"],
        )


def reading(dialect):
    """Describe how the file was read, and whether that is a guess."""
    separator = SEPARATORS.get(dialect.get("delimiter"), "another separator")
    words = f"{dialect['encoding']} with {separator}" if dialect.get("delimiter") else dialect["encoding"]
    if dialect.get("confidence") == "low":
        words += f" (the encoding is a guess; check line {dialect['first_line']})"
    return words


def shown(found):
    return "-" if found in (None, "") else str(found)


def allowed(issue):
    meant = f"{issue['suggestion']}?" if issue.get("suggestion") else None
    return meant or ", ".join(issue.get("allowed", []))
