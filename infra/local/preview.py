"""Tells what an import would do, as the person who uploaded the file wants to hear it."""

from telling import say, table

COUNTS = {
    "valid": "will be invited",
    "rejected": "need mending, nobody is invited from them",
    "ignored_duplicates": "say the same as an earlier row, and are ignored",
    "already_invited": "are invited already",
    "already_member": "are members already",
    "deactivated_member": "are deactivated members: reactivate them instead",
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
    say(f"Seats: {seats['free']:,} of {seats['limit']:,} are free; {left:,} when this is sent.")
    if issues:
        say()
        table(
            [
                [issue["line"], shown(issue.get("column")), shown(issue.get("found")), issue["message"], allowed(issue)]
                for issue in issues
            ],
            ["Line", "Column", "Found", "What is wrong", "Meant, or allowed"],
        )


def reading(dialect):
    """How the file was read, in words, and how sure that is."""
    separator = SEPARATORS.get(dialect.get("delimiter"), "separators of its own")
    words = f"{dialect['encoding']} with {separator}" if dialect.get("delimiter") else dialect["encoding"]
    if dialect.get("confidence") == "low":
        words += f" (the encoding is a guess: look at line {dialect['first_line']})"
    return words


def shown(found):
    return "-" if found in (None, "") else str(found)


def allowed(issue):
    meant = f"{issue['suggestion']}?" if issue.get("suggestion") else None
    return meant or ", ".join(issue.get("allowed", []))
