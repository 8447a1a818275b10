"""Tells what an import would do, as the person who uploaded the file wants to hear it."""

from telling import say, table

COUNTS = {
    "good": "will be invited",
    "rejected": "need mending, nobody is invited from them",
    "ignored_duplicates": "say the same as an earlier row, and are ignored",
    "already_invited": "are invited already",
    "already_member": "are members already",
    "deactivated_member": "are deactivated members: reactivate them instead",
}


def preview(filename, plan, issues, seats):
    counts = plan["counts"]
    say(f"{filename}: {plan['rows']} rows, read as {reading(plan['dialect'])}.")
    for name, meaning in COUNTS.items():
        if counts.get(name) or name == "good":
            say(f"  {counts.get(name, 0):>3} {meaning}")
    left = seats["free"] - counts["good"]
    say(f"  Seats: {seats['free']:,} of {seats['limit']:,} are free; {left:,} when this is sent.")
    if issues:
        say()
        table(
            [
                [issue["line"], issue.get("column") or "-", shown(issue.get("found")), issue["message"], allowed(issue)]
                for issue in issues
            ],
            ["Line", "Column", "Found", "What is wrong", "Allowed"],
        )


def reading(dialect):
    """`{"encoding": {"guess": "windows-1252", "confidence": …}, …}` or plain values, in words."""
    words = []
    for name in ("encoding", "delimiter", "format"):
        value = dialect.get(name)
        if isinstance(value, dict):
            value = value.get("value") or value.get("guess") or value.get("name")
        if value:
            words.append({"delimiter": f"separated by {value!r}"}.get(name, str(value)))
    return ", ".join(words) or "plain text"


def shown(found):
    return "-" if found in (None, "") else str(found)


def allowed(issue):
    values = issue.get("allowed") or []
    return ", ".join(values) if isinstance(values, list) else str(values)
