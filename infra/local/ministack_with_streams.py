"""Runs the emulator with two fixes.

AWS writes PartiQL changes to the table's stream; the emulator does not, so bulk invitations would never be mailed. When
several requests create an account for one address at the same time, AWS lets one succeed; the emulator lets several.
"""

import threading

from ministack.app import main
from ministack.services import cognito, dynamodb

from faster_emulator import speed_up


def copied(value):
    """Copy JSON data deeply; much faster than copy.deepcopy."""
    if isinstance(value, dict):
        return {name: copied(part) for name, part in value.items()}
    return [copied(part) for part in value] if isinstance(value, list) else value


def found(table, parsed):
    """Return a copy of the current item that a statement refers to."""
    if parsed["op"] == "INSERT":
        item = parsed.get("item", {})
        item = item["M"] if set(item) == {"M"} else item
        key = [dynamodb._extract_key_val(item.get(table[name])) for name in ("pk_name", "sk_name")]
    else:
        key = dynamodb._partiql_key_target(table, parsed)[:2]
    return copied(table["items"].get(key[0], {}).get(key[1]))


def in_the_stream(write):
    def written(table, parsed, *rest):
        before = found(table, parsed)
        answer = write(table, parsed, *rest)
        after = found(table, parsed)
        if answer[0] == 200 and before != after:
            event = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
            dynamodb._emit_stream_event(parsed["table"], event, before, after)
        return answer

    return written


for name in ("_partiql_insert", "_partiql_update", "_partiql_delete"):
    setattr(dynamodb, name, in_the_stream(getattr(dynamodb, name)))


def one_at_a_time(operation):
    turn = threading.Lock()

    def waiting(data):
        with turn:
            return operation(data)

    return waiting


cognito._admin_create_user = one_at_a_time(cognito._admin_create_user)

if __name__ == "__main__":
    speed_up()
    main()
